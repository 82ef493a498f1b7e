import type pg from 'pg';
import { MusterError } from '../base/errors.ts';
import { checkServerVersion } from './server-version.ts';

/** Limits that the server enforces on every session of ours. */
export interface SessionLimits {
  readonly statementTimeoutMs: number;
  readonly lockTimeoutMs: number;
  readonly idleInTransactionTimeoutMs: number;
  /** Connect to a standby as well: for what only reads. */
  readonly acceptsStandby?: boolean;
}

export interface SessionFacts {
  /** A pooler stands between: the session is not ours, so nothing may be left in it. */
  readonly pooled: boolean;
  readonly serverVersion: number;
  readonly pid: number;
}

interface SessionRow {
  readonly pid: number;
  readonly own: boolean;
  readonly version: number;
  readonly standby: boolean;
}

/**
 * Prepares a new connection in one round trip. PgBouncer refuses time-outs as startup parameters, and a SET through
 * it would stay in a server session that others use next. So the session is set up by a statement that first asks
 * whether it is ours: a pooler makes up the process id it tells its clients, the server does not.
 */
export async function openSession(client: pg.ClientBase, limits: SessionLimits, timeoutMs: number): Promise<SessionFacts> {
  const announced = (client as unknown as { readonly processID: number | null }).processID ?? 0;
  const { rows } = await client.query<SessionRow>({
    text: `select pid, own, version, standby,
       case when own then set_config('statement_timeout', $2, false) end,
       case when own then set_config('lock_timeout', $3, false) end,
       case when own then set_config('idle_in_transaction_session_timeout', $4, false) end,
       -- What a killed process has under way ends with it, and with that its locks. Refused where the server's system cannot tell.
       case when own and version() like '%linux%' then set_config('client_connection_check_interval', '500', false) end
     from (select pg_backend_pid() as pid, pg_backend_pid() = $1 as own,
                  current_setting('server_version_num')::int as version, pg_is_in_recovery() as standby) session`,
    values: [announced, `${limits.statementTimeoutMs}`, `${limits.lockTimeoutMs}`, `${limits.idleInTransactionTimeoutMs}`],
    query_timeout: timeoutMs,
  } as pg.QueryConfig);
  const row = rows[0];
  if (row === undefined) throw new MusterError('INTERNAL', 'A new session answered without a row.');
  checkServerVersion(row.version);
  if (row.standby && limits.acceptsStandby !== true)
    throw new MusterError('DATABASE_READ_ONLY', 'The server is a standby, which takes no writes.', { data: { transient: true } });
  return { pooled: !row.own, serverVersion: row.version, pid: row.pid };
}
