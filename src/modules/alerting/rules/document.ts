import { z } from 'zod';
import { durationMs } from '../../../base/duration.ts';
import { LEVELS } from '../delivery/notification.ts';

export const KINDS = ['threshold', 'rate', 'ratio', 'absence', 'staleness', 'forecast', 'burn_rate', 'composite', 'anomaly'] as const;
export const OPERATORS = ['>', '>=', '<', '<=', '==', '!='] as const;
export const AGGREGATES = ['last', 'avg', 'min', 'max', 'sum'] as const;

export { LEVELS, type Level } from '../delivery/notification.ts';
export type Kind = (typeof KINDS)[number];
export type Operator = (typeof OPERATORS)[number];

/** Beyond it nothing is compared any more: a double keeps no cents of 1e18. */
const number = () => z.number().min(-1e300).max(1e300);
const DURATION = /^(\d{1,9}(\.\d{1,3})?(ms|s|m|h|d|w))+$/;

const duration = (max: string) =>
  z
    .union([z.string().max(40), z.number()])
    .refine((value) => typeof value !== 'string' || DURATION.test(value.trim()), 'is not a length of time: write 30s, 5m or 1h30m')
    .refine((value) => {
      if (typeof value === 'string' && !DURATION.test(value.trim())) return true; // said already
      const ms = typeof value === 'string' ? durationMs(value) : value;
      return ms >= 0 && ms <= durationMs(max);
    }, `must be from 0s to ${max}`)
    .describe(`A length of time such as 30s, 5m or 1h30m, up to ${max}; a number counts milliseconds`);

/** What can be stored, printed on one line and put into a path. */
const oneLine = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'holds a character that does not belong into one line');

const several = (max: number) =>
  z
    .string()
    .max(max)
    .regex(/^[^\u0000\p{Cs}]*$/u, 'holds a character that cannot be stored');

export const RuleName = oneLine(100)
  .refine((name) => name.trim() === name && !name.includes('/'), 'must not begin or end with a space, or hold a slash')
  .describe('Unique among the rules');

const labels = z.record(oneLine(128), several(1_024)).refine((map) => Object.keys(map).length <= 32, 'holds more than 32 labels');

const line = z.strictObject({
  level: z.enum(LEVELS),
  threshold: number(),
  clear_threshold: number().optional(),
});

const counter = z.strictObject({
  metric_name: oneLine(255),
  match: labels.optional(),
  agents: z.array(oneLine(255)).max(1_000).optional(),
});

const operand = z.union([RuleName, z.strictObject({ not: RuleName })]);

const FIELDS = {
  name: RuleName,
  enabled: z.boolean().default(true),
  kind: z.enum(KINDS).default('threshold'),
  metric_name: oneLine(255)
    .optional()
    .describe('What is measured. A metric that nobody has measured yet is accepted: the rule says no_data.'),
  match: labels.optional().describe('Labels that a series must have'),
  agents: z.array(oneLine(255)).max(1_000).optional().describe('Only series of these agents; "" for those of none'),
  aggregate: z.enum(AGGREGATES).default('last').describe('What a threshold is compared with: the newest value, or one of all in `window`'),
  window: duration('7d')
    .optional()
    .describe('How far back is looked. Default 5m; forecast 6h; absence and staleness: how long silence is allowed'),
  operator: z.enum(OPERATORS).default('>'),
  threshold: number().optional(),
  clear_threshold: number().optional().describe('Where it is good again. Default: the threshold'),
  level: z.enum(LEVELS).default('warning'),
  levels: z.array(line).min(1).max(4).optional().describe('Several levels with thresholds of their own, in place of level and threshold'),
  for: duration('7d').default('0s').describe('How long it must be bad without a break'),
  for_samples: z.int().min(1).max(10_000).default(1).describe('How many samples in a row must be bad'),
  keep_firing: duration('7d').default('0s').describe('How long it must be good before it stops firing'),
  flapping: z
    .strictObject({ changes: z.int().min(2).max(100).default(6), within: duration('1d').default('10m') })
    .optional()
    .describe('A target that stopped firing so often within this time goes on firing until it has been good for as long'),
  no_data_after: duration('30d').optional().describe('Silence after which nothing is known. Default 10m'),
  forget_after: duration('90d').optional().describe('Silence after which a series is forgotten. Default 1h after no_data; staleness 7d'),
  of: counter.optional().describe('ratio: what metric_name is divided by. burn_rate: all events, of which metric_name counts the bad ones'),
  counters: z.boolean().default(false).describe('ratio: both are counters, so what they grew by in `window` is divided'),
  horizon: duration('365d').optional().describe('forecast: how far ahead'),
  objective: z.number().gt(0).lt(1).optional().describe('burn_rate: the share of events that must be good, such as 0.999'),
  min_events: z.number().min(0).max(1e15).default(10).describe('burn_rate: with fewer events in the long window nothing is said'),
  all: z.array(operand).min(1).max(50).optional().describe('composite: all of these rules fire'),
  any: z.array(operand).min(1).max(50).optional().describe('composite: one of these rules fires'),
  /** Left out: as the alerting system is configured. Empty: nobody is told. */
  channels: z.array(oneLine(100)).max(50).optional(),
  labels: labels.default({}).describe('Go with every alert of it'),
  annotations: z.record(oneLine(128), several(4_096)).default({}).describe('summary, description and whatever else people should read'),
  escalation: oneLine(100).optional().describe('The escalation policy of its alerts. Default: the policy that is default'),
  runbook: oneLine(2_048).optional().describe('A URL, or the name of a page under docs/runbooks'),
};

type Fields = z.output<z.ZodObject<typeof FIELDS>>;

/** Which fields a kind cannot do without. */
const NEEDS: Readonly<Record<Kind, readonly (keyof Fields)[]>> = {
  threshold: ['metric_name'],
  rate: ['metric_name'],
  ratio: ['metric_name', 'of'],
  absence: ['metric_name'],
  staleness: ['metric_name'],
  forecast: ['metric_name', 'horizon'],
  burn_rate: ['metric_name', 'of', 'objective'],
  composite: [],
  anomaly: ['metric_name'],
};
const COMPARES: ReadonlySet<Kind> = new Set(['threshold', 'rate', 'ratio', 'forecast']);

interface Fault {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** What no single field can tell. */
function faultsOf(rule: Fields): readonly Fault[] {
  const faults: Fault[] = [];
  for (const field of NEEDS[rule.kind]) {
    if (rule[field] === undefined) faults.push({ path: [field], message: `is missing: a rule of kind ${rule.kind} needs it` });
  }
  if (rule.kind === 'composite' && rule.all === undefined && rule.any === undefined)
    faults.push({ path: ['all'], message: 'is missing: a rule of kind composite needs all or any' });
  if (COMPARES.has(rule.kind) && rule.threshold === undefined && rule.levels === undefined)
    faults.push({ path: ['threshold'], message: `is missing: a rule of kind ${rule.kind} needs it, or levels` });
  if (rule.levels !== undefined && rule.threshold !== undefined)
    faults.push({ path: ['threshold'], message: 'stands beside levels: give one of them' });
  if (rule.levels !== undefined && new Set(rule.levels.map(({ level }) => level)).size < rule.levels.length)
    faults.push({ path: ['levels'], message: 'names a level twice' });
  if (rule.levels === undefined) faults.push(...clearFault(rule.operator, rule.threshold, rule.clear_threshold, []));
  rule.levels?.forEach((each, index) => faults.push(...clearFault(rule.operator, each.threshold, each.clear_threshold, ['levels', index])));
  faults.push(...orderFault(rule));
  return faults;
}

function clearFault(operator: Operator, threshold: number | undefined, clear: number | undefined, path: Fault['path']): readonly Fault[] {
  if (clear === undefined) return [];
  const at = [...path, 'clear_threshold'];
  if (threshold === undefined) return [{ path: at, message: 'needs a threshold beside it' }];
  if (operator === '==' || operator === '!=') return [{ path: at, message: `means nothing with the operator ${operator}` }];
  const above = operator === '>' || operator === '>=';
  if (above ? clear <= threshold : clear >= threshold) return [];
  return [{ path: at, message: `must be ${above ? 'at most' : 'at least'} the threshold with the operator ${operator}` }];
}

/** A graver level that is reached before a milder one would hide it. */
function orderFault({ levels, operator }: Fields): readonly Fault[] {
  if (levels === undefined || operator === '==' || operator === '!=') return [];
  const sign = operator === '>' || operator === '>=' ? 1 : -1;
  const ordered = levels.toSorted((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level));
  const wrong = ordered.findIndex((each, index) => index > 0 && sign * (each.threshold - (ordered[index - 1]?.threshold ?? 0)) < 0);
  const found = ordered[wrong];
  return found === undefined
    ? []
    : [{ path: ['levels', levels.indexOf(found), 'threshold'], message: 'is reached before that of a milder level' }];
}

/** A rule as people write it, in REST, in monitoring.yml and for the command line: the one schema of all three. */
export const ruleDocument = z
  .strictObject(FIELDS)
  .superRefine((rule, context) => {
    for (const { path, message } of faultsOf(rule)) context.addIssue({ code: 'custom', path: [...path], message });
  })
  .meta({
    id: 'Rule',
    examples: [
      {
        name: 'queue is long',
        metric_name: 'queue_depth',
        operator: '>',
        threshold: 100,
        clear_threshold: 50,
        for: '1m',
        level: 'critical',
        channels: ['ops'],
      },
    ],
  });

export type RuleDocument = z.output<typeof ruleDocument>;

/** What is stored of a rule, which SQL may have written: what it says, or why it says nothing. It is named as its row is. */
export function readStored(name: string, stored: Readonly<Record<string, unknown>>): RuleDocument | { readonly fault: string } {
  const parsed = ruleDocument.safeParse({ ...stored, name });
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ message, path }) =>
    path.length === 0 ? message : `${path.map(String).join('.')}: ${message}`,
  );
  return { fault: `the definition is not valid: ${faults.join('; ')}`.slice(0, 1_000) };
}

export const msOf = (value: string | number): number => (typeof value === 'number' ? value : durationMs(value));
