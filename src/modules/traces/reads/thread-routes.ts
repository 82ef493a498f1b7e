import { z } from 'zod';
import { MusterError } from '../../../base/errors.ts';
import type { Database } from '../../../db/database.ts';
import type { Api } from '../../../http/api.ts';
import { decodeCursor, encodeCursor } from '../../../http/cursor.ts';
import { CursorText, IsoTime, pageOf, problems, text, Time } from '../../../http/schemas.ts';
import { visibleTo } from './access.ts';
import { isoMicros } from './filter/timestamp.ts';
import type { ProjectRecord } from './project-store.ts';
import { projectsNamed } from './run-access.ts';
import { many } from './query-schemas.ts';
import { threadsHolding } from './thread-search.ts';
import { listThreads, threadKey, usageOfThreads, type ThreadPlace, type ThreadRecord } from './thread-store.ts';
import { turnPreviews } from './turn-previews.ts';

const ThreadView = z
  .object({
    thread_id: z.string(),
    project: z.string(),
    project_id: z.guid(),
    turns: z.number().int().describe('Traces that carry this thread_id'),
    errors: z.number().int().describe('Of the turns, those that failed'),
    first_time: IsoTime,
    last_time: IsoTime.describe('When its last turn began'),
    first_trace_id: z.guid(),
    last_trace_id: z.guid(),
    user_id: z.string().nullable(),
    latency_p50_seconds: z.number().nullable(),
    latency_p99_seconds: z.number().nullable(),
    prompt_tokens: z.number().nullable(),
    completion_tokens: z.number().nullable(),
    total_tokens: z.number().nullable(),
    total_cost: z.string().nullable().describe('USD, as a decimal number; null: unknown'),
    inputs_preview: z.string().nullable().describe('What was asked first'),
    outputs_preview: z.string().nullable().describe('What was answered last'),
    error_preview: z.string().nullable().describe('Of the last turn'),
  })
  .meta({ id: 'TraceThread', description: 'A conversation: the traces that carry one thread_id, each a turn' });

const Name = text(1, 512);
const LIST = 'traces/threads';
const HOLDING = 'traces/threads?q';
const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
/** The year 9999: nobody's conversation is older or younger. */
const ALWAYS = { from: 0, to: 253_402_214_400_000_000 };

/** Conversations, for people and the dashboard. */
export function addThreadRoutes(app: Api, db: Database): void {
  const show = async (
    threads: readonly ThreadRecord[],
    projects: readonly ProjectRecord[],
  ): Promise<readonly (readonly [ThreadRecord, z.input<typeof ThreadView>])[]> => {
    const [usage, previews] = await Promise.all([usageOfThreads(db, threads), turnPreviews(db, threads)]);
    const projectOf = new Map(projects.map((project) => [project.projectNo, project]));
    return threads.flatMap((thread) => {
      const project = projectOf.get(thread.projectNo);
      const [used, preview] = [usage.get(threadKey(thread)), previews.get(threadKey(thread))];
      if (project === undefined) return [];
      const view = {
        thread_id: thread.threadId,
        project: project.name,
        project_id: project.projectId,
        turns: thread.turns,
        errors: thread.errors,
        first_time: isoMicros(thread.firstTime),
        last_time: isoMicros(thread.lastTime),
        first_trace_id: thread.firstTraceId,
        last_trace_id: thread.lastTraceId,
        user_id: thread.userId,
        latency_p50_seconds: thread.latencyP50,
        latency_p99_seconds: thread.latencyP99,
        prompt_tokens: used?.promptTokens ?? null,
        completion_tokens: used?.completionTokens ?? null,
        total_tokens: used?.totalTokens ?? null,
        total_cost: used?.totalCost ?? null,
        inputs_preview: preview?.inputs ?? null,
        outputs_preview: preview?.outputs ?? null,
        error_preview: preview?.error ?? null,
      };
      return [[thread, view] as const];
    });
  };

  const pageOfThreads = async (projects: readonly ProjectRecord[], { from, to, limit, cursor }: Asked): Promise<Page> => {
    const found = await listThreads(db, {
      projects: numbersOf(projects),
      ...timeOf(from, to, Date.now()),
      after: placeOfThread(cursor),
      limit: limit + 1,
    });
    const threads = found.slice(0, limit);
    const last = threads.at(-1);
    return { threads, next: found.length > limit && last !== undefined ? cursorOfThread(last) : null };
  };

  const pageOfHolding = async (
    projects: readonly ProjectRecord[],
    { q, from, to, limit, cursor }: Asked & { readonly q: string },
  ): Promise<Page> => {
    const { now, offset } = placeOfHolding(cursor) ?? { now: Date.now(), offset: 0 };
    // Until when it looks stands in the cursor: what comes meanwhile moves no page.
    const asked = { projects: numbersOf(projects), words: q, ...timeOf(from, to ?? now, now), offset, limit };
    const { threads, more } = await threadsHolding(db, asked);
    return { threads, next: more ? encodeCursor(HOLDING, `${now} ${offset + limit}`) : null };
  };

  app.get(
    '/traces/threads',
    {
      config: { permission: 'traces:read' },
      schema: {
        tags: ['traces'],
        summary: 'List conversations, the one spoken in last first; those that hold words: the one with the newest run that does',
        querystring: z.strictObject({
          project: many(Name).describe('By name or id; repeat it for more. Default: all'),
          q: text(1, 1_000).optional().describe('Words anywhere in one of its runs'),
          from: Time.optional().describe('A turn began then or later. Default: seven days ago'),
          to: Time.optional().describe('A turn began before'),
          limit: z.coerce.number().int().min(1).max(200).default(50),
          cursor: CursorText.optional(),
        }),
        response: { 200: pageOf(ThreadView), ...problems(404) },
      },
    },
    async (request) => {
      const { project, q } = request.query;
      const projects = await projectsNamed(db, project, await visibleTo(request, db));
      const page = q === undefined ? await pageOfThreads(projects, request.query) : await pageOfHolding(projects, { ...request.query, q });
      const found = await show(page.threads, projects);
      return { items: found.map(([, view]) => view), next_cursor: page.next };
    },
  );

  app.get(
    '/traces/threads/:thread_id',
    {
      config: { permission: 'traces:read' },
      schema: {
        tags: ['traces'],
        summary: 'Show a conversation; its turns are runs?thread=…&is_root=true&order=asc',
        params: z.strictObject({ thread_id: text(1, 2_000) }),
        querystring: z.strictObject({ project: Name }),
        response: { 200: ThreadView, ...problems(404) },
      },
    },
    async (request) => {
      const { thread_id: threadId } = request.params;
      const projects = await projectsNamed(db, [request.query.project], await visibleTo(request, db));
      const [found] = await show(await listThreads(db, { projects: numbersOf(projects), ...ALWAYS, threadId, limit: 1 }), projects);
      if (found === undefined) throw new MusterError('NOT_FOUND', `there is no thread ${threadId} in ${request.query.project}`);
      return found[1];
    },
  );
}

interface Asked {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

interface Page {
  readonly threads: readonly ThreadRecord[];
  readonly next: string | null;
}

const numbersOf = (projects: readonly ProjectRecord[]): readonly number[] => projects.map(({ projectNo }) => projectNo);

/** A clock that is ahead does not hide what it stamped. */
const timeOf = (from: number | undefined, to: number | undefined, now: number) => ({
  from: (from ?? (to ?? now) - WEEK_MS) * 1_000,
  to: (to ?? now + DAY_MS) * 1_000,
});

const cursorOfThread = ({ lastTime, projectNo, threadId }: ThreadRecord): string =>
  encodeCursor(LIST, `${lastTime} ${projectNo} ${threadId}`);

function placeOfThread(cursor: string | undefined): ThreadPlace | undefined {
  const place = decodeCursor(LIST, cursor);
  if (place === undefined) return undefined;
  const [, lastTime = '', projectNo = '', threadId = ''] = /^(\d{1,16}) (\d{1,9}) (.+)$/s.exec(place) ?? [];
  if (threadId === '') throw new MusterError('BAD_CURSOR', 'the cursor does not belong to this list');
  return { lastTime: Number(lastTime), projectNo: Number(projectNo), threadId };
}

function placeOfHolding(cursor: string | undefined): { readonly now: number; readonly offset: number } | undefined {
  const place = decodeCursor(HOLDING, cursor);
  if (place === undefined) return undefined;
  const [, now = '', offset = ''] = /^(\d{1,16}) (\d{1,6})$/.exec(place) ?? [];
  if (offset === '') throw new MusterError('BAD_CURSOR', 'the cursor does not belong to this list');
  return { now: Number(now), offset: Number(offset) };
}
