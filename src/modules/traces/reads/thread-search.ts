import type { Queryable } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { dateOf, dayOfDate } from '../run/days.ts';
import type { Micros } from '../run/operation.ts';
import { LONGEST_TRACE_DAYS } from './run-days.ts';
import type { RunRecord } from './run-record.ts';
import { runsHolding } from './run-search.ts';
import { listThreads, threadKey, type ThreadRecord } from './thread-store.ts';

/** Runs that are looked at for their threads: behind them the list ends, and a search for more words goes further. */
const MOST_RUNS = 20_000;

type ThreadName = Pick<ThreadRecord, 'projectNo' | 'threadId'>;

export interface ThreadsAsked {
  readonly projects: readonly number[];
  readonly words: string;
  readonly from: Micros;
  readonly to: Micros;
  /** How many threads stood on the pages before: the search begins anew and passes over them, since a thread goes on below its newest run. */
  readonly offset: number;
  readonly limit: number;
}

/** Threads of which any run holds words, the one with the newest such run first. Throws INVALID_INPUT for words that cannot be read. */
export async function threadsHolding(
  db: Queryable,
  { projects, words, from, to, offset, limit }: ThreadsAsked,
): Promise<{ readonly threads: readonly ThreadRecord[]; readonly more: boolean }> {
  const found = new Map<string, ThreadName>();
  const wanted = offset + limit;
  let looked = 0;
  for await (const runs of runsHolding(db, words, { projects, from, to })) {
    for (const thread of await threadsOf(db, runs)) found.set(threadKey(thread), found.get(threadKey(thread)) ?? thread);
    looked += runs.length;
    if (found.size > wanted || looked >= MOST_RUNS) break;
  }
  const page = [...found.values()].slice(offset, wanted);
  if (page.length === 0) return { threads: [], more: false };
  const [numbers, names] = [page.map(({ projectNo }) => projectNo), page.map(({ threadId }) => threadId)];
  const threads = await listThreads(db, {
    projects,
    from,
    to,
    where: () => [sql`(r.project_no, r.thread_id) in (select * from unnest(${numbers}::int[], ${names}::text[]))`],
    limit,
  });
  const recordOf = new Map(threads.map((thread) => [threadKey(thread), thread]));
  return { threads: page.flatMap((thread) => recordOf.get(threadKey(thread)) ?? []), more: found.size > wanted };
}

/** The threads of runs, in their order: a step that names none belongs to that of its trace. */
async function threadsOf(db: Queryable, runs: readonly RunRecord[]): Promise<readonly ThreadName[]> {
  const nameless = runs.filter(({ threadId }) => threadId === null);
  const byTrace = await threadsOfTraces(db, nameless);
  return runs.flatMap(({ projectNo, threadId, traceId }) => {
    const named = threadId ?? byTrace.get(`${projectNo} ${traceId}`);
    return named === undefined ? [] : [{ projectNo, threadId: named }];
  });
}

/** By project and trace. */
async function threadsOfTraces(db: Queryable, runs: readonly RunRecord[]): Promise<ReadonlyMap<string, string>> {
  const days = runs.map(({ day }) => dayOfDate(day));
  if (days.length === 0) return new Map();
  const traces = [...new Set(runs.map(({ traceId }) => traceId))];
  const { rows } = await db.query<{ no: number; trace_id: string; thread_id: string }>(sql`
    select r.project_no as no, r.trace_id, r.thread_id from muster.trace_runs r
    where (r.run_id = any(${traces}::uuid[]) or (r.trace_id = any(${traces}::uuid[]) and r.parent_run_id is null and r.trace_id <> r.run_id))
      and r.parent_run_id is null and r.thread_id is not null
      and r.day between ${dateOf(Math.min(...days) - LONGEST_TRACE_DAYS)}::date and ${dateOf(Math.max(...days) + 1)}::date`);
  return new Map(rows.map(({ no, trace_id, thread_id }) => [`${no} ${trace_id}`, thread_id]));
}
