import { MusterError } from '../../../base/errors.ts';
import type { Database, Queryable } from '../../../db/database.ts';
import { raw, sql } from '../../../db/sql.ts';
import { MOST_DOCUMENTS } from './roster-store.ts';

/** Where people, schedules and policies are kept, and what they are called in messages. */
const TABLES = {
  person: 'muster.people',
  schedule: 'muster.oncall_schedules',
  'escalation policy': 'muster.escalation_policies',
} as const;
export type NamedKind = keyof typeof TABLES;

export interface NamedRecord<Document> {
  readonly name: string;
  readonly definition: Document;
  readonly revision: number;
  readonly updatedAt: number;
  readonly updatedBy: string;
}

/** Documents of one kind, each under its name. */
export interface NamedStore<Document extends { readonly name: string }> {
  /** In order of name. */
  list(page: { readonly limit: number; readonly after?: string | undefined }): Promise<readonly NamedRecord<Document>[]>;
  get(name: string): Promise<NamedRecord<Document> | undefined>;
  /**
   * Makes it or replaces it. Throws CONFLICT where there is one and it `mustBeNew`, and where there are too many; PRECONDITION_FAILED where it is not at
   * `revision`.
   */
  put(
    document: Document,
    by: string,
    how?: { readonly mustBeNew?: boolean; readonly revision?: number | undefined },
  ): Promise<NamedRecord<Document>>;
  delete(name: string): Promise<boolean>;
}

export function createNamedStore<Document extends { readonly name: string }>(database: Database, kind: NamedKind): NamedStore<Document> {
  const table = raw(TABLES[kind]);
  const columns = raw(
    `d.name, d.definition, d.revision::float8 as revision, (extract(epoch from d.updated_at) * 1000)::float8 as "updatedAt", d.updated_by as "updatedBy"`,
  );
  const get = async (on: Queryable, name: string): Promise<NamedRecord<Document> | undefined> =>
    (await on.query<NamedRecord<Document>>(sql`select ${columns} from ${table} d where d.name = ${name}`)).rows[0];
  return {
    async list({ after, limit }) {
      const { rows } = await database.query<NamedRecord<Document>>(
        sql`select ${columns} from ${table} d where d.name > ${after ?? ''} order by d.name limit ${limit}`,
      );
      return rows;
    },

    get: (name) => get(database, name),

    async put(document, by, { mustBeNew = false, revision } = {}) {
      const { name } = document;
      const { rows } = await database.query<NamedRecord<Document>>(sql`
        insert into ${table} as d (name, definition, updated_by)
        select ${name}, ${JSON.stringify(document)}::jsonb, ${by}
        where exists (select from ${table} where name = ${name}) or (select count(*) from ${table}) < ${MOST_DOCUMENTS}
        on conflict (name) do update set
          definition = excluded.definition, revision = d.revision + 1, updated_at = clock_timestamp(), updated_by = excluded.updated_by
        where not ${mustBeNew} and (${revision ?? null}::bigint is null or d.revision = ${revision ?? null}::bigint)
        returning ${columns}`);
      if (rows[0] !== undefined) return rows[0];
      if ((await get(database, name)) === undefined)
        throw new MusterError('CONFLICT', `there are ${MOST_DOCUMENTS} of them already: no ${kind} can be added`, {
          remedy: 'Delete some that nobody needs.',
        });
      if (mustBeNew)
        throw new MusterError('CONFLICT', `there is a ${kind} "${name}" already`, {
          remedy: 'Change it with PUT, or choose another name.',
        });
      throw new MusterError('PRECONDITION_FAILED', `${kind} "${name}" is no longer at revision ${revision}`);
    },

    async delete(name) {
      return (await database.query(sql`delete from ${table} where name = ${name}`)).count > 0;
    },
  };
}
