import { MusterError } from '../base/errors.ts';
import type { Database, Queryable } from '../db/database.ts';
import { raw, sql } from '../db/sql.ts';
import { fenced, type Fence } from './fence.ts';
import { requireRow } from './rows.ts';

export interface SystemStateEntry {
  readonly key: string;
  readonly value: unknown;
  readonly updatedAt: number;
  readonly updatedBy: string | null;
  readonly revision: number;
}

/** Small JSON documents by key: the table system_state. */
export interface SystemState {
  get(key: string): Promise<SystemStateEntry | undefined>;
  list(
    filter: { readonly prefix?: string },
    page: { readonly limit: number; readonly after?: string },
  ): Promise<readonly SystemStateEntry[]>;
  /**
   * Writes in an operator's name, or, with a fence, in an agent's. `revision`: only if it is still at this one
   * (0: must not exist), else PRECONDITION_FAILED.
   */
  set(key: string, value: unknown, by: string | Fence, options?: { readonly revision?: number }): Promise<SystemStateEntry>;
  delete(key: string, by: string | Fence, options?: { readonly revision?: number }): Promise<boolean>;
}

/** A document larger than this belongs in a table of its own. */
export const MAX_VALUE_BYTES = 1_048_576;

interface EntryRow {
  readonly key: string;
  readonly value: unknown;
  readonly updated_at: number;
  readonly updated_by: string | null;
  readonly revision: number;
}

const ENTRY_COLUMNS = raw(
  `key, value, (extract(epoch from updated_at) * 1000)::float8 as updated_at, updated_by, revision::float8 as revision`,
);

const toEntry = (row: EntryRow): SystemStateEntry => ({
  key: row.key,
  value: row.value,
  updatedAt: row.updated_at,
  updatedBy: row.updated_by,
  revision: row.revision,
});

export function createSystemState(database: Database, changed: () => void): SystemState {
  /** In an operator's name at once, in an agent's under its fence. */
  const write = async <T>(by: string | Fence, work: (on: Queryable, name: string) => Promise<T>): Promise<T> => {
    const result =
      typeof by === 'string' ? await work(database, by) : await fenced(database, by.hostId, [by], (tx) => work(tx, by.agentId));
    changed();
    return result;
  };

  return {
    async get(key) {
      const row = await database.one<EntryRow>(sql`select ${ENTRY_COLUMNS} from muster.system_state where key = ${key}`);
      return row === undefined ? undefined : toEntry(row);
    },

    async list(filter, page) {
      const { rows } = await database.query<EntryRow>(sql`
        select ${ENTRY_COLUMNS} from muster.system_state
        where (${filter.prefix ?? null}::text is null or starts_with(key, ${filter.prefix ?? null}))
          and (${page.after ?? null}::text is null or key > ${page.after ?? null})
        order by key limit ${page.limit}`);
      return rows.map(toEntry);
    },

    async set(key, value, by, options) {
      const json = encode(key, value);
      const revision = options?.revision;
      return write(by, async (on, name) => {
        const statement =
          revision === undefined
            ? sql`insert into muster.system_state as s (key, value, updated_by) values (${key}, ${json}::jsonb, ${name})
                on conflict (key) do update set value = excluded.value, updated_by = excluded.updated_by, updated_at = clock_timestamp()`
            : revision === 0
              ? sql`insert into muster.system_state (key, value, updated_by) values (${key}, ${json}::jsonb, ${name}) on conflict (key) do nothing`
              : sql`update muster.system_state set value = ${json}::jsonb, updated_by = ${name}, updated_at = clock_timestamp()
                  where key = ${key} and revision = ${revision}`;
        const { rows } = await on.query<EntryRow>(sql`${statement} returning ${ENTRY_COLUMNS}`);
        if (rows[0] === undefined && revision !== undefined) throw changedSince(key, revision);
        return toEntry(requireRow(rows[0], `system state ${key}`));
      });
    },

    async delete(key, by, options) {
      const revision = options?.revision ?? null;
      return write(by, async (on) => {
        const { count } = await on.query(sql`delete from muster.system_state
          where key = ${key} and (${revision}::bigint is null or revision = ${revision}::bigint)`);
        if (count === 0 && revision !== null) throw changedSince(key, revision);
        return count > 0;
      });
    },
  };
}

function encode(key: string, value: unknown): string {
  if (key === '' || key.length > 255) throw new MusterError('INVALID_INPUT', 'a key of system_state has 1 to 255 characters');
  const json = JSON.stringify(value) as string | undefined;
  if (json === undefined) throw new MusterError('INVALID_INPUT', `the value of "${key}" cannot be written as JSON`);
  if (Buffer.byteLength(json) > MAX_VALUE_BYTES) {
    throw new MusterError('TOO_LARGE', `the value of "${key}" is larger than ${MAX_VALUE_BYTES} bytes`, {
      remedy: 'Keep large documents in a table of your own and their key here.',
    });
  }
  return json;
}

const changedSince = (key: string, revision: number): MusterError =>
  new MusterError('PRECONDITION_FAILED', revision === 0 ? `"${key}" exists already` : `"${key}" is no longer at revision ${revision}`);
