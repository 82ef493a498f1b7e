import { MusterError } from '../../../base/errors.ts';
import type { Database, Queryable, Transaction } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { CURSOR_PART, decodeCursor, encodeCursor, requireRow } from '../../../state/rows.ts';
import type { Level } from '../delivery/notification.ts';
import type { Alert, Transition, TransitionKind } from './alert.ts';
import { writeEvents, writeTransitions } from './batch-store.ts';
import type { Incident } from './incident.ts';
import {
  ALERT_COLUMNS,
  INCIDENT_COLUMNS,
  toAlert,
  toIncident,
  toTransition,
  TRANSITION_COLUMNS,
  type AlertRow,
  type IncidentRow,
  type TransitionRow,
} from './rows.ts';

export interface AlertFilter {
  readonly state?: 'firing' | 'resolved' | undefined;
  readonly level?: Level | undefined;
  readonly rule?: string | undefined;
  readonly agentId?: string | undefined;
  readonly incidentId?: string | undefined;
  readonly acknowledged?: boolean | undefined;
  /** Kept quiet by a silence, a window, or another alert. */
  readonly suppressed?: boolean | undefined;
}

export interface PageRequest {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export interface ListPage<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}

/** Newest first. Throws BAD_CURSOR. */
export async function listAlerts(db: Queryable, filter: AlertFilter, page: PageRequest): Promise<ListPage<Alert>> {
  const [at, id] = page.cursor === undefined ? [null, null] : decodeCursor(page.cursor, [CURSOR_PART.timestamp, CURSOR_PART.uuid]);
  const { rows } = await db.query<AlertRow & { place: string }>(sql`
    select ${ALERT_COLUMNS}, a.detected_at::text as place from muster.alerts a
    where (${filter.state ?? null}::text is null or a.state = ${filter.state ?? null})
      and (${filter.level ?? null}::text is null or a.level = ${filter.level ?? null})
      and (${filter.rule ?? null}::text is null or a.rule = ${filter.rule ?? null})
      and (${filter.agentId ?? null}::text is null or a.agent_id = ${filter.agentId ?? null})
      and (${filter.incidentId ?? null}::uuid is null or a.incident_id = ${filter.incidentId ?? null}::uuid)
      and (${filter.acknowledged ?? null}::boolean is null or (a.acknowledged_by is not null) = ${filter.acknowledged ?? null}::boolean)
      and (${filter.suppressed ?? null}::boolean is null or (a.suppression is not null) = ${filter.suppressed ?? null}::boolean)
      and (${at}::timestamptz is null or (a.detected_at, a.alert_id) < (${at}::timestamptz, ${id}::uuid))
    order by a.detected_at desc, a.alert_id desc limit ${page.limit + 1}`);
  return cut(rows, page.limit, toAlert, ({ alert_id, place }) => [place, alert_id]);
}

function cut<Row, Item>(
  rows: readonly Row[],
  limit: number,
  toItem: (row: Row) => Item,
  placeOf: (row: Row) => readonly string[],
): ListPage<Item> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items: items.map(toItem), nextCursor: rows.length > limit && last !== undefined ? encodeCursor(placeOf(last)) : null };
}

export async function getAlert(db: Queryable, alertId: string): Promise<Alert | undefined> {
  const { rows } = await db.query<AlertRow>(sql`select ${ALERT_COLUMNS} from muster.alerts a where a.alert_id = ${alertId}::uuid`);
  return rows[0] === undefined ? undefined : toAlert(rows[0]);
}

const MOST_TRANSITIONS = 1_000;

/** Oldest first. */
export async function timelineOf(db: Queryable, alertIds: readonly string[]): Promise<readonly Transition[]> {
  const { rows } = await db.query<TransitionRow>(sql`
    select ${TRANSITION_COLUMNS} from muster.alert_transitions t where t.alert_id = any (${alertIds}::uuid[])
    order by t.at, t.alert_id, t.seq limit ${MOST_TRANSITIONS}`);
  return rows.map(toTransition);
}

/** What was told of an alert, where, and what became of it. */
export interface Told {
  readonly notificationId: string;
  readonly alertId: string;
  readonly channel: string;
  readonly kind: string;
  readonly seq: number;
  readonly state: string;
  readonly attempts: number;
  readonly createdAt: number;
  readonly finishedAt: number | null;
  readonly lastError: string | null;
}

/** Oldest first. */
export async function toldOf(db: Queryable, alertIds: readonly string[]): Promise<readonly Told[]> {
  const { rows } = await db.query<Told>(sql`
    select notification_id as "notificationId", alert_id as "alertId", channel, kind, seq::float8 as seq, state, attempts,
      (extract(epoch from created_at) * 1000)::float8 as "createdAt", (extract(epoch from finished_at) * 1000)::float8 as "finishedAt",
      last_error as "lastError"
    from muster.notifications where alert_id = any (${alertIds}::uuid[]) order by created_at, notification_id limit ${MOST_TRANSITIONS}`);
  return rows;
}

export interface Acknowledgement {
  readonly by: string;
  /** For so long; null: until it is over. */
  readonly forMs: number | null;
  readonly note?: string | undefined;
}

/** Somebody has it: it is told no more until that ends. Throws NOT_FOUND, and CONFLICT where it is over. */
export function acknowledge(db: Database, alertId: string, { by, forMs, note }: Acknowledgement): Promise<Alert> {
  return change(db, alertId, by, 'acknowledged', note ?? null, (alert, now) => ({
    ...alert,
    acknowledgedBy: by,
    acknowledgedAt: now,
    acknowledgedUntil: forMs === null ? null : now + forMs,
  }));
}

/** Alerts of an incident that are taken on at a time. */
const MOST_AT_A_TIME = 5_000;

/** All that fires in an incident and nobody has. Throws NOT_FOUND, and CONFLICT where there is nothing left to take on. */
export function acknowledgeIncident(db: Database, incidentId: string, { by, forMs, note }: Acknowledgement): Promise<readonly Alert[]> {
  return db.transaction(async (tx) => {
    // In the order in which the alerting system locks them.
    const { rows } = await tx.query<AlertRow>(sql`
      select ${ALERT_COLUMNS} from muster.alerts a
      where a.incident_id = ${incidentId}::uuid and a.state = 'firing' and a.acknowledged_by is null
      order by a.alert_id limit ${MOST_AT_A_TIME} for update`);
    if (rows.length === 0) {
      const { rows: known } = await tx.query(sql`select 1 from muster.incidents where incident_id = ${incidentId}::uuid`);
      if (known.length === 0) throw new MusterError('NOT_FOUND', `incident ${incidentId} does not exist`);
      throw new MusterError('CONFLICT', `nothing of incident ${incidentId} is left to take on`, {
        remedy: 'Its alerts are over, or somebody has them: see them with ?incident_id=.',
      });
    }
    const now = await timeOf(tx);
    const taken = rows.map(toAlert).map((alert): Alert => ({
      ...alert,
      acknowledgedBy: by,
      acknowledgedAt: now,
      acknowledgedUntil: forMs === null ? null : now + forMs,
      seq: alert.seq + 1,
    }));
    await tx.query(sql`
      update muster.alerts set acknowledged_by = ${by}, acknowledged_at = to_timestamp(${now}::float8 / 1000),
        acknowledged_until = to_timestamp(${forMs === null ? null : now + forMs}::float8 / 1000), seq = seq + 1, updated_at = clock_timestamp()
      where alert_id = any (${taken.map(({ alertId }) => alertId)}::uuid[])`);
    const transitions = taken.map(({ alertId, level, seq }): Transition => ({
      alertId,
      seq,
      at: now,
      kind: 'acknowledged',
      level,
      actor: by,
      note: note ?? null,
    }));
    await writeTransitions(tx, transitions);
    await writeEvents(tx, taken, transitions);
    return taken;
  });
}

/** Nobody has it any more: it is told again. Throws NOT_FOUND, and CONFLICT where nobody had it. */
export function unacknowledge(db: Database, alertId: string, by: string, note?: string): Promise<Alert> {
  return change(db, alertId, by, 'unacknowledged', note ?? null, (alert) => {
    if (alert.acknowledgedBy === null) throw new MusterError('CONFLICT', `alert ${alertId} is not acknowledged`);
    return { ...alert, acknowledgedBy: null, acknowledgedAt: null, acknowledgedUntil: null, toldLevel: null };
  });
}

function change(
  db: Database,
  alertId: string,
  actor: string,
  kind: TransitionKind,
  note: string | null,
  make: (alert: Alert, now: number) => Alert,
): Promise<Alert> {
  return db.transaction(async (tx) => {
    const before = await lockAlert(tx, alertId);
    if (before.alert.state !== 'firing')
      throw new MusterError('CONFLICT', `alert ${alertId} is over`, {
        remedy: 'There is nothing to take on: list those that fire with ?state=firing.',
      });
    const after = { ...make(before.alert, before.now), seq: before.alert.seq + 1 };
    await tx.query(sql`
      update muster.alerts set acknowledged_by = ${after.acknowledgedBy}, acknowledged_at = to_timestamp(${after.acknowledgedAt}::float8 / 1000),
        acknowledged_until = to_timestamp(${after.acknowledgedUntil}::float8 / 1000), told_level = ${after.toldLevel}, seq = ${after.seq},
        updated_at = clock_timestamp()
      where alert_id = ${alertId}::uuid`);
    const transition: Transition = { alertId, seq: after.seq, at: before.now, kind, level: after.level, actor, note };
    await writeTransitions(tx, [transition]);
    await writeEvents(tx, [after], [transition]);
    return after;
  });
}

async function lockAlert(tx: Transaction, alertId: string): Promise<{ readonly alert: Alert; readonly now: number }> {
  const { rows } = await tx.query<AlertRow>(
    sql`select ${ALERT_COLUMNS} from muster.alerts a where a.alert_id = ${alertId}::uuid for update`,
  );
  const [row] = rows;
  if (row === undefined) throw noAlert(alertId);
  // After the lock: a statement that waited would tell the time from before.
  return { alert: toAlert(row), now: await timeOf(tx) };
}

async function timeOf(tx: Transaction): Promise<number> {
  const { rows } = await tx.query<{ now: number }>(sql`select (extract(epoch from clock_timestamp()) * 1000)::float8 as now`);
  return requireRow(rows[0], 'the time').now;
}

export const noAlert = (alertId: string): MusterError =>
  new MusterError('NOT_FOUND', `alert ${alertId} does not exist`, {
    remedy: 'List the alerts: `muster alerts list`, or GET /api/v1/alerts.',
  });

/** Newest first. Throws BAD_CURSOR. */
export async function listIncidents(
  db: Queryable,
  filter: { readonly state?: 'open' | 'resolved' | undefined },
  page: PageRequest,
): Promise<ListPage<Incident>> {
  const [at, id] = page.cursor === undefined ? [null, null] : decodeCursor(page.cursor, [CURSOR_PART.timestamp, CURSOR_PART.uuid]);
  const { rows } = await db.query<IncidentRow & { place: string }>(sql`
    select ${INCIDENT_COLUMNS}, i.detected_at::text as place from muster.incidents i
    where (${filter.state ?? null}::text is null or i.state = ${filter.state ?? null})
      and (${at}::timestamptz is null or (i.detected_at, i.incident_id) < (${at}::timestamptz, ${id}::uuid))
    order by i.detected_at desc, i.incident_id desc limit ${page.limit + 1}`);
  return cut(rows, page.limit, toIncident, ({ incident_id, place }) => [place, incident_id]);
}

export interface IncidentRecord {
  readonly incident: Incident;
  /** The first 1,000, oldest first. */
  readonly alerts: readonly Alert[];
  readonly timeline: readonly Transition[];
  readonly told: readonly Told[];
}

export async function getIncident(db: Queryable, incidentId: string): Promise<IncidentRecord | undefined> {
  const { rows } = await db.query<IncidentRow>(
    sql`select ${INCIDENT_COLUMNS} from muster.incidents i where i.incident_id = ${incidentId}::uuid`,
  );
  if (rows[0] === undefined) return undefined;
  const found = await db.query<AlertRow>(sql`
    select ${ALERT_COLUMNS} from muster.alerts a where a.incident_id = ${incidentId}::uuid order by a.detected_at, a.alert_id limit 1000`);
  const alerts = found.rows.map(toAlert);
  const ids = alerts.map(({ alertId }) => alertId);
  return { incident: toIncident(rows[0]), alerts, timeline: await timelineOf(db, ids), told: await toldOf(db, ids) };
}

/** Those whose id begins so, open ones first: a person types the beginning. Five at most. */
export async function findIncidents(db: Queryable, beginning: string): Promise<readonly Incident[]> {
  if (!/^[0-9a-f-]{1,36}$/i.test(beginning)) return [];
  const { rows } = await db.query<IncidentRow>(sql`
    select ${INCIDENT_COLUMNS} from muster.incidents i where i.incident_id::text like ${`${beginning.toLowerCase()}%`}
    order by i.state = 'open' desc, i.detected_at desc limit 5`);
  return rows.map(toIncident);
}

/** Those whose id begins so, firing ones first: a person types the beginning. Five at most. */
export async function findAlerts(db: Queryable, beginning: string): Promise<readonly Alert[]> {
  if (!/^[0-9a-f-]{1,36}$/i.test(beginning)) return [];
  const { rows } = await db.query<AlertRow>(sql`
    select ${ALERT_COLUMNS} from muster.alerts a where a.alert_id::text like ${`${beginning.toLowerCase()}%`}
    order by a.state = 'firing' desc, a.detected_at desc limit 5`);
  return rows.map(toAlert);
}
