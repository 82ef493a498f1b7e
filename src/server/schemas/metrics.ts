import { z } from 'zod';
import { badUnicode } from '../../http/json-body.ts';
import { parseTime } from '../../http/time.ts';
import { AgentIdText, CursorText, IsoTime, Limit, text, Time } from '../../http/schemas.ts';

const Labels = z.record(z.string(), z.string());

const AgentIds = z
  .union([z.string(), z.array(z.string())])
  .describe('Repeated, or separated by commas')
  .transform((value) =>
    [value]
      .flat()
      .flatMap((part) => part.split(','))
      .filter((part) => part !== ''),
  )
  .pipe(z.array(AgentIdText).min(1).max(100));

const LABEL = 'label.';

/** Everything but the labels, which are named by the caller: label.device=sda. */
const QUERY_FIELDS = {
  name: text(1, 255),
  agent_id: AgentIds.optional(),
  from: Time.default(() => Date.now() - 3_600_000).describe('ISO 8601 with a zone, milliseconds since 1970, or relative. Default: now-1h'),
  to: Time.default(() => Date.now()).describe('The same. Default: now'),
  points: z.coerce.number().int().min(1).max(11_000).default(300).describe('Points a series at most'),
  aggregate: z.enum(['avg', 'min', 'max', 'sum', 'count', 'last', 'rate']).default('avg'),
  limit: z.coerce.number().int().min(1).max(1_000).default(100).describe('Series at most'),
};

export const MetricsQuery = z
  .object(QUERY_FIELDS)
  .catchall(text(0, 255))
  .describe('label.<name>=<value> narrows to series with that label')
  .transform((query, ctx) => {
    const labels: Record<string, string> = {};
    for (const [key, value] of Object.entries(query)) {
      if (key in QUERY_FIELDS) continue;
      if (key.startsWith(LABEL) && key.length > LABEL.length && typeof value === 'string') labels[key.slice(LABEL.length)] = value;
      else ctx.addIssue({ code: 'unrecognized_keys', keys: [key], path: [], message: `Unrecognized key: "${key}"` });
    }
    const { name, agent_id, from, to, points, aggregate, limit } = query;
    if (from >= to) ctx.addIssue({ code: 'custom', path: ['from'], message: 'is not before to' });
    return { name, agent_id, from, to, points, aggregate, limit, labels };
  });

export const RangeView = z
  .object({
    items: z.array(
      z.object({
        metric_name: z.string(),
        agent_id: z.string().describe("'' where it belongs to no agent"),
        unit: z.string(),
        labels: Labels,
        points: z
          .array(z.tuple([z.number(), z.number().nullable()]))
          .describe('[start of the step in ms since 1970, value or null where nothing was measured]'),
      }),
    ),
    next_cursor: z.null(),
    step_ms: z.number(),
    source: z.string().describe('Which storage answered'),
    truncated: z.boolean().describe('True where limit left series out'),
  })
  .meta({
    id: 'MetricRange',
    examples: [
      {
        items: [
          {
            metric_name: 'host_cpu_usage_ratio',
            agent_id: 'performance_monitor',
            unit: 'ratio',
            labels: {},
            points: [
              [1_769_860_800_000, 0.25],
              [1_769_860_812_000, null],
            ],
          },
        ],
        next_cursor: null,
        step_ms: 12_000,
        source: 'samples',
        truncated: false,
      },
    ],
  });

export const LatestView = z
  .object({ metric_name: z.string(), agent_id: z.string(), unit: z.string(), labels: Labels, timestamp: IsoTime, value: z.number() })
  .meta({ id: 'LatestValue' });

export const LatestQuery = z.strictObject({
  limit: Limit,
  cursor: CursorText.optional(),
  name: z
    .union([text(1, 255), z.array(text(1, 255)).max(50)])
    .optional()
    .describe('May be given several times'),
  agent_id: AgentIdText.optional(),
});

export const MetricNameView = z.object({ metric_name: z.string(), unit: z.string(), series: z.number().int() }).meta({ id: 'MetricName' });

export const MetricNamesQuery = z.strictObject({ limit: Limit, cursor: CursorText.optional(), search: text(1, 255).optional() });

const MAX_LABELS = 32;

const stored = (max: number): z.ZodString =>
  z
    .string()
    .max(max)
    .refine((value) => badUnicode(value) === undefined, 'holds a character that cannot be stored');

/** One sample as it arrives. Judged alone: one that is wrong does not hold up the others. */
export const SampleBody = z
  .strictObject({
    agent_id: stored(255).optional().describe('A label: nobody checks that the agent exists'),
    metric_name: stored(255).min(1),
    metric_value: z.number(),
    metric_unit: stored(50).optional(),
    timestamp: z
      .union([z.number(), z.string().max(64)])
      .describe('ISO 8601 with a zone, or milliseconds since 1970. Default: now')
      .transform((value, ctx) => {
        const ms = parseTime(String(value), Date.now());
        if (ms !== undefined) return ms;
        ctx.addIssue({ code: 'custom', message: 'is not a time' });
        return z.NEVER;
      })
      .optional(),
    metadata: z
      .record(stored(255).min(1), z.union([stored(255), z.number(), z.boolean()]))
      .refine((labels) => Object.keys(labels).length <= MAX_LABELS, `has more than ${MAX_LABELS} labels`)
      .optional()
      .describe('Labels: few distinct values each, every combination is a series'),
  })
  .meta({ id: 'Sample', examples: [{ agent_id: 'billing', metric_name: 'orders_total', metric_value: 42, metric_unit: '' }] });

export const MAX_SAMPLES = 10_000;
export const SamplesBody = z.array(SampleBody).min(1).max(MAX_SAMPLES);

export const WrittenView = z
  .object({
    accepted: z.number().int().describe('Committed'),
    rejected: z.array(z.object({ index: z.number().int().describe('In the list that was sent'), code: z.string(), message: z.string() })),
  })
  .meta({
    id: 'WrittenSamples',
    examples: [{ accepted: 1, rejected: [{ index: 1, code: 'not_finite', message: 'metric_value is not a finite number' }] }],
  });
