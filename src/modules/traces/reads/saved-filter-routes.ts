import { z } from 'zod';
import { MusterError } from '../../../base/errors.ts';
import type { Database } from '../../../db/database.ts';
import { sql, type Sql } from '../../../db/sql.ts';
import type { Api } from '../../../http/api.ts';
import { allows } from '../../../http/permissions.ts';
import { principalOf } from '../../../http/principal.ts';
import { IsoTime, Nothing, problems, text } from '../../../http/schemas.ts';
import { isoMicros } from './filter/timestamp.ts';
import { micros } from './run-record.ts';

const FilterView = z
  .object({
    id: z.guid(),
    name: z.string(),
    query: z.string().describe('The query string of the list of runs'),
    is_shared: z.boolean().describe('Everybody sees it; otherwise only who made it'),
    created_by: z.string(),
    created_at: IsoTime,
  })
  .meta({ id: 'SavedTraceFilter' });

const NewFilter = z.strictObject({ name: text(1, 100), query: text(1, 8_192), is_shared: z.boolean().default(false) });
const MOST_OF_ONE = 200;

interface FilterRow {
  readonly id: string;
  readonly name: string;
  readonly query: string;
  readonly is_shared: boolean;
  readonly created_by: string;
  readonly created_at: number;
}
const COLUMNS: Sql = {
  text: `filter_id as id, name, query, is_shared, created_by, ${micros('created_at')} as created_at`,
  values: [],
};

/** Filters of the list of runs that somebody wants again. */
export function addSavedFilterRoutes(app: Api, db: Database): void {
  app.get(
    '/traces/saved-filters',
    {
      config: { permission: 'traces:read' },
      schema: {
        tags: ['traces'],
        summary: 'List saved filters: your own and those that are shared',
        response: { 200: z.object({ items: z.array(FilterView) }), ...problems() },
      },
    },
    async (request) => {
      const { rows } = await db.query<FilterRow>(sql`
        select ${COLUMNS} from muster.trace_saved_filters where is_shared or created_by = ${principalOf(request).subject} order by name, filter_id limit 1000`);
      return { items: rows.map(view) };
    },
  );

  app.post(
    '/traces/saved-filters',
    {
      config: { permission: 'traces:read' },
      schema: {
        tags: ['traces'],
        summary: 'Save a filter; one of yours with that name is replaced. To share it takes traces:write',
        body: NewFilter,
        response: { 201: FilterView, ...problems(413) },
      },
    },
    async (request, reply) => {
      const { name, query, is_shared: isShared } = request.body;
      const principal = principalOf(request);
      if (isShared) demandWrite(principal);
      const { rows } = await db.query<FilterRow>(sql`
        insert into muster.trace_saved_filters (name, query, is_shared, created_by)
        select ${name}, ${query}, ${isShared}, ${principal.subject}
        where (select count(*) from muster.trace_saved_filters where created_by = ${principal.subject} and name <> ${name}) < ${MOST_OF_ONE}
        on conflict (created_by, name) do update set query = excluded.query, is_shared = excluded.is_shared returning ${COLUMNS}`);
      const [row] = rows;
      if (row === undefined)
        throw new MusterError('TOO_LARGE', `there are ${MOST_OF_ONE} filters of yours already`, { remedy: 'Remove some.' });
      return reply.code(201).send(view(row));
    },
  );

  app.delete(
    '/traces/saved-filters/:id',
    {
      config: { permission: 'traces:read' },
      schema: {
        tags: ['traces'],
        summary: 'Remove a saved filter: your own, or with traces:write a shared one',
        params: z.strictObject({ id: z.guid() }),
        response: { 204: Nothing, ...problems(404) },
      },
    },
    async (request, reply) => {
      const principal = principalOf(request);
      const { id } = request.params;
      const { rows } = await db.query<FilterRow>(
        sql`select ${COLUMNS} from muster.trace_saved_filters where filter_id = ${id}::uuid and (is_shared or created_by = ${principal.subject})`,
      );
      const [found] = rows;
      if (found === undefined) throw new MusterError('NOT_FOUND', `there is no saved filter ${id}`);
      if (found.created_by !== principal.subject) demandWrite(principal);
      await db.query(sql`delete from muster.trace_saved_filters where filter_id = ${id}::uuid`);
      return reply.code(204).send(null);
    },
  );
}

function demandWrite(principal: Parameters<typeof allows>[0]): void {
  if (!allows(principal, 'traces:write'))
    throw new MusterError('FORBIDDEN', 'this needs the permission traces:write', { data: { permission: 'traces:write' } });
}

const view = (row: FilterRow): z.input<typeof FilterView> => ({ ...row, created_at: isoMicros(row.created_at) });
