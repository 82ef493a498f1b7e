import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { MusterError } from '../../../../base/errors.ts';
import { decodeCursor, encodeCursor } from '../../../../http/cursor.ts';
import type { ModuleServices } from '../../../module.ts';
import { isoMicros } from '../../reads/filter/timestamp.ts';
import { listText, objectText } from '../../reads/json-text.ts';
import { sendJson } from '../../reads/answers.ts';
import { conditionsOf } from '../../reads/run-filters.ts';
import { cursorOf, placeOf } from '../../reads/run-place.ts';
import { isoOrNull } from '../../reads/run-view.ts';
import { listRunsOf } from '../../reads/run-search.ts';
import { listThreads, threadKey, usageOfThreads, type ThreadPlace } from '../../reads/thread-store.ts';
import { turnPreviews } from '../../reads/turn-previews.ts';
import { parsed, said, Timestamp, Uuid } from './bodies.ts';
import { v2Fields, type V2Field } from './run-fields.ts';
import { baseOf, showRuns } from './show.ts';
import { Cursor, projectsById, refuseAiSearch, selected, Selects, sendPage, windowOf } from './v2-routes.ts';

const MOST = 100;
const LIST = 'langsmith/threads';
const Query = z.object({
  project_id: Uuid,
  filter: said(z.string()),
  trace_filter: said(z.string()),
  tree_filter: said(z.string()),
  ai_search: said(z.string()),
  min_start_time: said(Timestamp),
  max_start_time: said(Timestamp),
  ...Cursor,
});
const door = (summary: string) => ({ config: { permission: 'traces:read' as const }, schema: { tags: ['langsmith'], summary } });
const Params = z.object({ thread_id: z.string().min(1).max(2_000) });
/** From the beginning of time: whoever names a thread means all of it. */
const ALWAYS = { from: 0, to: 253_402_214_400_000_000 };
const number = (text: string | null | undefined): number | null => (text === null || text === undefined ? null : Number(text));

/** Conversations, as the second version of LangSmith's API reads them. */
export function addThreadReads(app: FastifyInstance, services: ModuleServices): void {
  const { database: db, secrets } = services.state;

  app.post(
    '/langsmith/v2/threads/query',
    door('Threads of which a turn began within a time, the one spoken in last first'),
    async (request, reply) => {
      const query = parsed(Query, request.body);
      refuseAiSearch(query.ai_search);
      const projects = await projectsById(request, services, [query.project_id]);
      const window = windowOf(query.min_start_time, query.max_start_time);
      const limit = Math.min(query.page_size ?? MOST, MOST);
      const filters = { filter: query.filter, traceFilter: query.trace_filter, treeFilter: query.tree_filter };
      const threads = await listThreads(db, {
        projects: projects.map(({ projectNo }) => projectNo),
        from: window.from,
        to: window.to ?? ALWAYS.to,
        where: conditionsOf(filters),
        after: placeOfThread(query.cursor),
        limit: limit + 1,
      });
      const page = threads.slice(0, limit);
      const [usage, previews] = await Promise.all([usageOfThreads(db, page), turnPreviews(db, page)]);
      const items = page.map((thread) => {
        const used = usage.get(threadKey(thread));
        const preview = previews.get(threadKey(thread));
        return objectText({
          thread_id: thread.threadId,
          count: thread.turns,
          num_errored_turns: thread.errors,
          start_time: isoMicros(thread.lastTime),
          min_start_time: isoMicros(thread.firstTime),
          max_start_time: isoMicros(thread.lastTime),
          first_trace_id: thread.firstTraceId,
          last_trace_id: thread.lastTraceId,
          trace_id: thread.lastTraceId,
          latency_p50: thread.latencyP50,
          latency_p99: thread.latencyP99,
          total_tokens: used?.totalTokens ?? 0,
          total_cost: number(used?.totalCost),
          first_inputs: preview?.inputs ?? null,
          last_outputs: preview?.outputs ?? null,
          last_error: preview?.error ?? undefined,
          feedback_stats: {},
        });
      });
      const last = page.at(-1);
      return sendPage(
        reply,
        listText(items),
        threads.length > limit && last !== undefined ? encodeCursor(LIST, `${last.lastTime} ${last.projectNo} ${last.threadId}`) : null,
      );
    },
  );

  app.get('/langsmith/v2/threads/:thread_id/traces', door('The turns of a thread, the first one first'), async (request, reply) => {
    const { thread_id: threadId } = parsed(Params, request.params);
    const Page = z.object({
      project_id: Uuid,
      filter: said(z.string()),
      trace_filter: said(z.string()),
      tree_filter: said(z.string()),
      selects: Selects,
      ...Cursor,
    });
    const query = parsed(Page, request.query);
    const projects = await projectsById(request, services, [query.project_id]);
    const asked = (query.selects ?? ['TRACE_ID', 'THREAD_ID', 'START_TIME']).map((name) => name.toUpperCase());
    const fields = selected(asked.filter((name) => !ONLY_OF_TURNS.includes(name)));
    const limit = Math.min(query.page_size ?? MOST, MOST);
    const runs = await listRunsOf(db, {
      projects: projects.map(({ projectNo }) => projectNo),
      filters: { filter: query.filter, traceFilter: query.trace_filter, treeFilter: query.tree_filter, thread: threadId, isRoot: true },
      order: 'asc',
      after: placeOf(query.cursor),
      limit: limit + 1,
    });
    const needed: V2Field[] = [...fields, 'TRACE_ID', ...(asked.includes('LATENCY') ? (['LATENCY_SECONDS'] as const) : [])];
    const shown = await showRuns(runs.slice(0, limit), { db, secrets, base: baseOf(request), projects, fields: needed });
    const last = shown.at(-1)?.run;
    const items = shown.map((one) => {
      const { id: _, latency_seconds: latency, ...rest } = v2Fields(one, needed);
      return objectText({ ...rest, ...(latency === undefined ? {} : { latency }) });
    });
    return sendPage(reply, listText(items), last !== undefined && runs.at(-1)?.runId !== last.runId ? cursorOf(last) : null);
  });

  app.get('/langsmith/v2/threads/:thread_id/stats', door('What a thread took and used'), async (request, reply) => {
    const { thread_id: threadId } = parsed(Params, request.params);
    const { session_id: projectId, filter } = parsed(
      z.object({ session_id: Uuid, filter: said(z.string()), selects: Selects }),
      request.query,
    );
    const projects = await projectsById(request, services, [projectId]);
    const [thread] = await listThreads(db, {
      projects: projects.map(({ projectNo }) => projectNo),
      ...ALWAYS,
      threadId,
      where: conditionsOf({ filter }),
      limit: 1,
    });
    if (thread === undefined) throw new MusterError('NOT_FOUND', `there is no thread ${threadId}`);
    const used = (await usageOfThreads(db, [thread])).get(threadKey(thread));
    return sendJson(
      reply,
      objectText({
        turns: thread.turns,
        first_start_time: isoMicros(thread.firstTime),
        last_start_time: isoMicros(thread.lastTime),
        last_end_time: isoOrNull(thread.lastEndTime),
        latency_p50_seconds: thread.latencyP50,
        latency_p99_seconds: thread.latencyP99,
        prompt_tokens: used?.promptTokens ?? 0,
        completion_tokens: used?.completionTokens ?? 0,
        total_tokens: used?.totalTokens ?? 0,
        prompt_cost: number(used?.inputCost),
        completion_cost: number(used?.outputCost),
        total_cost: number(used?.totalCost),
      }),
    );
  });
}

/** Asked of turns, and not fields of a run. */
const ONLY_OF_TURNS: readonly string[] = ['OP', 'LATENCY', 'TURN_NUMBER'];

function placeOfThread(cursor: string | undefined): ThreadPlace | undefined {
  const text = decodeCursor(LIST, cursor);
  if (text === undefined) return undefined;
  const [, lastTime = '', projectNo = '', threadId = ''] = /^(\d{1,16}) (\d{1,9}) (.+)$/s.exec(text) ?? [];
  if (threadId === '') throw new MusterError('BAD_CURSOR', 'the cursor does not belong to this list');
  return { lastTime: Number(lastTime), projectNo: Number(projectNo), threadId };
}
