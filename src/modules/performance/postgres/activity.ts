import { sql } from '../../../db/sql.ts';
import { onlyRow, seconds, type Check } from './server.ts';

interface ActivityRow {
  readonly active: number;
  readonly idle: number;
  readonly idle_in_transaction: number;
  readonly other: number;
  readonly hidden: number;
  readonly connection_limit: number;
  readonly longest_transaction: number | null;
  readonly longest_query: number | null;
  readonly longest_idle_in_transaction: number | null;
  readonly lock_waiting: number;
  readonly autovacuum_workers: number;
  readonly oldest_snapshot: number | null;
}

/**
 * Sessions. A session of another user shows no backend_type to those without pg_monitor: it is counted as hidden, and the
 * ages are then unknown rather than those of our own sessions. This very session is left out of the ages, which it would
 * always lead; so are the sessions in which hosts wait for each other's death. reserved_connections came with 16.
 */
export const activity: Check<ActivityRow> = {
  name: 'postgres_activity',
  tier: 'fast',
  statement: () => sql`
    select
      count(*) filter (where client and state = 'active')::int as active,
      count(*) filter (where client and state = 'idle')::int as idle,
      count(*) filter (where client and state like 'idle in transaction%')::int as idle_in_transaction,
      count(*) filter (where client and (state is null or state not in ('active', 'idle') and state not like 'idle in transaction%'))::int as other,
      count(*) filter (where hidden)::int as hidden,
      current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
        - coalesce(current_setting('reserved_connections', true), '0')::int as connection_limit,
      ${seconds('max(clock_timestamp() - xact_start) filter (where client and not own)')} as longest_transaction,
      ${seconds("max(clock_timestamp() - query_start) filter (where client and not own and not watcher and state = 'active')")} as longest_query,
      ${seconds("max(clock_timestamp() - state_change) filter (where client and state like 'idle in transaction%')")} as longest_idle_in_transaction,
      count(*) filter (where wait_event_type = 'Lock' and not watcher)::int as lock_waiting,
      count(*) filter (where backend_type = 'autovacuum worker')::int as autovacuum_workers,
      max(greatest(age(backend_xid), age(backend_xmin))) filter (where not own)::float8 as oldest_snapshot
    from (
      select *, backend_type = 'client backend' as client, backend_type is null and usesysid is not null as hidden, pid = pg_backend_pid() as own,
        application_name like 'muster watcher %' as watcher
      from pg_stat_activity
    ) session`,
  record: (rows, { record }) => {
    const row = onlyRow(rows[0]);
    for (const state of ['active', 'idle', 'idle_in_transaction', 'other', 'hidden'] as const)
      record('postgres_connections', row[state], { state });
    const used = row.active + row.idle + row.idle_in_transaction + row.other + row.hidden;
    record('postgres_connections_limit', row.connection_limit);
    record('postgres_connections_usage_ratio', used / row.connection_limit);
    if (row.hidden > 0) return;
    record('postgres_longest_transaction_seconds', row.longest_transaction ?? 0);
    record('postgres_longest_query_seconds', row.longest_query ?? 0);
    record('postgres_longest_idle_in_transaction_seconds', row.longest_idle_in_transaction ?? 0);
    record('postgres_lock_waiting_backends', row.lock_waiting);
    record('postgres_autovacuum_workers', row.autovacuum_workers);
    record('postgres_oldest_snapshot_transactions', row.oldest_snapshot ?? 0);
  },
};

/** pg_locks takes every partition of the lock table for a moment, so it is read less often. waitstart is null for an instant after a wait began. */
export const lockWaits: Check<{ readonly longest: number | null }> = {
  name: 'postgres_locks',
  tier: 'slow',
  statement: () => sql`select ${seconds('max(clock_timestamp() - waitstart)')} as longest from pg_locks where not granted`,
  record: (rows, { record }) => record('postgres_longest_lock_wait_seconds', onlyRow(rows[0]).longest ?? 0),
};
