import type { Queryable, Transaction } from '../../../db/database.ts';
import { raw, sql } from '../../../db/sql.ts';
import { enqueue } from '../delivery/notification.ts';
import type { Alert, Transition } from './alert.ts';
import type { Topology } from './dependencies.ts';
import type { Incident } from './incident.ts';
import type { Plan, World } from './plan.ts';
import { readQuiet } from './quiet-store.ts';
import {
  ALERT_COLUMNS,
  fromAlert,
  fromIncident,
  fromTransition,
  INCIDENT_COLUMNS,
  toAlert,
  toIncident,
  type AlertRow,
  type IncidentRow,
} from './rows.ts';

/**
 * Reads what a batch is decided on. With `lock` the alerts are locked, so that what a person does to one meanwhile comes
 * after the batch and is not overwritten by it.
 */
export async function readWorld(db: Queryable, lock: boolean, defaultChannels: readonly string[]): Promise<World> {
  const alerts = await db.query<AlertRow & { now: number }>(sql`
    select ${ALERT_COLUMNS} from muster.alerts a where a.state = 'firing' order by a.alert_id ${raw(lock ? 'for update' : '')}`);
  const incidents = await db.query<IncidentRow>(sql`select ${INCIDENT_COLUMNS} from muster.incidents i where i.state = 'open'`);
  const { now, silences, windows } = await readQuiet(db);
  return {
    now,
    firing: alerts.rows.map(toAlert),
    incidents: incidents.rows.map(toIncident),
    silences,
    windows,
    topology: await readTopology(db),
    defaultChannels,
  };
}

/** Which host holds each agent. One that is held by nobody counts to the host it was taken from, for as long as it is lost. */
async function readTopology(db: Queryable): Promise<Topology> {
  const { rows } = await db.query<{ agent_id: string; host_id: string | null }>(sql`select agent_id, host_id from muster.agent_leases`);
  return {
    hostOf: new Map(rows.flatMap(({ agent_id: agent, host_id: host }) => (host === null ? [] : [[agent, host] as const]))),
    agents: new Set(rows.map(({ agent_id: agent }) => agent)),
  };
}

/** Writes what a batch makes true, and what has to be told of it: all in the caller's transaction. */
export async function writePlan(tx: Transaction, { alerts, incidents, notifications, opened, transitions }: Plan): Promise<void> {
  if (incidents.length > 0)
    await tx.query(sql`
      insert into muster.incidents as i
      select * from jsonb_populate_recordset(null::muster.incidents, ${JSON.stringify(incidents.map(fromIncident))}::jsonb)
      on conflict (incident_id) do update set
        title = excluded.title, state = excluded.state, level = excluded.level, started_at = excluded.started_at,
        resolved_at = excluded.resolved_at, alerts = excluded.alerts, update_at = excluded.update_at`);
  if (alerts.length > 0)
    await tx.query(sql`
      insert into muster.alerts as a
      select * from jsonb_populate_recordset(null::muster.alerts, ${JSON.stringify(alerts.map(fromAlert))}::jsonb)
      on conflict (alert_id) do update set
        state = excluded.state, level = excluded.level, verdict = excluded.verdict, value = excluded.value, threshold = excluded.threshold,
        explanation = excluded.explanation, updated_at = excluded.updated_at, resolved_at = excluded.resolved_at,
        acknowledged_by = excluded.acknowledged_by, acknowledged_at = excluded.acknowledged_at, acknowledged_until = excluded.acknowledged_until,
        suppression = excluded.suppression, told_level = excluded.told_level, told_at = excluded.told_at, told_on = excluded.told_on,
        tell_at = excluded.tell_at, seq = excluded.seq, impact = excluded.impact`);
  await writeTransitions(tx, transitions);
  await writeEvents(tx, alerts, transitions, { incidents, opened });
  await enqueue(tx, notifications);
}

export async function writeTransitions(tx: Queryable, transitions: readonly Transition[]): Promise<void> {
  if (transitions.length === 0) return;
  await tx.query(sql`
    insert into muster.alert_transitions
    select * from jsonb_populate_recordset(null::muster.alert_transitions, ${JSON.stringify(transitions.map(fromTransition))}::jsonb)`);
}

const NO_INCIDENTS = { incidents: [], opened: new Set<string>() };

/** `alert:firing`, `alert:resolved`, … and `incident:opened`, `incident:resolved`: in the transaction that makes them true. */
export async function writeEvents(
  tx: Queryable,
  alerts: readonly Alert[],
  transitions: readonly Transition[],
  { incidents, opened }: { readonly incidents: readonly Incident[]; readonly opened: ReadonlySet<string> } = NO_INCIDENTS,
): Promise<void> {
  const byId = new Map(alerts.map((alert) => [alert.alertId, alert]));
  const events = [
    ...incidents.flatMap((incident) => {
      const isNew = opened.has(incident.incidentId);
      if (!isNew && incident.state === 'open') return [];
      const { alerts: count, cause, incidentId, level, title } = incident;
      return [
        { type: isNew ? 'incident:opened' : 'incident:resolved', data: { incident_id: incidentId, title, cause, level, alerts: count } },
      ];
    }),
    ...transitions.flatMap(({ actor, alertId, kind, level, note, seq }) => {
      const alert = byId.get(alertId);
      if (alert === undefined) return [];
      const { incidentId, rule, state, summary, target } = alert;
      const data = {
        alert_id: alertId,
        seq,
        rule,
        target,
        level,
        state,
        summary,
        incident_id: incidentId,
        agent: alert.agentId,
        actor,
        note,
      };
      return [{ type: `alert:${kind}`, data }];
    }),
  ];
  if (events.length === 0) return;
  await tx.query(sql`
    insert into muster.events (type, data)
    select e.type, e.data from jsonb_to_recordset(${JSON.stringify(events)}::jsonb) as e (type text, data jsonb)`);
}
