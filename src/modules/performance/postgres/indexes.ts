import { sql } from '../../../db/sql.ts';
import { MOST_ADVICE } from '../advice.ts';
import { Busiest } from '../busiest.ts';
import { REST, seconds, type Check } from './server.ts';

interface IndexScansRow {
  readonly schema: string;
  readonly table: string;
  readonly index: string;
  readonly scans: number;
}

const MOST_READ = 5_000;

/** The function behind the view: the view's joins cost twenty times as much. */
export function indexScans(most: number): Check<IndexScansRow> {
  const busiest = new Busiest<IndexScansRow>({
    most,
    key: ({ schema, index }) => `${schema}\0${index}`,
    counters: ({ scans }) => ({ scans }),
    work: ({ scans }) => scans,
  });
  return {
    name: 'postgres_index_activity',
    tier: '10m',
    statement: () => sql`
      select n.nspname as schema, t.relname as table, c.relname as index, pg_stat_get_numscans(c.oid)::float8 as scans
      from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
      where n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast') order by 4 desc, c.oid limit ${MOST_READ}`,
    record: (rows, { record }) => {
      const { top, rest, restCounters } = busiest.split(rows);
      for (const { schema, table, index, scans } of top) record('postgres_index_scans_total', scans, { schema, table, index });
      if (rest.length > 0) record('postgres_index_scans_total', restCounters['scans'], { schema: REST, table: REST, index: REST });
    },
  };
}

interface UnscannedRow {
  readonly object: string;
  readonly bytes: number;
  readonly in_all: number;
  readonly bytes_in_all: number;
  readonly age_days: number;
}

/** Smaller ones are not worth a thought. */
const LEAST_BYTES = 1_048_576;

/**
 * Indexes nobody has used since the statistics began. Left out is what does more than serve reads: primary keys, unique and
 * exclusion constraints, replica identities, what tables are clustered by, what an extension owns. It is advice only where
 * the statistics are old enough and no standby uses them: the facts say how old they are.
 */
export const unusedIndexes: Check<UnscannedRow> = {
  name: 'postgres_unused_indexes',
  tier: '6h',
  advises: true,
  statement: () => sql`
    with since as (
      select ${seconds('clock_timestamp() - coalesce(stats_reset, pg_postmaster_start_time())')} / 86400 as age_days
      from pg_stat_database where datname = current_database()
    ), unscanned as (
      select c.oid, c.relnamespace, c.relname, c.relpages * current_setting('block_size')::float8 as bytes
      from pg_index i join pg_class c on c.oid = i.indexrelid
      where i.indisvalid and not i.indisunique and not i.indisprimary and not i.indisexclusion and not i.indisreplident and not i.indisclustered
        and c.relpages * current_setting('block_size')::float8 >= ${LEAST_BYTES} and pg_stat_get_numscans(c.oid) = 0
        and not exists (select from pg_constraint k where k.conindid = c.oid)
        and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
    )
    select format('%I.%I', n.nspname, u.relname) as object, u.bytes, count(*) over ()::int as in_all, sum(u.bytes) over () as bytes_in_all,
      (select age_days from since) as age_days
    from unscanned u join pg_namespace n on n.oid = u.relnamespace
    where n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast') order by u.bytes desc, u.oid limit ${MOST_ADVICE}`,
  record: (rows, { record, advise }) => {
    record('postgres_unscanned_indexes', rows[0]?.in_all ?? 0);
    record('postgres_unscanned_indexes_bytes', rows[0]?.bytes_in_all ?? 0);
    advise(
      'unscanned_indexes',
      rows.map(({ object, bytes, age_days }) => ({
        object,
        facts: { bytes, statistics_age_days: Math.floor(age_days), old_enough_to_judge: age_days >= 30 },
      })),
    );
  },
};

interface DuplicateRow {
  readonly object: string;
  readonly covered_by: string;
  readonly bytes: number;
  readonly in_all: number;
}

/**
 * A B-tree whose columns are the first columns of another on the same table, with the same operators, collations, order, condition
 * and expressions, serves no query that the other does not; other kinds must be the same in all columns.
 */
export const duplicateIndexes: Check<DuplicateRow> = {
  name: 'postgres_duplicate_indexes',
  tier: '6h',
  advises: true,
  statement: () => sql`
    with indexes as (
      select i.indexrelid, i.indrelid, c.relname, c.relnamespace, c.relam, c.relpages * current_setting('block_size')::float8 as bytes, i.indisunique,
        i.indnatts = i.indnkeyatts as plain, i.indkey::text || ' ' as keys, i.indclass::text || ' ' as classes, i.indcollation::text || ' ' as collations,
        i.indoption::text || ' ' as options, coalesce(pg_get_expr(i.indpred, i.indrelid), '') as condition, i.indexprs is not null as has_expressions,
        coalesce(pg_get_expr(i.indexprs, i.indrelid), '') as expressions, m.amname = 'btree' as btree, exists (select from pg_constraint k where k.conindid = i.indexrelid) as constrains,
        i.indisreplident or i.indisclustered as serves
      from pg_index i join pg_class c on c.oid = i.indexrelid join pg_am m on m.oid = c.relam
      where i.indisvalid and c.relnamespace not in (select oid from pg_namespace where nspname in ('pg_catalog', 'information_schema', 'pg_toast'))
    ), pairs as (
      select distinct on (a.indexrelid) a.indexrelid, a.relnamespace, a.relname, a.bytes, b.relname as other
      from indexes a join indexes b on b.indrelid = a.indrelid and b.indexrelid <> a.indexrelid and b.relam = a.relam and b.condition = a.condition
        and b.expressions = a.expressions
        and (case when a.btree and not a.has_expressions
          then starts_with(b.keys, a.keys) and starts_with(b.classes, a.classes) and starts_with(b.collations, a.collations) and starts_with(b.options, a.options)
          else b.keys = a.keys and b.classes = a.classes and b.collations = a.collations and b.options = a.options end)
      -- Of two that are the same, the younger goes.
      where a.plain and not a.indisunique and not a.constrains and not a.serves and (b.keys <> a.keys or b.indisunique or b.indexrelid < a.indexrelid)
      order by a.indexrelid, length(b.keys) desc
    )
    select format('%I.%I', n.nspname, p.relname) as object, format('%I.%I', n.nspname, p.other) as covered_by, p.bytes, count(*) over ()::int as in_all
    from pairs p join pg_namespace n on n.oid = p.relnamespace order by p.bytes desc, p.indexrelid limit ${MOST_ADVICE}`,
  record: (rows, { record, advise }) => {
    record('postgres_duplicate_indexes', rows[0]?.in_all ?? 0);
    advise(
      'duplicate_indexes',
      rows.map(({ object, covered_by, bytes }) => ({ object, facts: { covered_by, bytes } })),
    );
  },
};

interface NamedRow {
  readonly object: string;
  readonly in_all: number;
}

/** What a failed CREATE INDEX CONCURRENTLY leaves: written to, never read. One that is being built is none yet. */
export const invalidIndexes: Check<NamedRow> = {
  name: 'postgres_invalid_indexes',
  tier: '1h',
  statement: () => sql`
    select format('%I.%I', n.nspname, c.relname) as object, count(*) over ()::int as in_all
    from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
    where not i.indisvalid and c.relkind = 'i' and not exists (select from pg_stat_progress_create_index p where p.index_relid = c.oid)
    order by 1 limit ${MOST_ADVICE}`,
  record: (rows, { record, advise }) => {
    record('postgres_invalid_indexes', rows[0]?.in_all ?? 0);
    advise(
      'invalid_indexes',
      rows.map(({ object }) => ({ object, facts: {} })),
    );
  },
};

interface ForeignKeyRow extends NamedRow {
  readonly constraint: string;
  readonly columns: string;
}

/** Every DELETE or change of key in the other table reads all of this one. */
export const unindexedForeignKeys: Check<ForeignKeyRow> = {
  name: 'postgres_unindexed_foreign_keys',
  tier: '1h',
  advises: true,
  statement: () => sql`
    select format('%I.%I', n.nspname, c.relname) as object, k.conname as constraint, count(*) over ()::int as in_all,
      (select string_agg(a.attname, ', ' order by p.place) from unnest(k.conkey) with ordinality p (attnum, place)
        join pg_attribute a on a.attrelid = k.conrelid and a.attnum = p.attnum) as columns
    from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
    where k.contype = 'f' and n.nspname not in ('pg_catalog', 'information_schema') and not exists (
      select from pg_index i where i.indrelid = k.conrelid and i.indisvalid and i.indpred is null
        -- The first columns of the index are those of the key, in whatever order.
        and (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey and (i.indkey::int2[])[0:cardinality(k.conkey) - 1] <@ k.conkey)
    order by c.relpages desc, k.oid limit ${MOST_ADVICE}`,
  record: (rows, { record, advise }) => {
    record('postgres_unindexed_foreign_keys', rows[0]?.in_all ?? 0);
    advise(
      'unindexed_foreign_keys',
      rows.map(({ object, constraint, columns }) => ({ object, facts: { constraint, columns } })),
    );
  },
};

interface CandidateRow extends NamedRow {
  readonly scans: number;
  readonly rows_a_scan: number;
  readonly live: number;
}

/** Large tables that are read from end to end more often than by an index. Which index would help, no statistics view can tell. */
export const missingIndexes: Check<CandidateRow> = {
  name: 'postgres_missing_indexes',
  tier: '1h',
  advises: true,
  statement: () => sql`
    select format('%I.%I', schemaname, relname) as object, count(*) over ()::int as in_all, seq_scan::float8 as scans,
      seq_tup_read::float8 / seq_scan as rows_a_scan, n_live_tup::float8 as live
    from pg_stat_user_tables
    where n_live_tup >= 10000 and seq_scan >= 100 and seq_scan > coalesce(idx_scan, 0) and seq_tup_read / nullif(seq_scan, 0) >= 5000
    order by seq_tup_read desc, relid limit ${MOST_ADVICE}`,
  record: (rows, { record, advise }) => {
    record('postgres_missing_index_candidates', rows[0]?.in_all ?? 0);
    advise(
      'missing_index_candidates',
      rows.map(({ object, scans, rows_a_scan, live }) => ({
        object,
        facts: { sequential_scans: scans, rows_a_scan: Math.round(rows_a_scan), rows: live, verified: false },
      })),
    );
  },
};
