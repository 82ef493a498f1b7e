import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { MusterError } from '../../../../base/errors.ts';
import { principalOf } from '../../../../http/principal.ts';
import type { ModuleServices } from '../../../module.ts';
import { isRunType, RUN_TYPES } from '../../run/run-type.ts';
import type { Micros } from '../../run/operation.ts';
import { visibleTo } from '../../reads/access.ts';
import { sendJson } from '../../reads/answers.ts';
import { listText, objectText, verbatim } from '../../reads/json-text.ts';
import { listProjects, type ProjectRecord } from '../../reads/project-store.ts';
import { runSeenBy } from '../../reads/run-access.ts';
import type { RunFilters } from '../../reads/run-filters.ts';
import { cursorOf, placeOf } from '../../reads/run-place.ts';
import type { RunRecord } from '../../reads/run-record.ts';
import { listRunsOf } from '../../reads/run-search.ts';
import { runsOfTrace } from '../../reads/run-store.ts';
import { shareTrace, unshare } from '../../reads/share-store.ts';
import { oneOrMany, parsed, said, Timestamp, Uuid } from './bodies.ts';
import { appPath, isV2Field, v2Fields, type ShownRun, type V2Field } from './run-fields.ts';
import { baseOf, showRuns } from './show.ts';
import { withSubtreeUsage } from '../../reads/subtree-usage.ts';
import { usageOfTraces } from '../../reads/trace-usage.ts';
import { isoOrNull } from '../../reads/run-view.ts';

const DAY = 86_400e6;
const MOST = 100;
const MOST_IN_TRACE = 25_000;

export const Selects = said(oneOrMany(z.string().max(100)));
const FilterText = said(z.string());
const Window = { min_start_time: said(Timestamp), max_start_time: said(Timestamp) };
export const Cursor = { cursor: said(z.string().max(4_096)), page_size: said(z.coerce.number().int().min(1)) };

const RunsQuery = z.object({
  project_ids: said(oneOrMany(Uuid)),
  reference_dataset_id: said(Uuid),
  ids: said(oneOrMany(Uuid)),
  trace_id: said(Uuid),
  run_type: said(
    z
      .string()
      .transform((type) => type.toLowerCase())
      .refine(isRunType, `is one of ${RUN_TYPES.join(', ')}`),
  ),
  is_root: said(z.boolean()),
  include_subtree_usage: said(z.boolean()),
  has_error: said(z.boolean()),
  reference_examples: said(oneOrMany(Uuid)),
  filter: FilterText,
  trace_filter: FilterText,
  tree_filter: FilterText,
  ai_search: said(z.string()),
  selects: Selects,
  ...Window,
  ...Cursor,
});

const TracesQuery = z.object({
  project_id: Uuid,
  trace_ids: said(oneOrMany(Uuid)),
  trace_filter: FilterText,
  tree_filter: FilterText,
  ai_search: said(z.string()),
  selects: Selects,
  ...Window,
  ...Cursor,
});

const door = (permission: 'traces:read' | 'traces:write', summary: string) => ({
  config: { permission },
  schema: { tags: ['langsmith'], summary },
});

/** Throws INVALID_INPUT for a field that nobody knows: left out without a word it would look like a run without it. */
export function selected(names: readonly string[] | undefined): readonly V2Field[] {
  return (names ?? ['ID']).map((name) => {
    const field = name.toUpperCase();
    if (isV2Field(field)) return field;
    throw new MusterError('INVALID_INPUT', `/selects: there is no field ${name}`);
  });
}

/** Of an end that is not said, and of a beginning: the last day, as LangSmith does it. */
export const windowOf = (from: Micros | undefined, to: Micros | undefined): { readonly from: Micros; readonly to: Micros | undefined } => ({
  from: from ?? (to ?? Date.now() * 1_000) - DAY,
  to,
});

export function refuseAiSearch(aiSearch: string | undefined): void {
  if (aiSearch !== undefined)
    throw new MusterError('INVALID_INPUT', 'ai_search is not offered here', {
      remedy: 'Use filter, with search("words") for a text in the run.',
    });
}

export const sendPage = (reply: FastifyReply, items: string, next: string | null): FastifyReply =>
  sendJson(reply, `{"items":${items},"next_cursor":${JSON.stringify(next)}}`);

/** The projects that are named, of those that may be seen. Throws NOT_FOUND where none is. */
export async function projectsById(
  request: FastifyRequest,
  { state }: ModuleServices,
  ids: readonly string[],
): Promise<readonly ProjectRecord[]> {
  const projects = await listProjects(state.database, await visibleTo(request, state.database), { ids });
  if (projects.length === 0) throw new MusterError('NOT_FOUND', `there is no project ${ids.join(', ')}`);
  return projects;
}

/** Runs and traces, as the second version of LangSmith's API reads them. */
export function addV2Reads(app: FastifyInstance, services: ModuleServices): void {
  const { database: db, secrets } = services.state;
  const show = (
    request: FastifyRequest,
    runs: readonly RunRecord[],
    projects: readonly ProjectRecord[],
    fields: readonly V2Field[],
  ): Promise<readonly ShownRun[]> => showRuns(runs, { db, secrets, base: baseOf(request), projects, fields });

  /** A page of runs as far as it fits, and the place behind it. */
  async function page(
    request: FastifyRequest,
    query: {
      readonly projects: readonly ProjectRecord[];
      readonly filters: RunFilters;
      readonly from: Micros | undefined;
      readonly to: Micros | undefined;
      readonly limit: number;
      readonly cursor: string | undefined;
      readonly addsSubtrees?: boolean | undefined;
    },
    fields: readonly V2Field[],
  ): Promise<{ readonly shown: readonly ShownRun[]; readonly next: string | null }> {
    const { projects, filters, from, to, limit, cursor, addsSubtrees = false } = query;
    const runs = await listRunsOf(db, {
      projects: projects.map(({ projectNo }) => projectNo),
      filters,
      from,
      to,
      after: placeOf(cursor),
      limit: limit + 1,
    });
    const listed = runs.slice(0, limit);
    const shown = await show(request, addsSubtrees ? await withSubtreeUsage(db, listed) : listed, projects, fields);
    const last = shown.at(-1)?.run;
    return { shown, next: last !== undefined && runs.at(-1)?.runId !== last.runId ? cursorOf(last) : null };
  }

  app.post('/langsmith/v2/runs/query', door('traces:read', 'Runs that fit, newest first'), async (request, reply) => {
    const query = parsed(RunsQuery, request.body);
    refuseAiSearch(query.ai_search);
    const { project_ids: ids, reference_dataset_id: dataset } = query;
    if ((ids === undefined) === (dataset === undefined))
      throw new MusterError('INVALID_INPUT', 'either project_ids or reference_dataset_id is wanted');
    const projects =
      dataset === undefined
        ? await projectsById(request, services, ids ?? [])
        : await listProjects(db, await visibleTo(request, db), { referenceDatasetIds: [dataset] });
    // Whoever names runs or a trace means those, whenever they were.
    const isNamed = query.ids !== undefined || query.trace_id !== undefined || dataset !== undefined;
    const { from, to } = isNamed
      ? { from: query.min_start_time, to: query.max_start_time }
      : windowOf(query.min_start_time, query.max_start_time);
    const fields = selected(query.selects);
    const { shown, next } = await page(
      request,
      {
        projects,
        from,
        to,
        limit: Math.min(query.page_size ?? MOST, MOST),
        cursor: query.cursor,
        addsSubtrees: query.include_subtree_usage,
        filters: {
          filter: query.filter,
          traceFilter: query.trace_filter,
          treeFilter: query.tree_filter,
          ids: query.ids,
          traceId: query.trace_id,
          runType: query.run_type,
          isRoot: query.is_root,
          hasError: query.has_error,
          referenceExamples: query.reference_examples,
        },
      },
      fields,
    );
    return sendPage(reply, listText(shown.map((one) => objectText(v2Fields(one, fields)))), next);
  });

  app.get('/langsmith/v2/runs/:run_id', door('traces:read', 'A run'), async (request, reply) => {
    const { run, project } = await runSeenBy(request, db, runIdOf(request));
    const fields = selected(parsed(z.object({ selects: Selects }), request.query).selects);
    const [shown] = await show(request, [run], [project], fields);
    return sendJson(reply, objectText(shown === undefined ? { id: run.runId } : v2Fields(shown, fields)));
  });

  app.get('/langsmith/v2/runs/:run_id/url', door('traces:read', 'Where the dashboard shows a run'), async (request) => {
    const { run, project } = await runSeenBy(request, db, runIdOf(request));
    const [shown] = await show(request, [run], [project], ['ID']);
    return { url: `${baseOf(request)}${shown === undefined ? '' : appPath(shown)}` };
  });

  app.post('/langsmith/v2/runs/:run_id/share', door('traces:write', 'Share the trace of a run'), async (request) => {
    const { run } = await runSeenBy(request, db, runIdOf(request));
    return { share_token: (await shareTrace(db, run, { by: principalOf(request).subject, expiresAt: null })).token };
  });
  app.delete('/langsmith/v2/runs/:run_id/share', door('traces:write', 'Share a trace no more'), async (request, reply) => {
    const { run } = await runSeenBy(request, db, runIdOf(request));
    await unshare(db, run.traceId);
    return reply.code(204).send();
  });

  app.get(
    '/langsmith/v2/traces/:trace_id/runs',
    door('traces:read', 'The runs of a trace, parents before their children'),
    async (request, reply) => {
      const { trace_id: traceId } = parsed(z.object({ trace_id: Uuid }), request.params);
      const Query = z.object({ project_id: Uuid, filter: FilterText, selects: Selects, ...Window });
      const { project_id: projectId, filter, selects, min_start_time: from, max_start_time: to } = parsed(Query, request.query);
      const projects = await projectsById(request, services, [projectId]);
      const numbers = projects.map(({ projectNo }) => projectNo);
      const fields = selected(selects);
      const runs = await runsOfTrace(db, traceId, numbers, MOST_IN_TRACE);
      const fitting =
        filter === undefined
          ? undefined
          : new Set(
              (await listRunsOf(db, { projects: numbers, filters: { filter, traceId }, limit: MOST_IN_TRACE })).map(({ runId }) => runId),
            );
      const chosen = runs.filter(
        (run) =>
          (from === undefined || run.startTime >= from) && (to === undefined || run.startTime < to) && fitting?.has(run.runId) !== false,
      );
      const shown = await show(request, chosen, projects, fields);
      return sendJson(reply, `{"items":${listText(shown.map((one) => objectText(v2Fields(one, fields))))}}`);
    },
  );

  app.post(
    '/langsmith/v2/traces/query',
    door('traces:read', 'Traces that fit, newest first: their roots, and what all of their runs used'),
    async (request, reply) => {
      const query = parsed(TracesQuery, request.body);
      refuseAiSearch(query.ai_search);
      const projects = await projectsById(request, services, [query.project_id]);
      const fields = selected(query.selects);
      const window =
        query.trace_ids === undefined
          ? windowOf(query.min_start_time, query.max_start_time)
          : { from: query.min_start_time, to: query.max_start_time };
      const filters = { filter: query.trace_filter, treeFilter: query.tree_filter, traceIds: query.trace_ids, isRoot: true };
      const { shown, next } = await page(
        request,
        { projects, filters, ...window, limit: Math.min(query.page_size ?? MOST, MOST), cursor: query.cursor },
        fields,
      );
      const usage = await usageOfTraces(
        db,
        shown.map(({ run }) => run),
      );
      const items = shown.map((one) => {
        const used = usage.get(one.run.traceId);
        return objectText({
          root_run: verbatim(objectText(v2Fields(one, fields))),
          trace_aggregates: {
            total_tokens: used?.totalTokens ?? null,
            total_cost: used?.totalCost === null || used === undefined ? null : Number(used.totalCost),
            first_token_time: isoOrNull(used?.firstTokenTime ?? null),
          },
        });
      });
      return sendPage(reply, listText(items), next);
    },
  );
}

const runIdOf = (request: FastifyRequest): string => parsed(z.object({ run_id: Uuid }), request.params).run_id;
