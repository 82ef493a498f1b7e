import { isoTime, isoTimeOrNull } from '../../../http/time.ts';
import { raw } from '../../../db/sql.ts';
import type { Level } from '../delivery/notification.ts';
import type { Alert, Suppression, Transition, TransitionKind } from './alert.ts';
import type { ImpactRates } from './impact.ts';
import type { Incident } from './incident.ts';
import type { VerdictState } from './verdict.ts';

const ms = (column: string): string => `(extract(epoch from ${column}) * 1000)::float8`;

/** The columns of an alert as {@link toAlert} reads them, of `muster.alerts a`. */
export const ALERT_COLUMNS =
  raw(`a.alert_id, a.dedup_key, a.rule, a.target, a.labels, a.agent_id, a.metric_name, a.unit, a.state, a.level, a.verdict,
  a.value, a.threshold, a.summary, a.explanation, a.runbook, a.channels, a.subjects, a.incident_id,
  ${ms('a.started_at')} as started_at, ${ms('a.detected_at')} as detected_at, ${ms('a.updated_at')} as updated_at, ${ms('a.resolved_at')} as resolved_at,
  a.acknowledged_by, ${ms('a.acknowledged_at')} as acknowledged_at, ${ms('a.acknowledged_until')} as acknowledged_until, a.suppression, a.told_level,
  ${ms('a.told_at')} as told_at, a.told_on, ${ms('a.tell_at')} as tell_at, a.seq::float8 as seq, a.impact`);

export interface AlertRow {
  readonly alert_id: string;
  readonly dedup_key: string;
  readonly rule: string;
  readonly target: string;
  readonly labels: Record<string, string>;
  readonly agent_id: string | null;
  readonly metric_name: string;
  readonly unit: string;
  readonly state: 'firing' | 'resolved';
  readonly level: Level;
  readonly verdict: VerdictState;
  readonly value: number | null;
  readonly threshold: number | null;
  readonly summary: string;
  readonly explanation: string;
  readonly runbook: string | null;
  readonly channels: readonly string[];
  readonly subjects: readonly string[];
  readonly incident_id: string;
  readonly started_at: number;
  readonly detected_at: number;
  readonly updated_at: number;
  readonly resolved_at: number | null;
  readonly acknowledged_by: string | null;
  readonly acknowledged_at: number | null;
  readonly acknowledged_until: number | null;
  readonly suppression: Suppression | null;
  readonly told_level: Level | null;
  readonly told_at: number | null;
  readonly told_on: readonly string[];
  readonly tell_at: number | null;
  readonly seq: number;
  readonly impact: ImpactRates;
}

export const toAlert = (row: AlertRow): Alert => ({
  alertId: row.alert_id,
  dedupKey: row.dedup_key,
  rule: row.rule,
  target: row.target,
  labels: row.labels,
  agentId: row.agent_id,
  metricName: row.metric_name,
  unit: row.unit,
  state: row.state,
  level: row.level,
  verdict: row.verdict,
  value: row.value,
  threshold: row.threshold,
  summary: row.summary,
  explanation: row.explanation,
  runbook: row.runbook,
  channels: row.channels,
  subjects: row.subjects,
  incidentId: row.incident_id,
  startedAt: row.started_at,
  detectedAt: row.detected_at,
  updatedAt: row.updated_at,
  resolvedAt: row.resolved_at,
  acknowledgedBy: row.acknowledged_by,
  acknowledgedAt: row.acknowledged_at,
  acknowledgedUntil: row.acknowledged_until,
  suppression: row.suppression,
  toldLevel: row.told_level,
  toldAt: row.told_at,
  toldOn: row.told_on,
  tellAt: row.tell_at,
  seq: row.seq,
  impact: row.impact,
});

/** As jsonb_populate_recordset(null::muster.alerts) takes it. */
export const fromAlert = (alert: Alert): object => ({
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
  value: figure(alert.value),
  threshold: figure(alert.threshold),
  summary: alert.summary,
  explanation: alert.explanation,
  runbook: alert.runbook,
  channels: alert.channels,
  subjects: alert.subjects,
  incident_id: alert.incidentId,
  started_at: isoTime(alert.startedAt),
  detected_at: isoTime(alert.detectedAt),
  updated_at: isoTime(alert.updatedAt),
  resolved_at: isoTimeOrNull(alert.resolvedAt),
  acknowledged_by: alert.acknowledgedBy,
  acknowledged_at: isoTimeOrNull(alert.acknowledgedAt),
  acknowledged_until: isoTimeOrNull(alert.acknowledgedUntil),
  suppression: alert.suppression,
  told_level: alert.toldLevel,
  told_at: isoTimeOrNull(alert.toldAt),
  told_on: alert.toldOn,
  tell_at: isoTimeOrNull(alert.tellAt),
  seq: alert.seq,
  impact: alert.impact,
});

/** JSON has no NaN and no infinities; PostgreSQL reads them as text. */
const figure = (value: number | null): number | string | null => (value === null || Number.isFinite(value) ? value : String(value));

export const INCIDENT_COLUMNS = raw(`i.incident_id, i.cause, i.title, i.state, i.level, ${ms('i.started_at')} as started_at,
  ${ms('i.detected_at')} as detected_at, ${ms('i.resolved_at')} as resolved_at, i.alerts, ${ms('i.update_at')} as update_at`);

export interface IncidentRow {
  readonly incident_id: string;
  readonly cause: string;
  readonly title: string;
  readonly state: 'open' | 'resolved';
  readonly level: Level;
  readonly started_at: number;
  readonly detected_at: number;
  readonly resolved_at: number | null;
  readonly alerts: number;
  readonly update_at: number | null;
}

export const toIncident = (row: IncidentRow): Incident => ({
  incidentId: row.incident_id,
  cause: row.cause,
  title: row.title,
  state: row.state,
  level: row.level,
  startedAt: row.started_at,
  detectedAt: row.detected_at,
  resolvedAt: row.resolved_at,
  alerts: row.alerts,
  updateAt: row.update_at,
});

export const fromIncident = (incident: Incident): object => ({
  incident_id: incident.incidentId,
  cause: incident.cause,
  title: incident.title,
  state: incident.state,
  level: incident.level,
  started_at: isoTime(incident.startedAt),
  detected_at: isoTime(incident.detectedAt),
  resolved_at: isoTimeOrNull(incident.resolvedAt),
  alerts: incident.alerts,
  update_at: isoTimeOrNull(incident.updateAt),
});

export const TRANSITION_COLUMNS = raw(`t.alert_id, t.seq::float8 as seq, ${ms('t.at')} as at, t.kind, t.level, t.actor, t.note`);

export interface TransitionRow {
  readonly alert_id: string;
  readonly seq: number;
  readonly at: number;
  readonly kind: TransitionKind;
  readonly level: Level;
  readonly actor: string | null;
  readonly note: string | null;
}

export const toTransition = ({ alert_id: alertId, ...row }: TransitionRow): Transition => ({ alertId, ...row });
export const fromTransition = ({ alertId, at, ...rest }: Transition): object => ({ alert_id: alertId, at: isoTime(at), ...rest });
