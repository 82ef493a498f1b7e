import { sql } from '../../../db/sql.ts';
import type { Queryable } from '../../../db/database.ts';
import type { IncidentRecord } from '../alerts/alert-store.ts';
import { listNotes, type IncidentNote } from './note-store.ts';

/** One thing that happened in an incident, as people read it. Times are milliseconds since 1970. */
export interface TimelineEntry {
  readonly at: number;
  readonly kind: 'alert' | 'escalation' | 'notification' | 'healing' | 'note';
  /** Of its kind: firing, acknowledged, delivered, effective … */
  readonly what: string;
  readonly text: string;
  /** Null: nobody, it happened. */
  readonly actor: string | null;
  readonly alertId: string | null;
}

/** A healing run for an alert of the incident, as its module keeps it. */
export interface HealingRun {
  readonly alertId: string;
  readonly action: string;
  readonly target: string;
  readonly state: string;
  readonly reason: string | null;
  readonly proposedAt: number;
  readonly proposedBy: string;
  readonly startedAt: number | null;
  readonly decidedBy: string | null;
  readonly finishedAt: number | null;
}

/** Everything about an incident, from what was recorded alone. */
export interface Story {
  readonly record: IncidentRecord;
  readonly notes: readonly IncidentNote[];
  readonly healing: readonly HealingRun[];
}

export async function readStory(db: Queryable, record: IncidentRecord): Promise<Story> {
  const ids = record.alerts.map(({ alertId }) => alertId);
  return { record, notes: await listNotes(db, record.incident.incidentId), healing: await healingOf(db, ids) };
}

/** Healing is a module of its own, and may not be there. */
async function healingOf(db: Queryable, alertIds: readonly string[]): Promise<readonly HealingRun[]> {
  const table = await db.query<{ there: boolean }>(sql`select to_regclass('muster.recovery_runs') is not null as there`);
  if (table.rows[0]?.there !== true || alertIds.length === 0) return [];
  const { rows } = await db.query<HealingRun>(sql`
    select alert_id as "alertId", action, target, state, reason, proposed_by as "proposedBy", decided_by as "decidedBy",
      (extract(epoch from proposed_at) * 1000)::float8 as "proposedAt", (extract(epoch from started_at) * 1000)::float8 as "startedAt",
      (extract(epoch from finished_at) * 1000)::float8 as "finishedAt"
    from muster.recovery_runs where alert_id = any (${alertIds}::uuid[]) order by proposed_at, run_id limit 1000`);
  return rows;
}

/** All of it in one line of time, oldest first. Pure: the same story gives the same timeline. */
export function timelineOfStory({ healing, notes, record }: Story): readonly TimelineEntry[] {
  const { alerts, timeline, told } = record;
  const names = new Map(alerts.map(({ alertId, summary }) => [alertId, summary]));
  const nameOf = (alertId: string): string => names.get(alertId) ?? alertId;
  const entries: readonly TimelineEntry[] = [
    ...timeline.map(({ actor, alertId, at, kind, note }): TimelineEntry => ({
      at,
      kind: kind === 'escalated' ? 'escalation' : 'alert',
      what: kind,
      text: `${nameOf(alertId)}${note === null ? '' : `: ${note}`}`,
      actor,
      alertId,
    })),
    ...told.map(({ alertId, attempts, channel, createdAt, finishedAt, kind, lastError, state }): TimelineEntry => ({
      at: finishedAt ?? createdAt,
      kind: 'notification',
      what: state,
      text: `told ${channel} (${kind}): ${nameOf(alertId)}, ${state} after ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}${state === 'delivered' || lastError === null ? '' : ` (${lastError})`}`,
      actor: null,
      alertId,
    })),
    ...healing.flatMap((run) => healingEntries(run)),
    ...notes.map(({ at, author, text }): TimelineEntry => ({ at, kind: 'note', what: 'note', text, actor: author, alertId: null })),
  ];
  return entries.toSorted((a, b) => a.at - b.at);
}

function healingEntries(run: HealingRun): readonly TimelineEntry[] {
  const { action, alertId, decidedBy, finishedAt, proposedAt, proposedBy, reason, startedAt, state, target } = run;
  const of = `${action}${target === '' ? '' : ` at ${target}`}`;
  const entry = (at: number, what: string, text: string, actor: string | null): TimelineEntry => ({
    at,
    kind: 'healing',
    what,
    text,
    actor,
    alertId,
  });
  return [
    entry(proposedAt, 'proposed', `healing proposed: ${of}`, proposedBy),
    ...(startedAt === null ? [] : [entry(startedAt, 'started', `healing started: ${of}`, decidedBy)]),
    ...(finishedAt === null ? [] : [entry(finishedAt, state, `healing ${state}: ${of}${reason === null ? '' : `. ${reason}`}`, null)]),
  ];
}
