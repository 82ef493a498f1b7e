import { sql, type Sql } from '../../../db/sql.ts';
import { defineAction, targetName, type Concern, type LookSite, type RecoveryAction, type Symptom, type Target } from '../action.ts';
import { identifier } from './quote.ts';

interface TableRow {
  readonly schema: string;
  readonly name: string;
  readonly live: number;
  readonly rows: number;
}

/** Rows beyond which a table is worth the work: a fifth or a tenth of it and fifty, as autovacuum counts; where nobody named it, a thousand. */
const AT_LEAST_NAMED = 50;
const AT_LEAST = 1_000;

/** Tables with more changed rows since the last ANALYZE, or more dead ones, than the share. */
const tables = (column: 'n_mod_since_analyze' | 'n_dead_tup', share: number, named: string | undefined): Sql => sql`
  select schemaname as schema, relname as name, n_live_tup::float8 as live, n::float8 as rows
  from (select s.*, case ${column}::text when 'n_dead_tup' then s.n_dead_tup else s.n_mod_since_analyze end as n from pg_stat_user_tables s) t
  where n > ${named === undefined ? AT_LEAST : AT_LEAST_NAMED}::float8 + ${share}::float8 * n_live_tup
    and (${named ?? null}::text is null or relid = to_regclass(${named ?? null}))
  order by n desc
  -- More than any list may have: one too long must show as such.
  limit 101`;

async function tableTargets(
  { database }: LookSite,
  { labels }: Concern,
  column: 'n_mod_since_analyze' | 'n_dead_tup',
  share: number,
): Promise<readonly Target[]> {
  const schema = labels['schema'] === undefined ? '' : `${identifier(labels['schema'])}.`;
  const named =
    labels['table'] === undefined ? labels['relation'] : schema === '' ? labels['table'] : `${schema}${identifier(labels['table'])}`;
  const { rows } = await database.query<TableRow>(tables(column, share, named));
  return rows.map(({ name, schema: of }) => ({
    target: targetName({ table: `${of}.${name}` }),
    group: 'tables',
    params: { schema: of, table: name },
  }));
}

async function tableSymptom(
  { database }: LookSite,
  { params }: Target,
  column: 'n_mod_since_analyze' | 'n_dead_tup',
  share: number,
  what: string,
): Promise<Symptom> {
  const relation = `${identifier(String(params?.['schema']))}.${identifier(String(params?.['table']))}`;
  const row = await database.one<TableRow>(tables(column, share, relation));
  if (row === undefined) return { present: false, text: `few ${what}` };
  return { present: true, text: `${row.rows} ${what} in about ${row.live}`, value: row.rows };
}

const nameOf = ({ params }: Target): string => `${identifier(String(params?.['schema']))}.${identifier(String(params?.['table']))}`;

export const analyzeTable: RecoveryAction = defineAction({
  name: 'analyze_table',
  title: 'Analyse a table',
  description:
    'Gathers the statistics the planner goes by, where much has changed since they were gathered. Gives up after 5 s without its lock.',
  on: [{ rule: '*analyze*' }, { rule: '*stale_statistics*' }],
  idempotent: true,
  undo: 'irreversible',
  limits: { hold: '10s', verify: '2m', cooldown: '10m', timeout: '130s', runsAnHour: 12 },
  targets: (site, about) => tableTargets(site, about, 'n_mod_since_analyze', 0.1),
  steps: (target) => [{ kind: 'sql', how: 'alone', text: `analyze ${nameOf(target)}` }],
  symptom: (site, target) => tableSymptom(site, target, 'n_mod_since_analyze', 0.1, 'rows changed since the last ANALYZE'),
});

export const vacuumTable: RecoveryAction = defineAction({
  name: 'vacuum_table',
  title: 'Vacuum a table',
  description:
    'Frees what dead rows take, where there are many. A transaction that is still open elsewhere keeps them: then it does not help, and says so.',
  on: [{ rule: '*dead_rows*' }, { rule: '*dead_tuples*' }, { rule: '*bloat*' }, { rule: '*vacuum*' }],
  idempotent: true,
  undo: 'irreversible',
  limits: { hold: '10s', verify: '2m', cooldown: '10m', timeout: '130s' },
  targets: (site, about) => tableTargets(site, about, 'n_dead_tup', 0.2),
  steps: (target) => [{ kind: 'sql', how: 'alone', text: `vacuum (analyze) ${nameOf(target)}` }],
  symptom: (site, target) => tableSymptom(site, target, 'n_dead_tup', 0.2, 'dead rows'),
});
