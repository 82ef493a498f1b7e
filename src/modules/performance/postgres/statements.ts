import { MusterError } from '../../../base/errors.ts';
import { sqlStateOf } from '../../../db/failure.ts';
import { raw, sql } from '../../../db/sql.ts';
import { Busiest } from '../busiest.ts';
import type { MetricName } from '../catalogue.ts';
import type { Collector } from '../collector.ts';
import type { Labels } from '../reading.ts';
import { REST, rowsOf } from './server.ts';

interface StatementRow {
  readonly queryid: string;
  readonly datname: string;
  readonly usename: string;
  readonly [counter: `c_${string}`]: number | null;
}

const COUNTERS = [
  ['c_calls', 'postgres_query_calls_total', {}],
  ['c_exec', 'postgres_query_execution_seconds_total', {}],
  ['c_plan', 'postgres_query_planning_seconds_total', {}],
  ['c_rows', 'postgres_query_rows_total', {}],
  ['c_hit', 'postgres_query_blocks_total', { source: 'hit' }],
  ['c_read', 'postgres_query_blocks_total', { source: 'read' }],
  ['c_temp', 'postgres_query_temporary_blocks_total', {}],
  ['c_wal', 'postgres_query_wal_bytes_total', {}],
] as const satisfies readonly (readonly [`c_${string}`, MetricName, Labels])[];

const countersOf = (row: StatementRow): Readonly<Record<string, number | null>> =>
  Object.fromEntries(COUNTERS.map(([column]) => [column, row[column] ?? null]));

/** Statements read at most, those with the most time. */
const MOST_READ = 1_000;

interface ExtensionRow {
  readonly schema: string;
}

/**
 * pg_stat_statements: the statements that take the most time by their id, the others in sum. Where entries are thrown out for
 * want of room (`dealloc` rises) the totals miss what these had counted. The extension is looked for each time: it may come.
 */
export function statements(most: number): Collector {
  const busiest = new Busiest<StatementRow>({
    most,
    key: ({ queryid, datname, usename }) => `${queryid}\0${datname}\0${usename}`,
    counters: countersOf,
    work: (row) => row.c_exec ?? 0,
  });
  return {
    name: 'postgres_statements',
    tier: '1m',
    asksDatabase: true,
    async collect(collection) {
      const { record } = collection;
      const [extension] = await rowsOf<ExtensionRow>(
        collection,
        sql`select quote_ident(n.nspname) as schema from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'pg_stat_statements'`,
      );
      if (extension === undefined) throw new MusterError('NOT_MEASURABLE', 'pg_stat_statements is not installed in this database');
      const rows = await readStatements(collection, extension.schema);
      const { top, rest, restCounters } = busiest.split(rows);
      for (const row of top) recordAll(record, countersOf(row), { queryid: row.queryid, datname: row.datname, usename: row.usename });
      if (rest.length > 0) recordAll(record, restCounters, { queryid: REST, datname: REST, usename: REST });
      const [info] = await rowsOf<{ readonly dealloc: number }>(
        collection,
        sql`select dealloc::float8 as dealloc from ${raw(extension.schema)}.pg_stat_statements_info`,
      );
      record('postgres_statements_deallocated_total', info?.dealloc);
    },
  };
}

async function readStatements(collection: Parameters<Collector['collect']>[0], schema: string): Promise<readonly StatementRow[]> {
  try {
    return await rowsOf<StatementRow>(
      collection,
      sql`
        select s.queryid::text as queryid, coalesce(d.datname, '') as datname, coalesce(r.rolname, '') as usename,
          sum(s.calls)::float8 as c_calls, sum(s.total_exec_time) / 1000 as c_exec, sum(s.total_plan_time) / 1000 as c_plan, sum(s.rows)::float8 as c_rows,
          sum(s.shared_blks_hit)::float8 as c_hit, sum(s.shared_blks_read)::float8 as c_read,
          sum(s.temp_blks_read + s.temp_blks_written)::float8 as c_temp, sum(s.wal_bytes)::float8 as c_wal
        from ${raw(schema)}.pg_stat_statements(false) s left join pg_database d on d.oid = s.dbid left join pg_roles r on r.oid = s.userid
        where s.queryid is not null group by 1, 2, 3 order by 5 desc limit ${MOST_READ}`,
    );
  } catch (error) {
    // object_not_in_prerequisite_state: created, but not in shared_preload_libraries.
    if (sqlStateOf(error) !== '55000') throw error;
    throw new MusterError('NOT_MEASURABLE', 'pg_stat_statements is not in shared_preload_libraries', { cause: error });
  }
}

function recordAll(
  record: Parameters<Collector['collect']>[0]['record'],
  counters: Readonly<Record<string, number | null>>,
  labels: Labels,
): void {
  for (const [column, metric, own] of COUNTERS) record(metric, counters[column], { ...labels, ...own });
}
