import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Database } from '../../../db/database.ts';
import { sql, type Sql } from '../../../db/sql.ts';
import { mayUseProject, principalOf, type Principal } from '../../../http/principal.ts';
import { invalid } from '../../../http/problem.ts';
import { problems, text, Time } from '../../../http/schemas.ts';
import type { ModuleServices } from '../../module.ts';
import { noProject } from '../reads/run-access.ts';
import { conditionsOf } from '../reads/run-filters.ts';
import { RUN_STATUSES, RUN_TYPES } from '../run/run-type.ts';
import { CSV_HEAD, csvLine, ndjsonLine } from './exported-run.ts';
import { cursorOf, placeOf, readRuns, type ExportQuery } from './read-runs.ts';
import { sendStream } from './stream.ts';

const many = z.union([text(1, 512).transform((one) => [one]), z.array(text(1, 512)).max(100)]);
const flag = z.enum(['true', 'false']).transform((value) => value === 'true');

export const ExportSelection = z.strictObject({
  project: many.optional().describe('By name; repeat it for more. Default: all'),
  from: Time.optional().describe('Runs that began at this time or later'),
  to: Time.optional().describe('Runs that began before this time'),
  filter: text(1, 10_000).optional().describe("In LangSmith's filter language"),
  is_root: flag.optional(),
  run_type: z.enum(RUN_TYPES).optional(),
  status: z.enum(RUN_STATUSES).optional(),
  model: text(1, 512).optional(),
  tag: text(1, 512).optional(),
  user: text(1, 512).optional(),
  thread: text(1, 512).optional(),
});
export type ExportSelection = z.output<typeof ExportSelection>;

const Query = ExportSelection.extend({
  format: z.enum(['ndjson', 'csv']).default('ndjson'),
  cursor: text(1, 100).optional().describe('`cursor` of the last line that arrived: the export goes on behind it'),
});

/** What a selection means in SQL. Throws INVALID_INPUT for a filter that cannot be read. */
export function exportQuery(selection: ExportSelection, projects: readonly number[] | null, cursor?: string): ExportQuery {
  const { from, to, filter, is_root: isRoot, run_type: runType, status, model, tag, user, thread } = selection;
  const after = cursor === undefined ? undefined : placeOf(cursor);
  if (cursor !== undefined && after === undefined)
    throw invalid([{ pointer: '/cursor', code: 'invalid', message: 'is not a cursor of an export' }]);
  const conditions = conditionsOf({ filter, isRoot, runType, status, model, tag, user, thread });
  const own: Sql[] = [];
  if (projects !== null) own.push(sql`r.project_no = any(${projects}::int[])`);
  if (from !== undefined) own.push(sql`r.start_time >= to_timestamp(${from}::float8 / 1000)`);
  if (to !== undefined) own.push(sql`r.start_time < to_timestamp(${to}::float8 / 1000)`);
  // A run whose clock is far off lies on the day it arrived, which is later than the one it says.
  const day = (at: number): string => new Date(at).toISOString().slice(0, 10);
  return { conditions: (of) => [...own, ...conditions(of)], fromDay: from === undefined ? null : day(from), toDay: null, after };
}

/** The projects of a selection that somebody may see, by number; null: all. Throws NOT_FOUND for a name that nobody has, or that is not for them. */
export async function chosenProjects(
  db: Database,
  who: Pick<Principal, 'projects'>,
  named: readonly string[] | undefined,
): Promise<readonly number[] | null> {
  const names = named ?? who.projects;
  if (names === null) return null;
  const { rows } = await db.query<{ no: number; name: string }>(
    sql`select project_no as no, name from muster.trace_projects where name = any(${names}::text[])`,
  );
  const missing = named?.find((name) => !mayUseProject(who, name) || !rows.some((row) => row.name === name));
  if (missing !== undefined) throw noProject(missing);
  return rows.map(({ no }) => no);
}

/** Pieces of a page each: an object a run would cost more than the run. */
export async function* exportedText(db: Database, query: ExportQuery, format: 'ndjson' | 'csv'): AsyncGenerator<string> {
  if (format === 'csv') yield CSV_HEAD;
  for await (const page of readRuns(db, query))
    yield page.map((run) => (format === 'csv' ? csvLine(run, cursorOf(run)) : ndjsonLine(run, cursorOf(run)))).join('');
}

/** Runs out of Muster, as many as there are. */
export function addExportRoutes(instance: FastifyInstance, { state }: Pick<ModuleServices, 'state'>): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();
  app.get(
    '/traces/export',
    {
      config: { permission: 'traces:manage' },
      schema: {
        tags: ['traces'],
        summary: 'Export runs as a stream, with all they hold',
        description:
          'NDJSON with JSON as it was sent, or CSV in which no cell is a formula. In memory lie a few hundred runs at a time, however many there are. Compressed with gzip where `Accept-Encoding` says so. Broken off, it goes on with `cursor`.',
        querystring: Query,
        response: {
          200: {
            description: 'Runs',
            content: { 'application/x-ndjson': { schema: z.string() }, 'text/csv': { schema: z.string() } },
          },
          ...problems(404),
        },
      },
    },
    async (request, reply) => {
      const { format, cursor, ...selection } = request.query;
      const query = exportQuery(selection, await chosenProjects(state.database, principalOf(request), selection.project), cursor);
      return sendStream(request, reply, {
        pieces: exportedText(state.database, query, format),
        contentType: format === 'csv' ? 'text/csv; charset=utf-8' : 'application/x-ndjson',
        fileName: `runs.${format}`,
      });
    },
  );
}
