import { z } from 'zod';
import { durationMs } from '../../../base/duration.ts';
import { isMusterError } from '../../../base/errors.ts';
import { CursorText, IsoTime, Limit, text } from '../../../http/schemas.ts';
import { isoTime, isoTimeOrNull } from '../../../http/time.ts';
import { LEVELS } from '../delivery/notification.ts';
import type { Alert, Transition } from './alert.ts';
import type { IncidentRecord, Told } from './alert-store.ts';
import { impactDocument, impactOf } from './impact.ts';
import type { Incident } from './incident.ts';
import { matcherText, parseMatcher, type Matcher } from './matcher.ts';
import { isCron, openUntil, opensNext } from './quiet.ts';
import type { SilenceRecord, WindowRecord } from './quiet-store.ts';

const LevelText = z.enum(LEVELS);
const LONGEST_MS = 366 * 86_400_000;

const Duration = (most: number) =>
  z
    .string()
    .max(40)
    .meta({ examples: ['30m'] })
    .transform((value, ctx) => {
      try {
        const ms = durationMs(value);
        if (ms >= 1_000 && ms <= most) return ms;
        ctx.addIssue({ code: 'custom', message: `must be from 1s to ${most / 86_400_000}d` });
      } catch (error) {
        if (!isMusterError(error)) throw error;
        ctx.addIssue({ code: 'custom', message: 'is not a length of time: write 30m, 2h or 1d12h' });
      }
      return z.NEVER;
    });

export const MatcherText = text(1, 500)
  .describe(
    'label=value, label!=value, or with ~ and !~ a pattern in which * stands for anything. Labels: those of the alert, and rule, level, target, metric, agent',
  )
  .meta({ examples: ['agent=a1', 'rule~disk_*'] })
  .transform((value, ctx): Matcher => {
    const matcher = parseMatcher(value);
    if (matcher !== undefined) return matcher;
    ctx.addIssue({ code: 'custom', message: 'is not a matcher: write label=value, label!=value, label~pattern* or label!~pattern*' });
    return z.NEVER;
  });
/** An object of labels says the same as a list of matchers with =. */
/** As Alertmanager's clients write one. */
const MatcherObject = z
  .strictObject({
    name: z.string().regex(/^[A-Za-z_][A-Za-z0-9_.]*$/),
    value: text(0, 500),
    is_equal: z.boolean().default(true),
    is_pattern: z.boolean().default(false).describe('* in the value stands for anything'),
  })
  .transform(({ is_equal: isEqual, is_pattern: isPattern, name, value }): Matcher => ({
    label: name,
    operator: isPattern ? (isEqual ? '~' : '!~') : isEqual ? '=' : '!=',
    value,
  }));

const Matchers = z
  .union([
    z
      .array(z.union([MatcherText, MatcherObject]))
      .min(1)
      .max(20),
    z
      .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_.]*$/), text(0, 500))
      .transform((labels) => Object.entries(labels).map(([label, value]): Matcher => ({ label, operator: '=', value }))),
  ])
  .refine((matchers) => matchers.length > 0, 'must hold a matcher: an empty list is never read as everything');

export const AlertQuery = z.strictObject({
  limit: Limit,
  cursor: CursorText.optional(),
  state: z.enum(['firing', 'resolved']).optional(),
  level: LevelText.optional(),
  rule: text(1, 255).optional(),
  agent_id: text(1, 255).optional(),
  incident_id: z.guid().optional(),
  acknowledged: z.stringbool().optional(),
  suppressed: z.stringbool().optional().describe('Kept quiet by a silence, a window, or another alert'),
});
export const AlertParams = z.object({ alert_id: z.guid() });
export const IncidentParams = z.object({ incident_id: z.guid() });
export const SilenceParams = z.object({ silence_id: z.guid() });
export const WindowParams = z.object({ window_id: z.guid() });
export const IncidentQuery = z.strictObject({
  limit: Limit,
  cursor: CursorText.optional(),
  state: z.enum(['open', 'resolved']).optional(),
});
export const SilenceQuery = z.strictObject({
  limit: Limit,
  cursor: CursorText.optional(),
  active: z.stringbool().default(true).describe('Only those that are not over'),
});

export const AcknowledgeBody = z
  .strictObject({
    by: text(1, 200).optional().describe('Who has it. Default: who asks'),
    for: Duration(LONGEST_MS).optional().describe('After so long it is told again. Default: until it is over'),
    note: text(1, 2_000).optional(),
  })
  .nullish()
  .meta({ id: 'Acknowledge', examples: [{ by: 'kim', for: '2h', note: 'looking' }] });
export const UnacknowledgeBody = z
  .strictObject({ note: text(1, 2_000).optional() })
  .nullish()
  .meta({ id: 'Unacknowledge' });

const InstantText = z.iso.datetime({ offset: true }).transform((value) => Date.parse(value));
export const NewSilenceBody = z
  .strictObject({
    matchers: Matchers,
    reason: text(1, 2_000).default('no reason was given'),
    starts_at: InstantText.optional().describe('Default: now'),
    ends_at: InstantText.optional(),
    duration: Duration(LONGEST_MS).optional().describe('Instead of ends_at'),
  })
  .superRefine((body, ctx) => {
    if ((body.ends_at === undefined) === (body.duration === undefined))
      ctx.addIssue({ code: 'custom', path: ['ends_at'], message: 'give either ends_at or duration: a silence always ends' });
    else if (body.ends_at !== undefined && body.ends_at <= (body.starts_at ?? Date.now()))
      ctx.addIssue({ code: 'custom', path: ['ends_at'], message: 'must lie after its beginning' });
  })
  .meta({ id: 'NewSilence', examples: [{ matchers: ['agent=a1'], reason: 'upgrade', duration: '2h' }] });

export const NewWindowBody = z
  .strictObject({
    name: text(1, 200),
    matchers: Matchers,
    reason: text(1, 2_000),
    starts_at: InstantText.optional().describe('With ends_at: once'),
    ends_at: InstantText.optional(),
    cron: text(9, 200).optional().describe('With duration: again and again, five fields'),
    time_zone: text(1, 100).default('UTC').describe('An IANA time zone, for cron'),
    duration: Duration(30 * 86_400_000).optional(),
  })
  .superRefine((body, ctx) => {
    const once = body.starts_at !== undefined && body.ends_at !== undefined && body.cron === undefined && body.duration === undefined;
    const again = body.cron !== undefined && body.duration !== undefined && body.starts_at === undefined && body.ends_at === undefined;
    if (!once && !again) return ctx.addIssue({ code: 'custom', message: 'give either starts_at and ends_at, or cron and duration' });
    if (once && (body.ends_at ?? 0) <= (body.starts_at ?? 0))
      ctx.addIssue({ code: 'custom', path: ['ends_at'], message: 'must lie after its beginning' });
    if (!again) return undefined;
    if (!isCron(body.cron ?? '', body.time_zone))
      ctx.addIssue({
        code: 'custom',
        path: ['cron'],
        message: "is not a cron expression of five fields, as '0 3 * * 6', in an IANA time zone",
      });
    return undefined;
  })
  .meta({
    id: 'NewMaintenanceWindow',
    examples: [
      {
        name: 'nightly backup',
        matchers: ['database=app'],
        reason: 'backup',
        cron: '0 3 * * *',
        time_zone: 'Europe/Warsaw',
        duration: '45m',
      },
    ],
  });

const ImpactView = z.object({
  minutes: z.number(),
  cost: z.object({ per_minute: z.number(), total: z.number(), currency: z.string() }).nullable().describe('null: not configured'),
  error_budget: z.object({ burned_ratio: z.number(), budget_minutes: z.number() }).nullable().describe('null: not configured'),
});

export const AlertView = z
  .object({
    alert_id: z.guid(),
    dedup_key: z.string(),
    rule: z.string(),
    target: z.string(),
    labels: z.record(z.string(), z.string()),
    agent_id: z.string().nullable(),
    metric_name: z.string(),
    unit: z.string(),
    state: z.enum(['firing', 'resolved']),
    level: LevelText,
    verdict: z.string().describe('What its rule said last: firing, no_data, error, ok'),
    value: z.number().nullable(),
    threshold: z.number().nullable(),
    summary: z.string(),
    explanation: z.string(),
    runbook: z.string().nullable(),
    channels: z.array(z.string()),
    told_on: z.array(z.string()).describe('Channels that know of it'),
    incident_id: z.guid(),
    started_at: IsoTime.describe('The first bad sample'),
    detected_at: IsoTime,
    updated_at: IsoTime,
    resolved_at: IsoTime.nullable(),
    acknowledged_by: z.string().nullable(),
    acknowledged_at: IsoTime.nullable(),
    acknowledged_until: IsoTime.nullable(),
    suppression: z
      .object({ kind: z.enum(['silence', 'maintenance', 'inhibition']), id: z.string(), reason: z.string(), until: IsoTime.nullable() })
      .nullable()
      .describe('What keeps it quiet'),
    impact: ImpactView,
  })
  .meta({ id: 'Alert' });

const TransitionView = z.object({
  seq: z.number().int(),
  at: IsoTime,
  kind: z.string(),
  level: LevelText,
  actor: z.string().nullable(),
  note: z.string().nullable(),
});
const ToldView = z.object({
  notification_id: z.guid(),
  channel: z.string(),
  kind: z.string(),
  seq: z.number().int(),
  state: z.string(),
  attempts: z.number().int(),
  created_at: IsoTime,
  finished_at: IsoTime.nullable(),
  last_error: z.string().nullable(),
});
export const AlertDetailView = AlertView.extend({ timeline: z.array(TransitionView), notifications: z.array(ToldView) }).meta({
  id: 'AlertDetail',
});

export const IncidentView = z
  .object({
    incident_id: z.guid(),
    cause: z.string(),
    title: z.string(),
    state: z.enum(['open', 'resolved']),
    level: LevelText,
    started_at: IsoTime,
    detected_at: IsoTime,
    resolved_at: IsoTime.nullable(),
    alerts: z.number().int(),
  })
  .meta({ id: 'Incident' });
export const IncidentDetailView = IncidentView.omit({ alerts: true })
  .extend({
    alert_count: z.number().int(),
    alerts: z.array(AlertView),
    timeline: z.array(TransitionView.extend({ alert_id: z.guid() })),
    notifications: z.array(ToldView.extend({ alert_id: z.guid() })),
  })
  .meta({ id: 'IncidentDetail' });

export const SilenceView = z
  .object({
    silence_id: z.guid(),
    matchers: z.array(z.string()),
    reason: z.string(),
    created_by: z.string(),
    created_at: IsoTime,
    starts_at: IsoTime,
    ends_at: IsoTime,
    ended_by: z.string().nullable(),
  })
  .meta({ id: 'Silence' });

export const WindowView = z
  .object({
    window_id: z.guid(),
    name: z.string(),
    matchers: z.array(z.string()),
    reason: z.string(),
    created_by: z.string(),
    created_at: IsoTime,
    starts_at: IsoTime.nullable(),
    ends_at: IsoTime.nullable(),
    cron: z.string().nullable(),
    time_zone: z.string().nullable(),
    duration_seconds: z.number().nullable(),
    open_until: IsoTime.nullable().describe('null: it is not open now'),
    opens_next: IsoTime.nullable(),
  })
  .meta({ id: 'MaintenanceWindow' });

const finite = (value: number | null): number | null => (value === null || !Number.isFinite(value) ? null : value);

export function alertView(alert: Alert, now: number): z.output<typeof AlertView> {
  const { suppression } = alert;
  return {
    alert_id: alert.alertId,
    dedup_key: alert.dedupKey,
    rule: alert.rule,
    target: alert.target,
    labels: alert.labels,
    agent_id: alert.agentId,
    metric_name: alert.metricName,
    unit: alert.unit,
    state: alert.state,
    level: alert.level,
    verdict: alert.verdict,
    value: finite(alert.value),
    threshold: finite(alert.threshold),
    summary: alert.summary,
    explanation: alert.explanation,
    runbook: alert.runbook,
    channels: [...alert.channels],
    told_on: [...alert.toldOn],
    incident_id: alert.incidentId,
    started_at: isoTime(alert.startedAt),
    detected_at: isoTime(alert.detectedAt),
    updated_at: isoTime(alert.updatedAt),
    resolved_at: isoTimeOrNull(alert.resolvedAt),
    acknowledged_by: alert.acknowledgedBy,
    acknowledged_at: isoTimeOrNull(alert.acknowledgedAt),
    acknowledged_until: isoTimeOrNull(alert.acknowledgedUntil),
    suppression: suppression === null ? null : { ...suppression, until: isoTimeOrNull(suppression.until) },
    impact: impactDocument(impactOf(alert, now)),
  };
}

const transitionView = ({ actor, at, kind, level, note, seq }: Transition): z.output<typeof TransitionView> => ({
  seq,
  at: isoTime(at),
  kind,
  level,
  actor,
  note,
});

const toldView = (told: Told): z.output<typeof ToldView> => ({
  notification_id: told.notificationId,
  channel: told.channel,
  kind: told.kind,
  seq: told.seq,
  state: told.state,
  attempts: told.attempts,
  created_at: isoTime(told.createdAt),
  finished_at: isoTimeOrNull(told.finishedAt),
  last_error: told.lastError,
});

export const alertDetailView = (
  alert: Alert,
  timeline: readonly Transition[],
  told: readonly Told[],
  now: number,
): z.output<typeof AlertDetailView> => ({
  ...alertView(alert, now),
  timeline: timeline.map(transitionView),
  notifications: told.map(toldView),
});

export const incidentView = (incident: Incident): z.output<typeof IncidentView> => ({
  incident_id: incident.incidentId,
  cause: incident.cause,
  title: incident.title,
  state: incident.state,
  level: incident.level,
  started_at: isoTime(incident.startedAt),
  detected_at: isoTime(incident.detectedAt),
  resolved_at: isoTimeOrNull(incident.resolvedAt),
  alerts: incident.alerts,
});

export const incidentDetailView = (
  { alerts, incident, timeline, told }: IncidentRecord,
  now: number,
): z.output<typeof IncidentDetailView> => ({
  ...incidentView(incident),
  alert_count: incident.alerts,
  alerts: alerts.map((alert) => alertView(alert, now)),
  timeline: timeline.map((each) => ({ alert_id: each.alertId, ...transitionView(each) })),
  notifications: told.map((each) => ({ alert_id: each.alertId, ...toldView(each) })),
});

export const silenceView = (silence: SilenceRecord): z.output<typeof SilenceView> => ({
  silence_id: silence.silenceId,
  matchers: silence.matchers.map(matcherText),
  reason: silence.reason,
  created_by: silence.createdBy,
  created_at: isoTime(silence.createdAt),
  starts_at: isoTime(silence.startsAt),
  ends_at: isoTime(silence.endsAt),
  ended_by: silence.endedBy,
});

export function windowView(window: WindowRecord, now: number): z.output<typeof WindowView> {
  const { when } = window;
  const once = 'startsAt' in when ? when : undefined;
  const again = 'cron' in when ? when : undefined;
  return {
    window_id: window.windowId,
    name: window.name,
    matchers: window.matchers.map(matcherText),
    reason: window.reason,
    created_by: window.createdBy,
    created_at: isoTime(window.createdAt),
    starts_at: isoTimeOrNull(once?.startsAt ?? null),
    ends_at: isoTimeOrNull(once?.endsAt ?? null),
    cron: again?.cron ?? null,
    time_zone: again?.timeZone ?? null,
    duration_seconds: again === undefined ? null : again.durationMs / 1_000,
    open_until: isoTimeOrNull(openUntil(window, now) ?? null),
    opens_next: isoTimeOrNull(opensNext(window, now) ?? null),
  };
}
