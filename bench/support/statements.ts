import type { Database } from '../../src/db/database.ts';
import { sql } from '../../src/db/sql.ts';

export interface StatementCount {
  readonly query: string;
  readonly calls: number;
  /** Time the server spent on all of them, milliseconds. */
  readonly ms: number;
}

/** Begins to count anew. `on` should be a connection of its own: its own statements are told apart by their comment. */
export async function resetStatements(on: Database): Promise<void> {
  await on.query(sql`create extension if not exists pg_stat_statements`);
  await on.query(sql`select pg_stat_statements_reset()`);
}

/**
 * What this database was asked since, most frequent first, without transaction control and without what a bench asks itself
 * (statements with the comment "bench looks").
 */
export async function countStatements(on: Database): Promise<readonly StatementCount[]> {
  const { rows } = await on.query<StatementCount>(sql`
    select /* bench looks */ left(regexp_replace(s.query, '\\s+', ' ', 'g'), 120) as query, s.calls::int as calls, s.total_exec_time as ms
    from pg_stat_statements s join pg_database d on d.oid = s.dbid
    where d.datname = current_database() and s.toplevel
      and s.query !~* '^\\s*(begin|start transaction|commit|rollback|savepoint|release)' and s.query !~ 'bench looks|pg_stat_statements'
    order by s.calls desc`);
  return rows;
}

/** The process id of the postmaster of an embedded server. */
export async function postmasterOf(on: Database): Promise<number> {
  const row = await on.one<{ pid: number }>(sql`select /* bench looks */ split_part(pg_read_file('postmaster.pid'), E'\n', 1)::int as pid`);
  if (row === undefined) throw new Error('the server does not tell its pid');
  return row.pid;
}
