import { z } from 'zod';
import { isoTime } from '../../../http/time.ts';
import { IsoTime } from '../../../http/schemas.ts';
import { LEVELS, ruleDocument } from './document.ts';
import type { RuleRecord, RuleTarget } from './rule-store.ts';

const STATES = ['ok', 'pending', 'firing', 'no_data', 'error'] as const;

const ReportView = z.object({
  state: z.enum(STATES).describe('The gravest of its targets; no_data where nobody measures what it is about'),
  series: z.number().int(),
  pending: z.number().int(),
  firing: z.number().int(),
  no_data: z.number().int(),
  error: z.number().int(),
  is_truncated: z.boolean().describe('More series match than a rule may have: the others are not looked at'),
  why: z.string(),
  evaluated_at: IsoTime,
});

export const RuleChange = z
  .record(z.string().max(100), z.unknown())
  .describe('Fields of a rule with their new values; null takes a field away')
  .meta({ id: 'RuleChange', examples: [{ threshold: 200, for: '5m' }] });

export const RuleView = z
  .object({
    name: z.string(),
    source: z
      .enum(['default', 'file', 'api'])
      .describe('It ships with Muster, is kept in monitoring.yml, or was made or changed by people'),
    enabled: z.boolean(),
    revision: z.number().int(),
    definition: z.record(z.string(), z.unknown()).describe('The rule as it was given, with the defaults of what was left out'),
    fault: z.string().nullable().describe('Why it is not looked at: what SQL wrote is no rule'),
    report: ReportView.nullable().describe('null: not evaluated yet'),
    created_at: IsoTime,
    updated_at: IsoTime,
    updated_by: z.string(),
  })
  .meta({ id: 'RuleRecord' });

export const RuleTargetView = z
  .object({
    target: z.string(),
    state: z.enum(STATES),
    level: z.enum(LEVELS).nullable(),
    value: z.number().nullable(),
    threshold: z.number().nullable(),
    since: IsoTime,
    labels: z.record(z.string(), z.string()),
  })
  .meta({ id: 'RuleTarget' });

export const RuleReplayView = z
  .object({
    rule: ruleDocument.shape.name,
    from: IsoTime,
    to: IsoTime,
    series: z.number().int(),
    evaluations: z.number().int(),
    is_truncated: z.boolean(),
    note: z.string().nullable(),
    firings: z.array(
      z.object({
        target: z.string(),
        level: z.enum(LEVELS),
        bad_since: IsoTime,
        fired_at: IsoTime,
        ended_at: IsoTime.nullable().describe('null: it would still fire at the end'),
        value: z.number().nullable(),
        threshold: z.number().nullable(),
        explanation: z.string(),
      }),
    ),
  })
  .meta({ id: 'RuleReplay' });

export function ruleView(record: RuleRecord): z.output<typeof RuleView> {
  const { report } = record;
  return {
    name: record.name,
    source: record.source,
    enabled: record.enabled,
    revision: record.revision,
    definition: record.definition,
    fault: record.fault ?? null,
    report:
      report === undefined
        ? null
        : {
            state: report.state,
            series: report.series,
            pending: report.pending,
            firing: report.firing,
            no_data: report.noData,
            error: report.error,
            is_truncated: report.isTruncated,
            why: report.why,
            evaluated_at: isoTime(report.evaluatedAt),
          },
    created_at: isoTime(record.createdAt),
    updated_at: isoTime(record.updatedAt),
    updated_by: record.updatedBy,
  };
}

export const ruleTargetView = ({ since, ...target }: RuleTarget): z.output<typeof RuleTargetView> => ({ ...target, since: isoTime(since) });
