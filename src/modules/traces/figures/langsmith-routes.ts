import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { MusterError } from '../../../base/errors.ts';
import { readJson } from '../../../http/json-body.ts';
import type { ModuleServices } from '../../module.ts';
import { parseTimestamp } from '../reads/filter/timestamp.ts';
import { RUN_TYPES } from '../run/run-type.ts';
import { groupConversations } from './conversations.ts';
import { runStatistics, type StatisticsAsked } from './run-statistics.ts';
import { visibleProjects } from './visible-projects.ts';

const MOST_BYTES = 1_048_576;

const orNull = <Schema extends z.ZodType>(schema: Schema) => schema.nullish().transform((value) => value ?? undefined);
const Uuid = z.guid().transform((id) => id.toLowerCase());
const Uuids = z.union([Uuid, z.array(Uuid).max(1_000)]).transform((ids) => [ids].flat());
const When = z.union([z.string(), z.number()]).transform((value, ctx): number => {
  const micros = parseTimestamp(value);
  if (micros !== undefined) return micros / 1_000;
  ctx.addIssue({ code: 'custom', message: 'is not a time' });
  return z.NEVER;
});
const RunTypeName = z
  .string()
  .transform((name) => name.toLowerCase())
  .pipe(z.enum(RUN_TYPES));
const FilterText = z.string().max(10_000);

const Statistics = z.object({
  session: orNull(Uuids),
  id: orNull(Uuids),
  trace: orNull(Uuid),
  parent_run: orNull(Uuid),
  run_type: orNull(RunTypeName),
  reference_example: orNull(Uuids),
  start_time: orNull(When),
  end_time: orNull(When),
  error: orNull(z.boolean()),
  query: orNull(z.string().max(1_000)),
  filter: orNull(FilterText),
  trace_filter: orNull(FilterText),
  tree_filter: orNull(FilterText),
  is_root: orNull(z.boolean()),
  group_by: orNull(
    z.object({
      attribute: z.enum(['name', 'run_type', 'tag', 'metadata']),
      path: orNull(z.string().max(200)),
      max_groups: orNull(z.number().int().min(1).max(500)),
    }),
  ),
});

const Groups = z.object({
  session_id: Uuid,
  group_by: z.literal('conversation'),
  filter: orNull(FilterText),
  start_time: orNull(When),
  end_time: orNull(When),
  limit: orNull(z.number().int().min(1).max(1_000)),
  offset: orNull(z.number().int().min(0).max(1_000_000)),
});

const door = (summary: string) => ({ config: { permission: 'traces:read' as const }, schema: { tags: ['langsmith'], summary } });

/** What LangSmith's SDKs ask of runs added up. */
export function addLangsmithFigures(app: FastifyInstance, { state: { database } }: Pick<ModuleServices, 'state'>): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: MOST_BYTES }, async (_request: FastifyRequest, body: Buffer) =>
    readJson(body, { judgesItems: false }),
  );

  app.post('/langsmith/runs/stats', door('Counts, latency, tokens and cost of runs, in all or by group'), async (request) => {
    const { session, trace, parent_run, reference_example, id, error, query, trace_filter, tree_filter, group_by, ...asked } = parsed(
      Statistics,
      request.body,
    );
    const statistics: StatisticsAsked = {
      projects: await visibleProjects(request, database, session),
      now: Date.now(),
      from: asked.start_time,
      to: asked.end_time,
      runType: asked.run_type,
      isRoot: asked.is_root,
      words: query,
      groupBy: group_by,
      filters: defined({
        filter: asked.filter,
        traceFilter: trace_filter,
        treeFilter: tree_filter,
        ids: id,
        traceId: trace,
        parentRunId: parent_run,
        referenceExamples: reference_example,
        hasError: error,
      }),
    };
    return runStatistics(database, statistics);
  });

  app.post('/langsmith/runs/group', door('Conversations of a project, the latest first'), async (request) => {
    const { session_id, filter, start_time, end_time, limit, offset } = parsed(Groups, request.body);
    const [project] = await visibleProjects(request, database, [session_id]);
    return groupConversations(database, {
      projectNo: project?.no ?? 0,
      filter,
      from: start_time,
      to: end_time,
      limit: limit ?? 20,
      offset: offset ?? 0,
    });
  });
}

const defined = <T extends object>(fields: T): Partial<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;

/** Throws INVALID_INPUT with the fields that are wrong; what nobody here knows is passed over. */
function parsed<Schema extends z.ZodType>(schema: Schema, given: unknown): z.output<Schema> {
  const result = schema.safeParse(given ?? {});
  if (result.success) return result.data;
  const errors = result.error.issues.slice(0, 20).map(({ path, message, code }) => ({ pointer: `/${path.join('/')}`, code, message }));
  throw new MusterError('INVALID_INPUT', `${errors[0]?.pointer ?? ''}: ${errors[0]?.message ?? 'is not valid'}`, { data: { errors } });
}
