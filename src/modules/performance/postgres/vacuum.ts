import { sql } from '../../../db/sql.ts';
import type { Check } from './server.ts';

interface HorizonRow {
  readonly holder: string;
  readonly age: number | null;
}

/** Who holds vacuum back, and how far: the one with the greatest age is the one to look at. */
export const vacuumHorizon: Check<HorizonRow> = {
  name: 'postgres_vacuum_horizon',
  tier: 'slow',
  statement: () => sql`
    select 'backend' as holder, max(greatest(age(backend_xid), age(backend_xmin)))::float8 as age
      from pg_stat_activity where pid <> pg_backend_pid() and backend_type <> 'walsender'
    union all select 'standby', max(age(backend_xmin))::float8 from pg_stat_replication
    union all select 'replication_slot', max(greatest(age(xmin), age(catalog_xmin)))::float8 from pg_replication_slots
    union all select 'prepared_transaction', max(age(transaction))::float8 from pg_prepared_xacts`,
  record: (rows, { record }) => {
    for (const { holder, age } of rows) record('postgres_vacuum_horizon_age_transactions', age ?? 0, { holder });
  },
};

interface DatabaseAgeRow {
  readonly datname: string;
  readonly xid_age: number;
  readonly multixact_age: number;
}

/** Databases of the server told by name at most. */
const MOST_DATABASES = 16;

export const databaseAges: Check<DatabaseAgeRow> = {
  name: 'postgres_database_ages',
  tier: '1m',
  statement: () => sql`
    select datname, age(datfrozenxid)::float8 as xid_age, mxid_age(datminmxid)::float8 as multixact_age
    from pg_database order by 2 desc, 1 limit ${MOST_DATABASES}`,
  record: (rows, { record }) => {
    for (const { datname, xid_age, multixact_age } of rows) {
      record('postgres_database_transaction_id_age', xid_age, { datname });
      record('postgres_database_multixact_id_age', multixact_age, { datname });
    }
  },
};

interface RelationAgeRow {
  readonly schema: string;
  readonly relation: string;
  readonly xid_age: number;
  readonly multixact_age: number;
}

/** The relations that keep the database's age, TOAST tables among them: they are frozen apart, and forgotten first. */
export const relationAges = (most: number): Check<RelationAgeRow> => ({
  name: 'postgres_relation_ages',
  tier: '10m',
  statement: () => sql`
    select n.nspname as schema, c.relname as relation, age(c.relfrozenxid)::float8 as xid_age, mxid_age(c.relminmxid)::float8 as multixact_age
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'm', 't') and c.relfrozenxid <> '0'
    order by greatest(age(c.relfrozenxid), mxid_age(c.relminmxid)) desc, c.oid limit ${most}`,
  record: (rows, { record }) => {
    for (const { schema, relation, xid_age, multixact_age } of rows) {
      record('postgres_relation_transaction_id_age', xid_age, { schema, relation });
      record('postgres_relation_multixact_id_age', multixact_age, { schema, relation });
    }
  },
});

interface DueRow {
  readonly schema: string;
  readonly table: string;
  readonly ratio: number;
  readonly due: number;
}

/**
 * Dead rows against the number at which autovacuum comes: above 1 it should have come. The table's own settings go before the
 * server's; autovacuum_vacuum_max_threshold caps the number since 18.
 */
export const autovacuumDue = (most: number): Check<DueRow> => ({
  name: 'postgres_autovacuum_due',
  tier: 'rare',
  statement: () => sql`
    with common as (
      select current_setting('autovacuum_vacuum_threshold')::float8 as threshold, current_setting('autovacuum_vacuum_scale_factor')::float8 as scale,
        nullif(coalesce(current_setting('autovacuum_vacuum_max_threshold', true), '-1')::float8, -1) as most
    ), candidates as (
      select c.oid, c.relnamespace, c.relname, greatest(c.reltuples, 0) as reltuples,
        case when c.reloptions is null then null else (select option_value::float8 from pg_options_to_table(c.reloptions) where option_name = 'autovacuum_vacuum_threshold') end as threshold,
        case when c.reloptions is null then null else (select option_value::float8 from pg_options_to_table(c.reloptions) where option_name = 'autovacuum_vacuum_scale_factor') end as scale,
        pg_stat_get_dead_tuples(c.oid)::float8 as dead
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'm') and n.nspname not in ('pg_catalog', 'information_schema')
    ), judged as (
      select t.oid, t.relnamespace, t.relname,
        t.dead / greatest(1, least(coalesce(t.threshold, common.threshold) + coalesce(t.scale, common.scale) * t.reltuples, common.most)) as ratio
      from candidates t, common where t.dead > 0
    )
    select n.nspname as schema, j.relname as table, j.ratio, count(*) filter (where j.ratio >= 1) over ()::int as due
    from judged j join pg_namespace n on n.oid = j.relnamespace order by j.ratio desc, j.oid limit ${most}`,
  record: (rows, { record }) => {
    record('postgres_tables_autovacuum_due', rows[0]?.due ?? 0);
    for (const { schema, table, ratio } of rows) record('postgres_table_autovacuum_due_ratio', ratio, { schema, table });
  },
});

interface LateRow {
  readonly kind: 'vacuum' | 'analyze';
  readonly schema: string;
  readonly table: string;
  readonly ratio: number;
}

/** A small table that changes all the time is due every minute, and served every minute: late is what nobody came to for so long. */
const LATE_AFTER = '10 minutes';

/**
 * The same for tables that autovacuum does not come to, for VACUUM and for ANALYZE. One that was late and is not any more is
 * told once as 0: what is silent is not known to be well.
 */
export function autovacuumLate(most: number): Check<LateRow> {
  let late: ReadonlyMap<string, Omit<LateRow, 'ratio'>> = new Map();
  return {
    name: 'postgres_autovacuum_late',
    tier: 'rare',
    statement: () => sql`
      with candidates as (
        select c.oid, n.nspname as schema, c.relname as table, greatest(c.reltuples, 0) as reltuples,
          case when c.reloptions is null then '{}'::jsonb else (select jsonb_object_agg(option_name, option_value) from pg_options_to_table(c.reloptions)) end as own
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'm') and n.nspname not in ('pg_catalog', 'information_schema')
      ), counted as (
        select t.*, k.kind, k.rows, k.served, coalesce((t.own ->> ('autovacuum_' || k.kind || '_threshold'))::float8,
            current_setting('autovacuum_' || k.kind || '_threshold')::float8)
          + coalesce((t.own ->> ('autovacuum_' || k.kind || '_scale_factor'))::float8,
            current_setting('autovacuum_' || k.kind || '_scale_factor')::float8) * t.reltuples as most
        from candidates t, lateral (values
          ('vacuum', pg_stat_get_dead_tuples(t.oid), greatest(pg_stat_get_last_vacuum_time(t.oid), pg_stat_get_last_autovacuum_time(t.oid))),
          ('analyze', pg_stat_get_mod_since_analyze(t.oid), greatest(pg_stat_get_last_analyze_time(t.oid), pg_stat_get_last_autoanalyze_time(t.oid)))
        ) k (kind, rows, served)
        where k.rows > 0 and (k.served is null or k.served < clock_timestamp() - ${LATE_AFTER}::interval)
      )
      select kind, schema, "table", rows::float8 / greatest(1, most) as ratio from counted
      where rows >= greatest(1, most) order by ratio desc, oid limit ${most}`,
    record: (rows, { record }) => {
      const now = new Map(rows.map(({ ratio: _, ...row }) => [JSON.stringify(row), row]));
      for (const { ratio, ...labels } of rows) record('postgres_table_autovacuum_late_ratio', ratio, { ...labels });
      for (const [key, labels] of late) if (!now.has(key)) record('postgres_table_autovacuum_late_ratio', 0, { ...labels });
      late = now;
    },
  };
}

interface ProgressRow {
  readonly command: string;
  readonly count: number;
  readonly ratio: number | null;
}

/** What the server works on at length, and how far the one that is furthest back has come. */
export const progress: Check<ProgressRow> = {
  name: 'postgres_progress',
  tier: '10s',
  statement: () => sql`
    select command, count(done)::int as count, min(done / nullif(of, 0)) as ratio from (
      select 'vacuum' as command, heap_blks_scanned::float8 as done, heap_blks_total::float8 as of from pg_stat_progress_vacuum
      union all select 'analyze', sample_blks_scanned, sample_blks_total from pg_stat_progress_analyze
      union all select 'create_index', blocks_done, blocks_total from pg_stat_progress_create_index
      union all select 'cluster', heap_blks_scanned, heap_blks_total from pg_stat_progress_cluster
      union all select 'copy', bytes_processed, bytes_total from pg_stat_progress_copy
      union all select 'basebackup', backup_streamed, coalesce(backup_total, 0) from pg_stat_progress_basebackup
    ) operation group by command`,
  record: (rows, { record }) => {
    for (const command of ['vacuum', 'analyze', 'create_index', 'cluster', 'copy', 'basebackup']) {
      const found = rows.find((row) => row.command === command);
      record('postgres_progress_operations', found?.count ?? 0, { command });
      record('postgres_progress_ratio', found?.ratio, { command });
    }
  },
};
