import { sql } from '../../../db/sql.ts';
import { MOST_ADVICE } from '../advice.ts';
import type { MetricName } from '../catalogue.ts';
import { onlyRow, type Check } from './server.ts';

interface SequenceRow {
  readonly schema: string;
  readonly sequence: string;
  readonly ratio: number;
}

/** Sequences near their end; those this role may not read have no last value. */
export const sequences = (most: number): Check<SequenceRow> => ({
  name: 'postgres_sequences',
  tier: '1h',
  advises: true,
  statement: () => sql`
    select schemaname as schema, sequencename as sequence,
      case when increment_by > 0 then (last_value - min_value::numeric) / nullif(max_value - min_value::numeric, 0)
        else (max_value - last_value::numeric) / nullif(max_value - min_value::numeric, 0) end::float8 as ratio
    from pg_sequences where last_value is not null and not cycle order by 3 desc nulls last, 1, 2 limit ${most}`,
  record: (rows, { record }) => {
    for (const { schema, sequence, ratio } of rows) record('postgres_sequence_usage_ratio', ratio, { schema, sequence });
  },
});

interface IntegerKeyRow {
  readonly schema: string;
  readonly table: string;
  readonly type: string;
  readonly ratio: number | null;
  readonly in_all: number;
}

/** Primary keys of four or two bytes, and how much of what they can count their sequence has used: it may count further than they. */
export const integerKeys = (most: number): Check<IntegerKeyRow> => ({
  name: 'postgres_integer_keys',
  tier: '1h',
  advises: true,
  statement: () => sql`
    select n.nspname as schema, c.relname as table, a.atttypid::regtype::text as type, count(*) over ()::int as in_all,
      (select pg_sequence_last_value(d.objid) from pg_depend d join pg_class q on q.oid = d.objid and q.relkind = 'S'
        where d.refclassid = 'pg_class'::regclass and d.classid = 'pg_class'::regclass and d.refobjid = c.oid and d.refobjsubid = a.attnum
          and d.deptype in ('a', 'i') and has_sequence_privilege(q.oid, 'select, usage') limit 1)::float8
        / case a.atttypid when 'int2'::regtype then 32767 else 2147483647 end as ratio
    from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
      join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
    where i.indisprimary and i.indnkeyatts = 1 and a.atttypid in ('int2'::regtype, 'int4'::regtype)
      and n.nspname not in ('pg_catalog', 'information_schema')
    order by 5 desc nulls last, c.reltuples desc, c.oid limit ${MOST_ADVICE}`,
  record: (rows, { record, advise }) => {
    record('postgres_integer_primary_keys', rows[0]?.in_all ?? 0);
    for (const { schema, table, ratio } of rows.slice(0, most)) record('postgres_integer_key_usage_ratio', ratio, { schema, table });
    advise(
      'integer_primary_keys',
      rows.map(({ schema, table, type, ratio }) => ({ object: `${schema}.${table}`, facts: { type, used_ratio: ratio } })),
    );
  },
});

interface NamedRow {
  readonly object: string;
  readonly note: string | null;
  readonly in_all: number;
}

/** A count, and the objects that are counted. */
const counted = (
  check: Pick<Check<NamedRow>, 'name' | 'since' | 'statement'>,
  metric: MetricName,
  topic: string,
  noteName: string,
): Check<NamedRow> => ({
  ...check,
  tier: '1h',
  advises: true,
  record: (rows, { record, advise }) => {
    record(metric, rows[0]?.in_all ?? 0);
    advise(
      topic,
      rows.map(({ object, note }) => ({ object, facts: note === null ? {} : { [noteName]: note } })),
    );
  },
});

export const withoutPrimaryKey = counted(
  {
    name: 'postgres_primary_keys',
    statement: () => sql`
      select format('%I.%I', n.nspname, c.relname) as object, null::text as note, count(*) over ()::int as in_all
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p') and not c.relispartition and c.relpersistence <> 't' and n.nspname not in ('pg_catalog', 'information_schema')
        and not exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary)
      order by c.relpages desc, c.oid limit ${MOST_ADVICE}`,
  },
  'postgres_tables_without_primary_key',
  'tables_without_primary_key',
  'note',
);

export const notValidated = counted(
  {
    name: 'postgres_constraints',
    statement: () => sql`
      select format('%I.%I', n.nspname, c.relname) as object, k.conname::text as note, count(*) over ()::int as in_all
      from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
      where not k.convalidated order by k.oid limit ${MOST_ADVICE}`,
  },
  'postgres_constraints_not_validated',
  'constraints_not_validated',
  'constraint',
);

export const extensions = counted(
  {
    name: 'postgres_extensions',
    statement: () => sql`
      select e.extname::text as object, e.extversion || ' -> ' || a.default_version as note, count(*) over ()::int as in_all
      from pg_extension e join pg_available_extensions() a on a.name = e.extname
      where a.default_version is distinct from e.extversion order by 1 limit ${MOST_ADVICE}`,
  },
  'postgres_extensions_outdated',
  'extensions_outdated',
  'versions',
);

/** A library with another order of letters than the one an index was built with makes the index wrong. */
export const collations = counted(
  {
    name: 'postgres_collations',
    since: 15,
    statement: () => sql`
      with mismatched as (
        select 'database ' || datname as object, datcollversion as recorded, pg_database_collation_actual_version(oid) as found
        from pg_database where datname = current_database()
        union all
        select format('collation %I.%I', n.nspname, c.collname), c.collversion, pg_collation_actual_version(c.oid)
        from pg_collation c join pg_namespace n on n.oid = c.collnamespace
        where c.collversion is not null and c.oid in (select refobjid from pg_depend where refclassid = 'pg_collation'::regclass)
      )
      select object, recorded || ' -> ' || found as note, count(*) over ()::int as in_all
      from mismatched where recorded is not null and recorded is distinct from found
      order by 1 limit ${MOST_ADVICE}`,
  },
  'postgres_collation_version_mismatches',
  'collation_version_mismatches',
  'versions',
);

interface RolesRow {
  readonly superusers: number;
}

export const superusers: Check<RolesRow> = {
  name: 'postgres_roles',
  tier: '1h',
  statement: () => sql`select count(*)::int as superusers from pg_roles where rolsuper`,
  record: (rows, { record }) => record('postgres_superusers', onlyRow(rows[0]).superusers),
};

interface HbaRow {
  readonly errors: number;
  readonly trusting: number;
}

/** Lines of pg_hba.conf that do not parse, and those that let anybody in from elsewhere without a password. Superusers may read it. */
export const hostAccess: Check<HbaRow> = {
  name: 'postgres_hba',
  tier: '1h',
  statement: () => sql`
    select count(*) filter (where error is not null)::int as errors,
      count(*) filter (where auth_method = 'trust' and type <> 'local' and address not in ('127.0.0.1', '::1', 'localhost', 'samehost'))::int as trusting
    from pg_hba_file_rules`,
  record: (rows, { record }) => {
    const row = onlyRow(rows[0]);
    record('postgres_hba_errors', row.errors);
    record('postgres_hba_trusting_rules', row.trusting);
  },
};

export interface SettingRow {
  readonly name: string;
  /** Null for text, which may hold a secret. */
  readonly value: string | null;
  readonly digest: string;
  readonly pending: boolean;
}

const MOST_CHANGES = 20;

/** Settings that somebody made, and what became of them since the last look: told as an event, for it explains much of what follows. */
export function settings(): Check<SettingRow> {
  let before: ReadonlyMap<string, SettingRow> | undefined;
  return {
    name: 'postgres_settings',
    tier: '1h',
    statement: () => sql`
      select name, case when vartype <> 'string' then setting end as value, md5(coalesce(setting, '')) as digest, pending_restart as pending
      from pg_settings where source not in ('default', 'client', 'session', 'override') and name <> 'application_name'`,
    record: (rows, { record, emit, advise }) => {
      record('postgres_settings_pending_restart', rows.filter(({ pending }) => pending).length);
      advise(
        'settings_pending_restart',
        rows.filter(({ pending }) => pending).map(({ name }) => ({ object: name, facts: {} })),
      );
      const now = new Map(rows.map((row) => [row.name, row]));
      const changes = before === undefined ? [] : settingChanges(before, now);
      if (changes.length > 0)
        emit('database:settings_changed', { changes: changes.slice(0, MOST_CHANGES), changes_in_all: changes.length });
      before = now;
    },
  };
}

/** What differs, by name. */
export function settingChanges(
  before: ReadonlyMap<string, SettingRow>,
  after: ReadonlyMap<string, SettingRow>,
): readonly { readonly name: string; readonly from: string | null; readonly to: string | null }[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((name) => before.get(name)?.digest !== after.get(name)?.digest)
    .toSorted()
    .map((name) => ({ name, from: before.get(name)?.value ?? null, to: after.get(name)?.value ?? null }));
}
