import { raw, sql } from '../../../db/sql.ts';
import { Busiest } from '../busiest.ts';
import type { Collection } from '../collector.ts';
import type { MetricName } from '../catalogue.ts';
import type { Labels } from '../reading.ts';
import { REST, type Check } from './server.ts';

/** Tables read at most: an answer of 5,000 rows takes Node 30 ms. */
const MOST_READ = 5_000;

interface TableRow {
  readonly schema: string;
  readonly table: string;
  readonly live: number;
  readonly dead: number;
  readonly modified: number;
  readonly vacuumed: number | null;
  readonly analyzed: number | null;
  readonly in_all: number;
  readonly [counter: `c_${string}`]: number | null;
}

/** Counters of a table: the column, its metric, and the label that tells it apart. */
const COUNTERS = [
  ['c_seq_scan', 'postgres_table_scans_total', { kind: 'sequential' }],
  ['c_idx_scan', 'postgres_table_scans_total', { kind: 'index' }],
  ['c_seq_tup_read', 'postgres_table_tuples_total', { operation: 'read_sequentially' }],
  ['c_idx_tup_fetch', 'postgres_table_tuples_total', { operation: 'fetched_by_index' }],
  ['c_ins', 'postgres_table_tuples_total', { operation: 'inserted' }],
  ['c_upd', 'postgres_table_tuples_total', { operation: 'updated' }],
  ['c_del', 'postgres_table_tuples_total', { operation: 'deleted' }],
  ['c_hot', 'postgres_table_tuples_total', { operation: 'updated_hot' }],
  ['c_newpage', 'postgres_table_tuples_total', { operation: 'updated_to_new_page' }],
  ['c_vacuum_seconds', 'postgres_table_vacuum_seconds_total', {}],
  ['c_heap_hit', 'postgres_table_blocks_total', { part: 'heap', source: 'hit' }],
  ['c_heap_read', 'postgres_table_blocks_total', { part: 'heap', source: 'read' }],
  ['c_index_hit', 'postgres_table_blocks_total', { part: 'index', source: 'hit' }],
  ['c_index_read', 'postgres_table_blocks_total', { part: 'index', source: 'read' }],
  ['c_toast_hit', 'postgres_table_blocks_total', { part: 'toast', source: 'hit' }],
  ['c_toast_read', 'postgres_table_blocks_total', { part: 'toast', source: 'read' }],
] as const satisfies readonly (readonly [`c_${string}`, MetricName, Labels])[];

const countersOf = (row: TableRow): Readonly<Record<string, number | null>> =>
  Object.fromEntries(COUNTERS.map(([column]) => [column, row[column] ?? null]));

/** Rows that were touched, in whatever way: what makes a table busy. */
const work = (row: TableRow): number =>
  (row.c_seq_tup_read ?? 0) + (row.c_idx_tup_fetch ?? 0) + (row.c_ins ?? 0) + (row.c_upd ?? 0) + (row.c_del ?? 0);

/**
 * The busiest tables by name, all others in sum. Pages of updates came with 16, times of vacuum with 18.
 */
export function tables(most: number): Check<TableRow> {
  const busiest = new Busiest<TableRow>({ most, key: ({ schema, table }) => `${schema}\0${table}`, counters: countersOf, work });
  return {
    name: 'postgres_table_activity',
    tier: '1m',
    statement: (version) => {
      const newpage = version >= 160_000 ? 'n_tup_newpage_upd' : 'null';
      const vacuumSeconds = version >= 180_000 ? '(total_vacuum_time + total_autovacuum_time) / 1000' : 'null';
      return sql`
        select schemaname as schema, relname as table, n_live_tup::float8 as live, n_dead_tup::float8 as dead, n_mod_since_analyze::float8 as modified,
          extract(epoch from greatest(last_vacuum, last_autovacuum))::float8 as vacuumed,
          extract(epoch from greatest(last_analyze, last_autoanalyze))::float8 as analyzed,
          seq_scan::float8 as c_seq_scan, idx_scan::float8 as c_idx_scan, seq_tup_read::float8 as c_seq_tup_read, idx_tup_fetch::float8 as c_idx_tup_fetch,
          n_tup_ins::float8 as c_ins, n_tup_upd::float8 as c_upd, n_tup_del::float8 as c_del, n_tup_hot_upd::float8 as c_hot,
          ${raw(newpage)}::float8 as c_newpage, ${raw(vacuumSeconds)}::float8 as c_vacuum_seconds,
          heap_blks_hit::float8 as c_heap_hit, heap_blks_read::float8 as c_heap_read, idx_blks_hit::float8 as c_index_hit, idx_blks_read::float8 as c_index_read,
          toast_blks_hit::float8 as c_toast_hit, toast_blks_read::float8 as c_toast_read, count(*) over ()::int as in_all
        from pg_stat_user_tables join pg_statio_user_tables using (relid, schemaname, relname)
        order by seq_tup_read + coalesce(idx_tup_fetch, 0) + n_tup_ins + n_tup_upd + n_tup_del desc, relid limit ${MOST_READ}`;
    },
    record: (rows, collection) => {
      const { top, rest, restCounters } = busiest.split(rows);
      collection.record('postgres_tables', rows[0]?.in_all ?? 0);
      for (const row of top) {
        const labels = { schema: row.schema, table: row.table };
        recordCounters(collection, countersOf(row), labels);
        recordRows(collection, row, labels);
        collection.record('postgres_table_last_vacuum_time_seconds', row.vacuumed, { ...labels, kind: 'vacuum' });
        collection.record('postgres_table_last_vacuum_time_seconds', row.analyzed, { ...labels, kind: 'analyze' });
      }
      if (rest.length === 0) return;
      const labels = { schema: REST, table: REST };
      recordCounters(collection, restCounters, labels);
      const sum = (value: (row: TableRow) => number): number => rest.reduce((total, row) => total + value(row), 0);
      recordRows(collection, { live: sum((row) => row.live), dead: sum((row) => row.dead), modified: sum((row) => row.modified) }, labels);
    },
  };
}

function recordCounters({ record }: Collection, counters: Readonly<Record<string, number | null>>, labels: Labels): void {
  // What this server or table does not have stays 0 for good in the sum of the rest: no series either.
  for (const [column, metric, own] of COUNTERS) {
    const value = counters[column];
    if (value !== 0 || metric === 'postgres_table_scans_total') record(metric, value, { ...labels, ...own });
  }
}

function recordRows({ record }: Collection, { live, dead, modified }: Pick<TableRow, 'live' | 'dead' | 'modified'>, labels: Labels): void {
  record('postgres_table_live_tuples', live, labels);
  record('postgres_table_dead_tuples', dead, labels);
  record('postgres_table_modified_since_analyze_tuples', modified, labels);
}

interface RelationSizeRow {
  readonly kind: 'table' | 'index';
  readonly schema: string | null;
  readonly relation: string | null;
  readonly table: string | null;
  readonly bytes: number;
  readonly count: number;
}

/** Sizes as of the last vacuum or analyze: asking the file system for each would cost six times as much. */
export const relationSizes = (most: number): Check<RelationSizeRow> => ({
  name: 'postgres_relation_sizes',
  tier: 'rare',
  statement: () => sql`
    with sized as (
      select case when c.relkind = 'i' then 'index' else 'table' end as kind, c.oid, c.relnamespace, c.relname,
        c.relpages * current_setting('block_size')::float8 as bytes,
        row_number() over (partition by c.relkind = 'i' order by c.relpages desc, c.oid) as place
      from pg_class c where c.relkind in ('r', 'm', 'i')
        and c.relnamespace not in (select oid from pg_namespace where nspname in ('pg_catalog', 'information_schema', 'pg_toast'))
    )
    select s.kind, n.nspname as schema, s.relname as relation, t.relname as table, s.bytes, 1 as count
    from sized s join pg_namespace n on n.oid = s.relnamespace left join pg_index i on i.indexrelid = s.oid left join pg_class t on t.oid = i.indrelid
    where s.place <= ${most}
    union all select kind, null, null, null, sum(bytes), count(*)::int from sized where place > ${most} group by kind`,
  record: (rows, { record }) => {
    for (const { kind, schema, relation, table, bytes } of rows) {
      if (kind === 'table') record('postgres_table_size_bytes', bytes, { schema: schema ?? REST, table: relation ?? REST });
      else record('postgres_index_size_bytes', bytes, { schema: schema ?? REST, table: table ?? REST, index: relation ?? REST });
    }
    record(
      'postgres_indexes',
      rows.filter(({ kind }) => kind === 'index').reduce((sum, { count }) => sum + count, 0),
    );
  },
});

interface ExactSizeRow {
  readonly schema: string;
  readonly table: string;
  readonly bytes: number;
}

/** What the largest tables really take with their indexes and TOAST: the file system is asked, a file at a time. */
export const exactSizes = (most: number): Check<ExactSizeRow> => ({
  name: 'postgres_exact_sizes',
  tier: '1h',
  advises: true,
  statement: () => sql`
    select n.nspname as schema, c.relname as table, pg_total_relation_size(c.oid)::float8 as bytes
    from (
      select oid, relname, relnamespace from pg_class where relkind in ('r', 'm')
        and relnamespace not in (select oid from pg_namespace where nspname in ('pg_catalog', 'information_schema'))
      order by relpages desc, oid limit ${most}
    ) c join pg_namespace n on n.oid = c.relnamespace`,
  record: (rows, { record }) => {
    for (const { schema, table, bytes } of rows) record('postgres_table_total_size_bytes', bytes, { schema, table });
  },
});

interface BloatRow {
  readonly schema: string | null;
  readonly table: string | null;
  readonly bytes: number;
}

/**
 * Space beyond what the rows would take, estimated from the planner's statistics: rows × (header + average width), in pages that
 * are as full as the table's fillfactor. A table whose columns have no statistics is left out, not taken for lean.
 */
export const tableBloat = (most: number): Check<BloatRow> => ({
  name: 'postgres_table_bloat',
  tier: '6h',
  advises: true,
  statement: () => sql`
    with widths as (
      select starelid, count(*) as columns, sum((1 - stanullfrac) * stawidth) as width, bool_or(stanullfrac > 0) as nulls
      from pg_statistic where not stainherit group by starelid
    ), estimated as (
      select c.oid, c.relnamespace, c.relname,
        greatest(0, c.relpages - ceil(c.reltuples * (28 + case when w.nulls then 8 else 0 end + ceil(w.width / 8) * 8)
          / ((current_setting('block_size')::int - 24)
             * coalesce((select option_value::float8 from pg_options_to_table(c.reloptions) where option_name = 'fillfactor'), 100) / 100)))
          * current_setting('block_size')::float8 as bytes
      from pg_class c join widths w on w.starelid = c.oid
      where c.relkind in ('r', 'm') and c.reltuples > 0 and c.relpages > 8
        and c.relnamespace not in (select oid from pg_namespace where nspname in ('pg_catalog', 'information_schema'))
        and w.columns >= (select count(*) from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)
    ), placed as (
      select *, row_number() over (order by bytes desc, oid) as place from estimated
    )
    select n.nspname as schema, p.relname as table, p.bytes from placed p join pg_namespace n on n.oid = p.relnamespace where p.place <= ${most}
    union all select null, null, sum(bytes) from placed where place > ${most} having count(*) > 0`,
  record: (rows, { record }) => {
    for (const { schema, table, bytes } of rows)
      record('postgres_table_bloat_estimated_bytes', bytes, { schema: schema ?? REST, table: table ?? REST });
  },
});
