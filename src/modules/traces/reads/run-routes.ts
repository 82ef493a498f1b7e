import { z } from 'zod';
import { MusterError } from '../../../base/errors.ts';
import type { Api } from '../../../http/api.ts';
import { CursorText, pageOf, problems, text, Time } from '../../../http/schemas.ts';
import type { Database } from '../../../db/database.ts';
import { RUN_STATUSES, RUN_TYPES } from '../run/run-type.ts';
import { visibleTo } from './access.ts';
import { sendAttachment, sendJson } from './answers.ts';
import { attachmentsOf, readAttachment } from './attachments.ts';
import { listFeedback } from './feedback-store.ts';
import { listText, objectText, verbatim, writable } from './json-text.ts';
import { conversationOf } from '../content/conversation/index.ts';
import { many, yesOrNo } from './query-schemas.ts';
import { cursorOf, placeOf } from './run-place.ts';
import { shareView } from './share-routes.ts';
import { shareOf } from './share-store.ts';
import type { RunFilters } from './run-filters.ts';
import { listRunsOf } from './run-search.ts';
import { runsOfTrace, withTexts } from './run-store.ts';
import { noRun, projectOf, projectsNamed, runSeenBy } from './run-access.ts';
import { errorsOf, withNotes } from './run-notes.ts';
import { firstTokenSeconds, latencySeconds } from './run-record.ts';
import { feedbackFields, isoOrNull, RunDetail, runFields, RunItem, TreeView } from './run-view.ts';
import { isoMicros } from './filter/timestamp.ts';
import { treeOf } from './tree.ts';

const Name = text(1, 512);
const FilterText = text(1, 16_384).describe('In the filter language of LangSmith: and(eq(run_type, "llm"), gt(latency, 2))');
const RunParams = z.strictObject({ id: z.guid() });

const RunQuery = z.strictObject({
  project: many(Name).describe('By name or id; repeat it for more. Default: all'),
  q: text(1, 1_000).optional().describe('Words anywhere in a run'),
  filter: FilterText.optional(),
  trace_filter: FilterText.optional().describe('Of the root of its trace'),
  tree_filter: FilterText.optional().describe('Of any run of its trace'),
  is_root: yesOrNo,
  status: z.enum(RUN_STATUSES).optional(),
  run_type: z.enum(RUN_TYPES).optional(),
  name: Name.optional(),
  model: Name.optional(),
  tag: Name.optional(),
  user: Name.optional(),
  thread: Name.optional(),
  prompt: Name.optional(),
  trace_id: z.guid().optional(),
  parent_run_id: z.guid().optional(),
  has_price: yesOrNo.describe('false: calls of models whose cost nobody knows, which are those that figures count as unpriced_runs'),
  from: Time.optional().describe('Began then or later'),
  to: Time.optional().describe('Began before'),
  order: z.enum(['asc', 'desc']).default('desc').describe('By their start'),
  previews: yesOrNo.describe('A line of inputs and outputs each. Default: for up to 100 runs a page'),
  limit: z.coerce.number().int().min(1).max(1_000).default(50),
  cursor: CursorText.optional(),
});

const MOST_WITH_PREVIEWS = 100;
const MOST_NODES = 10_000;
const LARGEST_CONVERSATION = 4 * 1_048_576;

/** Runs, trees and attachments, for people and the dashboard. */
export function addRunRoutes(app: Api, db: Database): void {
  const read = { permission: 'traces:read' } as const;

  app.get(
    '/traces/runs',
    {
      config: read,
      schema: {
        tags: ['traces'],
        summary: 'List runs, newest first',
        querystring: RunQuery,
        response: { 200: pageOf(RunItem), ...problems() },
      },
    },
    async (request) => {
      const { project, q, limit, order, previews, cursor, from, to, ...rest } = request.query;
      const visible = await visibleTo(request, db);
      const projects = await projectsNamed(db, project, visible);
      const runs = await listRunsOf(db, {
        projects: projects.map(({ projectNo }) => projectNo),
        filters: filtersOf(rest),
        words: q,
        order,
        from: from === undefined ? undefined : from * 1_000,
        to: to === undefined ? undefined : to * 1_000,
        after: placeOf(cursor),
        limit: limit + 1,
      });
      const page = runs.slice(0, limit);
      const items = await withNotes(db, page, projects, previews ?? limit <= MOST_WITH_PREVIEWS);
      const last = page.at(-1);
      return { items: [...items], next_cursor: runs.length > limit && last !== undefined ? cursorOf(last) : null };
    },
  );

  app.get(
    '/traces/runs/:id',
    {
      config: read,
      schema: {
        tags: ['traces'],
        summary: 'Show a run with all that was said of it',
        params: RunParams,
        response: { 200: RunDetail, ...problems(404) },
      },
    },
    async (request, reply) => {
      const { run, project } = await runSeenBy(request, db, request.params.id);
      const [whole] = await withTexts(db, [run]);
      if (whole === undefined) throw noRun(run.runId);
      const { texts } = whole;
      const [feedback, attachments, share] = await Promise.all([
        listFeedback(db, null, { runIds: [run.runId] }, { limit: 100 }),
        attachmentsOf(db, run),
        shareOf(db, run.traceId),
      ]);
      const size = (texts.inputs?.length ?? 0) + (texts.outputs?.length ?? 0);
      return sendJson(
        reply,
        objectText({
          ...runFields(run, project),
          dotted_order: run.dottedOrder,
          parent_run_ids: run.parentRunIds,
          ...Object.fromEntries(Object.entries(texts).map(([field, json]) => [field, verbatim(json)])),
          conversation: (size > LARGEST_CONVERSATION ? undefined : writable(conversationOf(texts))) ?? null,
          attachments: attachments.map(({ name, mimeType, size: bytes }) => ({
            name,
            mime_type: mimeType,
            size: bytes,
            url: `/api/v1/traces/runs/${run.runId}/attachments/${encodeURIComponent(name)}`,
          })),
          feedback_items: verbatim(
            listText(
              feedback.map((one) =>
                objectText({ ...feedbackFields(one, project.name), value: verbatim(one.value), correction: verbatim(one.correction) }),
              ),
            ),
          ),
          share: share === undefined ? null : shareView(share, request),
        }),
      );
    },
  );

  app.get(
    '/traces/runs/:id/attachments/:name',
    {
      config: read,
      schema: {
        tags: ['traces'],
        summary: 'Get an attachment of a run',
        params: z.strictObject({ id: z.guid(), name: text(1, 512) }),
        response: { 200: z.any().describe('Its bytes'), ...problems(404) },
      },
    },
    async (request, reply) => {
      const { run } = await runSeenBy(request, db, request.params.id);
      const found = await readAttachment(db, run, request.params.name);
      if (found === undefined) throw new MusterError('NOT_FOUND', `the run has no attachment ${request.params.name}`);
      return sendAttachment(reply, found);
    },
  );

  app.get(
    '/traces/trees/:trace_id',
    {
      config: read,
      schema: {
        tags: ['traces'],
        summary: 'Show the tree of a trace: all its runs without what was said',
        params: z.strictObject({ trace_id: z.guid() }),
        querystring: z.strictObject({ limit: z.coerce.number().int().min(1).max(MOST_NODES).default(MOST_NODES) }),
        response: { 200: TreeView, ...problems(404) },
      },
    },
    async (request, reply) => {
      const { trace_id: traceId } = request.params;
      const { limit } = request.query;
      const visible = await visibleTo(request, db);
      const found = await runsOfTrace(db, traceId.toLowerCase(), visible, limit);
      const project = await projectOf(db, found[0], visible);
      if (project === undefined) throw new MusterError('NOT_FOUND', `there is no trace ${traceId}`);
      const errors = await errorsOf(db, found.filter(({ status }) => status === 'error').slice(0, MOST_ERRORS));
      const nodes = treeOf(found.slice(0, limit)).map(({ run, depth, isOrphan }) => ({
        run_id: run.runId,
        parent_run_id: run.parentRunId,
        depth,
        is_orphan: isOrphan,
        name: run.name,
        run_type: run.runType,
        status: run.status,
        start_time: isoMicros(run.startTime),
        end_time: isoOrNull(run.endTime),
        latency_seconds: latencySeconds(run),
        first_token_seconds: firstTokenSeconds(run),
        model: run.model,
        tags: run.tags,
        prompt_tokens: run.promptTokens,
        completion_tokens: run.completionTokens,
        total_tokens: run.totalTokens,
        total_cost: run.totalCost,
        error_preview: errors.get(run.runId) ?? null,
      }));
      // Ten thousand nodes go out as they are: to check each against its schema would take longer than to read them.
      return sendJson(
        reply,
        objectText({
          trace_id: traceId,
          project: project.name,
          project_id: project.projectId,
          items: nodes,
          is_truncated: found.length > limit,
        }),
      );
    },
  );
}

const MOST_ERRORS = 500;

type QueryRest = Omit<z.output<typeof RunQuery>, 'project' | 'q' | 'limit' | 'order' | 'previews' | 'cursor' | 'from' | 'to'>;

const filtersOf = (query: QueryRest): RunFilters => ({
  filter: query.filter,
  traceFilter: query.trace_filter,
  treeFilter: query.tree_filter,
  isRoot: query.is_root,
  status: query.status,
  runType: query.run_type,
  name: query.name,
  model: query.model,
  tag: query.tag,
  user: query.user,
  thread: query.thread,
  prompt: query.prompt,
  traceId: query.trace_id,
  parentRunId: query.parent_run_id,
  hasPrice: query.has_price,
});
