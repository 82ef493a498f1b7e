import { sql } from '../../../db/sql.ts';
import { onlyRow, REST, seconds, type Check } from './server.ts';

interface BackendsRow {
  readonly datname: string;
  readonly backend_type: string;
  readonly state: string;
  readonly wait: string;
  readonly count: number;
}

/** Groups of sessions at most; the others are told in sum. */
const MOST_GROUPS = 40;

/** Every backend, the server's own too, by what it does and what it waits for. */
export const backends: Check<BackendsRow> = {
  name: 'postgres_backends',
  tier: '10s',
  statement: () => sql`
    select coalesce(datname, '') as datname, coalesce(backend_type, 'hidden') as backend_type, coalesce(state, '') as state,
      coalesce(wait_event_type, '') as wait, count(*)::int as count
    from pg_stat_activity where pid <> pg_backend_pid()
    group by 1, 2, 3, 4 order by 5 desc, 1, 2, 3, 4`,
  record: (rows, { record }) => {
    for (const { datname, backend_type, state, wait, count } of rows.slice(0, MOST_GROUPS))
      record('postgres_backends', count, { datname, backend_type, state, wait_event_type: wait });
    const rest = rows.slice(MOST_GROUPS).reduce((sum, { count }) => sum + count, 0);
    if (rest > 0) record('postgres_backends', rest, { datname: REST, backend_type: REST, state: REST, wait_event_type: REST });
  },
};

interface LocksRow {
  readonly mode: string;
  readonly granted: boolean;
  readonly count: number;
  /** Of the shared table; a lock on the fast path of its session takes no room there. */
  readonly shared: number;
  readonly room: number;
}

export const locks: Check<LocksRow> = {
  name: 'postgres_lock_modes',
  tier: '10s',
  statement: () => sql`
    select mode, granted, count(*)::int as count, count(*) filter (where not fastpath)::int as shared,
      current_setting('max_locks_per_transaction')::int
        * (current_setting('max_connections')::int + current_setting('max_prepared_transactions')::int) as room
    from pg_locks where pid is distinct from pg_backend_pid() group by mode, granted`,
  record: (rows, { record }) => {
    for (const { mode, granted, count } of rows) record('postgres_locks', count, { mode, granted: String(granted) });
    const room = rows[0]?.room;
    const shared = rows.reduce((sum, row) => sum + row.shared, 0);
    record('postgres_lock_table_usage_ratio', room === undefined ? 0 : shared / room);
  },
};

export interface BlockedRow {
  readonly pid: number;
  readonly blockers: readonly number[];
  readonly user: string | null;
  readonly application: string | null;
  readonly state: string | null;
  readonly query: string | null;
  readonly waited: number | null;
}

/** Sessions of a blocking tree that an event names at most. */
const MOST_NAMED = 20;

/**
 * Who waits for whom. `pg_blocking_pids` takes the lock manager for a moment, so only for those that wait; the sessions they
 * wait for come with them. When the root of the tree changes it is told as an event, the root named.
 */
export function blocking(): Check<BlockedRow> {
  let told = '';
  return {
    name: 'postgres_blocking',
    tier: 'fast',
    statement: () => sql`
      with waiting as (
        select pid, pg_blocking_pids(pid) as blockers from pg_stat_activity
        where wait_event_type = 'Lock' and application_name not like 'muster watcher %' limit 100
      )
      select a.pid, coalesce(w.blockers, '{}') as blockers, a.usename as user, a.application_name as application, a.state, left(a.query, 300) as query,
        case when w.pid is not null then ${seconds('clock_timestamp() - coalesce((select min(waitstart) from pg_locks l where l.pid = w.pid and not granted), a.state_change)')} end as waited
      from pg_stat_activity a left join waiting w using (pid)
      where w.pid is not null or a.pid in (select unnest(blockers) from waiting)`,
    record: (rows, { record, emit }) => {
      const blocked = rows.filter(({ blockers }) => blockers.length > 0);
      const roots = rootsOf(rows);
      record('postgres_blocked_backends', blocked.length);
      record('postgres_blocking_roots', roots.length);
      record('postgres_longest_blocked_seconds', Math.max(0, ...blocked.map(({ waited }) => waited ?? 0)));
      const gist = roots.map(({ pid }) => pid).join();
      if (gist !== told && gist !== '')
        emit('database:blocked', {
          roots: roots.slice(0, MOST_NAMED).map(({ pid, user, application, state, query }) => ({ pid, user, application, state, query })),
          waiting: blocked.slice(0, MOST_NAMED).map(({ pid, blockers, user, application, query, waited }) => ({
            pid,
            blocked_by: blockers,
            user,
            application,
            query,
            waited_seconds: waited,
          })),
          waiting_in_all: blocked.length,
        });
      told = gist;
    },
  };
}

/** Who blocks and is not blocked. In a circle, which the server is about to break, nobody is. */
export function rootsOf(rows: readonly BlockedRow[]): readonly BlockedRow[] {
  const blocking = new Set(rows.flatMap(({ blockers }) => blockers));
  return rows.filter(({ pid, blockers }) => blockers.length === 0 && blocking.has(pid)).toSorted((a, b) => a.pid - b.pid);
}

interface PreparedRow {
  readonly count: number;
  readonly longest: number | null;
}

export const preparedTransactions: Check<PreparedRow> = {
  name: 'postgres_prepared_transactions',
  tier: '1m',
  statement: () => sql`select count(*)::int as count, ${seconds('max(clock_timestamp() - prepared)')} as longest from pg_prepared_xacts`,
  record: (rows, { record }) => {
    const row = onlyRow(rows[0]);
    record('postgres_prepared_transactions', row.count);
    record('postgres_longest_prepared_transaction_seconds', row.longest ?? 0);
  },
};
