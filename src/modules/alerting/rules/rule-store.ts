import { MusterError } from '../../../base/errors.ts';
import type { Database } from '../../../db/database.ts';
import { raw, sql } from '../../../db/sql.ts';
import { readStored, type RuleDocument } from './document.ts';
import type { Level } from './rule.ts';
import type { VerdictState } from './verdict.ts';

/** Hinted after a rule changed. */
export const RULES_TOPIC = 'rules';
/** Rules there may be. */
export const MOST_RULES = 5_000;

export type RuleSource = 'default' | 'file' | 'api';

/** How a rule fared when it was evaluated last. */
export interface RuleReport {
  readonly state: VerdictState;
  readonly series: number;
  readonly pending: number;
  readonly firing: number;
  readonly noData: number;
  readonly error: number;
  readonly isTruncated: boolean;
  readonly why: string;
  readonly evaluatedAt: number;
}

export interface RuleRecord {
  readonly name: string;
  readonly enabled: boolean;
  /** As it is stored. */
  readonly definition: Readonly<Record<string, unknown>>;
  /** What it says; undefined where SQL wrote something that is no rule: then `fault` says why. */
  readonly document: RuleDocument | undefined;
  readonly fault: string | undefined;
  readonly source: RuleSource;
  readonly revision: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly updatedBy: string;
  /** Undefined: not evaluated yet. */
  readonly report: RuleReport | undefined;
}

export interface RuleTarget {
  readonly target: string;
  readonly state: VerdictState;
  readonly level: Level | null;
  readonly since: number;
  readonly value: number | null;
  readonly threshold: number | null;
  readonly labels: Readonly<Record<string, string>>;
}

export interface RuleStore {
  list(filter: { readonly source?: RuleSource }, page: { readonly limit: number; readonly after?: string }): Promise<readonly RuleRecord[]>;
  get(name: string): Promise<RuleRecord | undefined>;
  /** Throws CONFLICT where the name is taken. */
  create(definition: RuleDocument, by: string): Promise<RuleRecord>;
  /** Makes it or replaces it. Throws CONFLICT where it is kept in a file, PRECONDITION_FAILED where it is not at `revision`. */
  put(definition: RuleDocument, by: string, options?: { readonly revision?: number | undefined }): Promise<RuleRecord>;
  delete(name: string, options?: { readonly revision?: number | undefined }): Promise<boolean>;
  /** Targets that are not simply well, the longest first. */
  targets(name: string, limit: number): Promise<readonly RuleTarget[]>;
  /**
   * Makes the rules of a source exactly these. Names that somebody else has taken in a way that goes before are left alone, and
   * returned: a rule of a file goes before a shipped one, one that people changed goes before a shipped one too.
   */
  replaceSource(source: 'default' | 'file', definitions: readonly RuleDocument[], by: string): Promise<readonly string[]>;
}

interface RuleRow {
  readonly name: string;
  readonly enabled: boolean;
  readonly definition: Readonly<Record<string, unknown>>;
  readonly source: RuleSource;
  readonly revision: number;
  readonly created_at: number;
  readonly updated_at: number;
  readonly updated_by: string;
  readonly state: VerdictState | null;
  readonly series: number;
  readonly pending: number;
  readonly firing: number;
  readonly no_data: number;
  readonly error: number;
  readonly is_truncated: boolean;
  readonly why: string;
  readonly evaluated_at: number;
}

const ms = (column: string): string => `(extract(epoch from ${column}) * 1000)::float8`;
const COLUMNS = raw(
  `r.name, r.enabled, r.definition, r.source, r.revision::float8 as revision, ${ms('r.created_at')} as created_at, ${ms('r.updated_at')} as updated_at,
   r.updated_by, p.state, p.series, p.pending, p.firing, p.no_data, p.error, p.is_truncated, p.why, ${ms('p.evaluated_at')} as evaluated_at`,
);
const FROM = raw('muster.alert_rules r left join muster.rule_reports p on p.rule = r.name');

function toRecord(row: RuleRow): RuleRecord {
  const read = readStored(row.name, row.definition);
  return {
    name: row.name,
    enabled: row.enabled,
    definition: row.definition,
    ...('fault' in read ? { document: undefined, fault: read.fault } : { document: read, fault: undefined }),
    source: row.source,
    revision: row.revision,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    updatedBy: row.updated_by,
    report:
      row.state === null
        ? undefined
        : {
            state: row.state,
            series: row.series,
            pending: row.pending,
            firing: row.firing,
            noData: row.no_data,
            error: row.error,
            isTruncated: row.is_truncated,
            why: row.why,
            evaluatedAt: row.evaluated_at,
          },
  };
}

export function createRuleStore(database: Database, wake: { hint(topic: string): void }): RuleStore {
  const changed = (): void => wake.hint(RULES_TOPIC);
  const get = async (name: string): Promise<RuleRecord | undefined> => {
    const row = await database.one<RuleRow>(sql`select ${COLUMNS} from ${FROM} where r.name = ${name}`);
    return row === undefined ? undefined : toRecord(row);
  };
  const written = async (name: string): Promise<RuleRecord> => {
    changed();
    const record = await get(name);
    if (record === undefined) throw new MusterError('CONFLICT', `rule "${name}" was deleted meanwhile`);
    return record;
  };
  const requireRoom = async (): Promise<void> => {
    const count = (await database.one<{ n: number }>(sql`select count(*)::int as n from muster.alert_rules`))?.n ?? 0;
    if (count >= MOST_RULES)
      throw new MusterError('CONFLICT', `there are ${MOST_RULES} rules already`, {
        remedy: 'Delete some, or let one rule match more series.',
      });
  };

  return {
    get,

    async list(filter, page) {
      const { rows } = await database.query<RuleRow>(sql`
        select ${COLUMNS} from ${FROM}
        where (${filter.source ?? null}::text is null or r.source = ${filter.source ?? null})
          and (${page.after ?? null}::text is null or r.name > ${page.after ?? null})
        order by r.name limit ${page.limit}`);
      return rows.map(toRecord);
    },

    async create(definition, by) {
      await requireRoom();
      const { count } = await database.query(sql`
        insert into muster.alert_rules (name, definition, source, updated_by)
        values (${definition.name}, ${JSON.stringify(definition)}::jsonb, 'api', ${by}) on conflict (name) do nothing`);
      if (count === 0)
        throw new MusterError('CONFLICT', `there is a rule "${definition.name}" already`, {
          remedy: 'Replace it with PUT, or give the new one another name.',
        });
      return written(definition.name);
    },

    async put(definition, by, { revision } = {}) {
      const { name } = definition;
      const before = await get(name);
      if (revision !== undefined && (before?.revision ?? 0) !== revision) throw changedMeanwhile(name);
      if (before?.source === 'file') throw keptInFile(name);
      if (before === undefined) await requireRoom();
      const { count } = await database.query(sql`
        insert into muster.alert_rules as r (name, definition, source, updated_by)
        values (${name}, ${JSON.stringify(definition)}::jsonb, 'api', ${by})
        on conflict (name) do update
          set definition = excluded.definition, source = 'api', revision = r.revision + 1, updated_at = clock_timestamp(), updated_by = excluded.updated_by
          where r.source <> 'file' and (${revision ?? null}::bigint is null or r.revision = ${revision ?? null})`);
      if (count === 0) throw revision === undefined ? keptInFile(name) : changedMeanwhile(name);
      return written(name);
    },

    async delete(name, { revision } = {}) {
      const before = await get(name);
      if (before === undefined) return false;
      if (before.source === 'file') throw keptInFile(name);
      if (before.source === 'default')
        throw new MusterError('CONFLICT', `rule "${name}" ships with Muster and would come back`, {
          remedy: 'Disable it instead: put it with "enabled": false.',
        });
      const { count } = await database.query(sql`
        delete from muster.alert_rules
        where name = ${name} and source = 'api' and (${revision ?? null}::bigint is null or revision = ${revision ?? null})`);
      if (count === 0) throw changedMeanwhile(name);
      changed();
      return true;
    },

    async targets(name, limit) {
      const { rows } = await database.query<{
        target: string;
        state: VerdictState;
        level: Level | null;
        since: number;
        memory: { readonly value: number | null; readonly threshold: number | null };
        series: { readonly labels: Readonly<Record<string, string>> };
      }>(sql`
        select target, state, level, ${raw(ms('since'))} as since, memory, series from muster.rule_states
        where rule = ${name} order by since, target limit ${limit}`);
      return rows.map(({ target, state, level, since, memory, series }) => ({
        target,
        state,
        level,
        since,
        value: memory.value,
        threshold: memory.threshold,
        labels: series.labels,
      }));
    },

    async replaceSource(source, definitions, by) {
      const json = JSON.stringify(definitions.map((definition) => ({ name: definition.name, definition })));
      const outcome = await database.transaction(async (tx) => {
        // One at a time: two hosts that start together write the same.
        await tx.query(sql`select pg_advisory_xact_lock(hashtextextended('muster.alert_rules', 0))`);
        const removed = await tx.query(sql`
          delete from muster.alert_rules where source = ${source}
            and name not in (select name from jsonb_to_recordset(${json}::jsonb) as n (name text))`);
        const put = await tx.query<{ name: string }>(sql`
          insert into muster.alert_rules as r (name, definition, source, updated_by)
          select name, definition, ${source}, ${by} from jsonb_to_recordset(${json}::jsonb) as n (name text, definition jsonb)
          on conflict (name) do update
            set definition = excluded.definition, source = excluded.source, revision = r.revision + 1,
                updated_at = clock_timestamp(), updated_by = excluded.updated_by
            where (r.source = excluded.source or excluded.source = 'file')
              and (r.definition <> excluded.definition or r.source <> excluded.source)
          returning name`);
        const { rows } = await tx.query<{ name: string }>(sql`
          select r.name from muster.alert_rules r join jsonb_to_recordset(${json}::jsonb) as n (name text) using (name)
          where r.source <> ${source} order by 1`);
        return { isChanged: removed.count + put.count > 0, foreign: rows.map(({ name }) => name) };
      });
      if (outcome.isChanged) changed();
      return outcome.foreign;
    },
  };
}

const keptInFile = (name: string): MusterError =>
  new MusterError('CONFLICT', `rule "${name}" is kept in config/monitoring.yml`, { remedy: 'Change it there; the file is watched.' });
const changedMeanwhile = (name: string): MusterError => new MusterError('PRECONDITION_FAILED', `rule "${name}" changed since it was read`);
