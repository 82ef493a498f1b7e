import { randomBytes } from 'node:crypto';
import { MusterError } from '../../base/errors.ts';
import type { Database, Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';
import { requireRow } from '../../state/rows.ts';
import { afterPing, dueAfter, type Expectation, type MonitorState, type Signal, type Standing } from './monitor.ts';

export interface MonitorRecord extends Expectation, Standing {
  readonly name: string;
  readonly token: string;
  readonly stateSince: number;
  readonly lastPingAt: number | null;
  readonly lastSuccessAt: number | null;
  readonly lastFailureAt: number | null;
  readonly lastDurationMs: number | null;
  readonly pings: number;
  readonly createdBy: string;
  readonly createdAt: number;
  /** When it was read, by the database's clock. */
  readonly readAt: number;
}

export interface PingRecord {
  readonly pingId: number;
  readonly at: number;
  readonly kind: Signal;
  readonly durationMs: number | null;
  readonly exitStatus: number | null;
  readonly body: string;
}

/** A monitor that went from one state to another. */
export interface Change {
  readonly monitor: MonitorRecord;
  readonly from: MonitorState;
}

const MOST_MONITORS = 1_000;
export const PINGS_KEPT = 100;

const ms = (column: string) => `(extract(epoch from ${column}) * 1000)::float8`;
const COLUMNS = {
  text: `name, token, cron, time_zone as "timeZone", every_ms::float8 as "everyMs", grace_ms::float8 as "graceMs", state, because,
    ${ms('state_since')} as "stateSince", ${ms('due_at')} as "dueAt", ${ms('deadline')} as deadline, ${ms('run_started_at')} as "runStartedAt",
    ${ms('last_ping_at')} as "lastPingAt", ${ms('last_success_at')} as "lastSuccessAt", ${ms('last_failure_at')} as "lastFailureAt",
    last_duration_ms::float8 as "lastDurationMs", pings::float8 as pings, created_by as "createdBy", ${ms('created_at')} as "createdAt",
    ${ms('clock_timestamp()')} as "readAt"`,
  values: [],
};
const time = (at: number | null) => sql`to_timestamp(${at}::float8 / 1000)`;

/** Enough that nobody guesses it: 192 bits. */
const newToken = (): string => randomBytes(24).toString('base64url');

/** Push monitors: jobs elsewhere that must call. */
export class Monitors {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async list(): Promise<readonly MonitorRecord[]> {
    return (await this.#db.query<MonitorRecord>(sql`select ${COLUMNS} from muster.push_monitors order by name limit ${MOST_MONITORS}`))
      .rows;
  }

  get(name: string): Promise<MonitorRecord | undefined> {
    return this.#db.one<MonitorRecord>(sql`select ${COLUMNS} from muster.push_monitors where name = ${name}`);
  }

  /** Throws CONFLICT where one has that name, AGENT_INVALID for a schedule that cannot be read. */
  async add(name: string, expectation: Expectation, createdBy: string): Promise<MonitorRecord> {
    dueAfter(expectation, Date.now());
    const { cron, timeZone, everyMs, graceMs } = expectation;
    const row = await this.#db
      .one<MonitorRecord>(sql`insert into muster.push_monitors (name, token, cron, time_zone, every_ms, grace_ms, created_by)
      select ${name}, ${newToken()}, ${cron}, ${timeZone}, ${everyMs}, ${graceMs}, ${createdBy}
      where (select count(*) from muster.push_monitors) < ${MOST_MONITORS}
      on conflict (name) do nothing returning ${COLUMNS}`);
    if (row !== undefined) return row;
    throw (await this.get(name)) === undefined
      ? new MusterError('TOO_LARGE', `there are ${MOST_MONITORS} monitors already`, { remedy: 'Remove some that nobody calls.' })
      : new MusterError('CONFLICT', `there is a monitor ${name} already`, { remedy: 'Choose another name, or remove that one first.' });
  }

  /** Waits for its next call again, at most until a whole period has passed from now, or for nothing. Throws NOT_FOUND. */
  async pause(name: string, paused: boolean): Promise<MonitorRecord> {
    const row = await this.#db.one<MonitorRecord>(sql`update muster.push_monitors
      set state = ${paused ? 'paused' : 'new'}, state_since = clock_timestamp(), because = null, due_at = null, deadline = null, run_started_at = null
      where name = ${name} returning ${COLUMNS}`);
    return requireRow(row, `monitor ${name}`);
  }

  /** A new token; the one before is worth nothing from now on. Throws NOT_FOUND. */
  async rotate(name: string): Promise<MonitorRecord> {
    const row = await this.#db.one<MonitorRecord>(
      sql`update muster.push_monitors set token = ${newToken()} where name = ${name} returning ${COLUMNS}`,
    );
    return requireRow(row, `monitor ${name}`);
  }

  async remove(name: string): Promise<boolean> {
    return (await this.#db.query(sql`delete from muster.push_monitors where name = ${name}`)).count > 0;
  }

  async pings(name: string, limit: number): Promise<readonly PingRecord[]> {
    const { rows } = await this.#db.query<PingRecord>(sql`select ping_id::float8 as "pingId", ${{ text: ms('at'), values: [] }} as at, kind,
      duration_ms::float8 as "durationMs", exit_status as "exitStatus", body from muster.pings where monitor = ${name} order by ping_id desc limit ${limit}`);
    return rows;
  }

  /** Takes a call. Undefined where nobody has that token; a change where it brought one. */
  ping(
    token: string,
    call: { readonly signal: Signal; readonly exitStatus: number | null; readonly body: string },
  ): Promise<{ readonly monitor: MonitorRecord; readonly change: Change | undefined } | undefined> {
    return this.#db.transaction(async (tx) => {
      // The row is locked before the clock is read, so that calls that cross are taken in one order.
      const { rows } = await tx.query<MonitorRecord>(
        sql`with held as materialized (select * from muster.push_monitors where token = ${token} for update) select ${COLUMNS} from held`,
      );
      const before = rows[0];
      if (before === undefined) return undefined;
      const now = before.readAt;
      const { standing, durationMs } = afterPing(before, before, { ...call, now });
      await tx.query(sql`insert into muster.pings (monitor, at, kind, duration_ms, exit_status, body)
        values (${before.name}, ${time(now)}, ${call.signal}, ${durationMs}, ${call.exitStatus}, ${call.body})`);
      const written = await tx.query<MonitorRecord>(sql`update muster.push_monitors set
        state = ${standing.state}, because = ${standing.because}, due_at = ${time(standing.dueAt)}, deadline = ${time(standing.deadline)},
        run_started_at = ${time(standing.runStartedAt)}, pings = pings + 1, last_ping_at = ${time(now)},
        state_since = case when state = ${standing.state} then state_since else ${time(now)} end,
        last_success_at = case when ${call.signal === 'success'} then ${time(now)} else last_success_at end,
        last_failure_at = case when ${call.signal === 'fail'} then ${time(now)} else last_failure_at end,
        last_duration_ms = coalesce(${durationMs}, last_duration_ms)
        where name = ${before.name} returning ${COLUMNS}`);
      const monitor = requireRow(written.rows[0], `monitor ${before.name}`);
      return { monitor, change: monitor.state === before.state ? undefined : { monitor, from: before.state } };
    });
  }
}

/**
 * Those whose silence has become a failure. Not while the fleet is in grace: where the database was away a moment ago no call
 * could be taken, and nobody is late for that.
 */
export async function declareDown(tx: Queryable): Promise<readonly Change[]> {
  const { rows } = await tx.query<MonitorRecord & { readonly from: MonitorState }>(sql`with silent as (
      select name as silent_name, state as "from" from muster.push_monitors
      where state in ('new', 'up') and deadline < clock_timestamp()
        and not exists (select from muster.fleet_clock where grace_until > clock_timestamp())
      for update
    )
    update muster.push_monitors set state = 'down', state_since = clock_timestamp(),
      because = case when run_started_at is not null then 'a run began and did not end in time' else 'no call came in time' end
    from silent where name = silent_name returning ${COLUMNS}, silent."from"`);
  return rows.map(({ from, ...monitor }) => ({ monitor, from }));
}

/** Leaves the newest of each. */
export async function prunePings(tx: Queryable): Promise<void> {
  await tx.query(sql`delete from muster.pings where ping_id in (
    select ping_id from (select ping_id, row_number() over (partition by monitor order by ping_id desc) as n from muster.pings) p
    where n > ${PINGS_KEPT} limit 20000)`);
}
