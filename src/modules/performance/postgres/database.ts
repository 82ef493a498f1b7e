import { raw, sql } from '../../../db/sql.ts';
import { onlyRow, seconds, type Check } from './server.ts';

interface DatabaseRow {
  readonly commits: number;
  readonly rollbacks: number;
  readonly hits: number;
  readonly reads: number;
  readonly returned: number;
  readonly fetched: number;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  readonly temp_bytes: number;
  readonly temp_files: number;
  readonly deadlocks: number;
  readonly conflicts: number;
  readonly checksum_failures: number | null;
  readonly stats_reset: number | null;
  readonly read_seconds: number;
  readonly write_seconds: number;
  readonly session_seconds: number;
  readonly active_seconds: number;
  readonly idle_in_transaction_seconds: number;
  readonly sessions: number;
  readonly abandoned: number;
  readonly fatal: number;
  readonly killed: number;
  readonly workers_planned: number | null;
  readonly workers_launched: number | null;
}

/** Counters of the fleet's own database; the cache ratio is that of the time since the last run, not of all time. */
export function databaseCounters(): Check<DatabaseRow> {
  let last: { readonly hits: number; readonly reads: number } | undefined;
  return {
    name: 'postgres_database',
    tier: 'fast',
    statement: (version) => sql`
      select xact_commit::float8 as commits, xact_rollback::float8 as rollbacks, blks_hit::float8 as hits, blks_read::float8 as reads,
        tup_returned::float8 as returned, tup_fetched::float8 as fetched, tup_inserted::float8 as inserted, tup_updated::float8 as updated,
        tup_deleted::float8 as deleted, temp_bytes::float8 as temp_bytes, temp_files::float8 as temp_files, deadlocks::float8 as deadlocks,
        conflicts::float8 as conflicts, checksum_failures::float8 as checksum_failures, ${seconds('stats_reset')} as stats_reset,
        blk_read_time / 1000 as read_seconds, blk_write_time / 1000 as write_seconds, session_time / 1000 as session_seconds,
        active_time / 1000 as active_seconds, idle_in_transaction_time / 1000 as idle_in_transaction_seconds, sessions::float8 as sessions,
        sessions_abandoned::float8 as abandoned, sessions_fatal::float8 as fatal, sessions_killed::float8 as killed,
        ${raw(version >= 180_000 ? 'parallel_workers_to_launch::float8' : 'null::float8')} as workers_planned,
        ${raw(version >= 180_000 ? 'parallel_workers_launched::float8' : 'null::float8')} as workers_launched
      from pg_stat_database where datname = current_database()`,
    record: (rows, { record }) => {
      const row = onlyRow(rows[0]);
      record('postgres_transactions_total', row.commits, { outcome: 'commit' });
      record('postgres_transactions_total', row.rollbacks, { outcome: 'rollback' });
      record('postgres_blocks_total', row.hits, { source: 'hit' });
      record('postgres_blocks_total', row.reads, { source: 'read' });
      record('postgres_cache_hit_ratio', last === undefined ? undefined : hitRatio(last, row));
      last = { hits: row.hits, reads: row.reads };
      for (const operation of ['returned', 'fetched', 'inserted', 'updated', 'deleted'] as const)
        record('postgres_tuples_total', row[operation], { operation });
      record('postgres_temporary_bytes_total', row.temp_bytes);
      record('postgres_temporary_files_total', row.temp_files);
      record('postgres_deadlocks_total', row.deadlocks);
      record('postgres_conflicts_total', row.conflicts);
      record('postgres_checksum_failures_total', row.checksum_failures);
      record('postgres_stats_reset_time_seconds', row.stats_reset);
      // Without track_io_timing both are 0: not measured.
      if (row.read_seconds + row.write_seconds > 0) {
        record('postgres_block_io_seconds_total', row.read_seconds, { operation: 'read' });
        record('postgres_block_io_seconds_total', row.write_seconds, { operation: 'write' });
      }
      record('postgres_session_seconds_total', row.session_seconds, { kind: 'open' });
      record('postgres_session_seconds_total', row.active_seconds, { kind: 'active' });
      record('postgres_session_seconds_total', row.idle_in_transaction_seconds, { kind: 'idle_in_transaction' });
      record('postgres_sessions_total', row.sessions, { end: 'any' });
      for (const end of ['abandoned', 'fatal', 'killed'] as const) record('postgres_sessions_total', row[end], { end });
      record('postgres_parallel_workers_total', row.workers_planned, { kind: 'planned' });
      record('postgres_parallel_workers_total', row.workers_launched, { kind: 'launched' });
    },
  };
}

interface BlockCounts {
  readonly hits: number;
  readonly reads: number;
}

/** Undefined where no block was wanted, or the counters restarted. */
export function hitRatio(before: BlockCounts, after: BlockCounts): number | undefined {
  const [hits, reads] = [after.hits - before.hits, after.reads - before.reads];
  return hits < 0 || reads < 0 || hits + reads === 0 ? undefined : hits / (hits + reads);
}

/** 20 ms and more where the database has many files: rare. */
export const databaseSize: Check<{ readonly bytes: number }> = {
  name: 'postgres_size',
  tier: 'rare',
  statement: () => sql`select pg_database_size(current_database())::float8 as bytes`,
  record: (rows, { record }) => record('postgres_database_size_bytes', onlyRow(rows[0]).bytes),
};

export const tuples: Check<{ readonly live: number; readonly dead: number }> = {
  name: 'postgres_tables',
  tier: 'slow',
  statement: () =>
    sql`select coalesce(sum(n_live_tup), 0)::float8 as live, coalesce(sum(n_dead_tup), 0)::float8 as dead from pg_stat_user_tables`,
  record: (rows, { record }) => {
    const row = onlyRow(rows[0]);
    record('postgres_live_tuples', row.live);
    record('postgres_dead_tuples', row.dead);
  },
};

/** At 2^31 transactions the server refuses to assign more; the share of it that is used up is what autovacuum must keep small. */
const WRAPAROUND = 2 ** 31;

export const wraparound: Check<{ readonly xid_age: number; readonly multixact_age: number }> = {
  name: 'postgres_wraparound',
  tier: 'slow',
  statement: () =>
    sql`select max(age(datfrozenxid))::float8 as xid_age, max(mxid_age(datminmxid))::float8 as multixact_age from pg_database`,
  record: (rows, { record }) => {
    const row = onlyRow(rows[0]);
    record('postgres_transaction_id_age', row.xid_age);
    record('postgres_multixact_id_age', row.multixact_age);
    record('postgres_wraparound_usage_ratio', Math.max(row.xid_age, row.multixact_age) / WRAPAROUND);
  },
};
