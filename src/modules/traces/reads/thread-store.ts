import type { Queryable } from '../../../db/database.ts';
import { sql, type Sql } from '../../../db/sql.ts';
import { dateOf, dayOf } from '../run/days.ts';
import type { Micros } from '../run/operation.ts';
import { isoMicros } from './filter/timestamp.ts';
import { LONGEST_TRACE_DAYS } from './run-days.ts';
import { micros } from './run-record.ts';

/** A conversation: the traces that carry one thread_id, each a turn. */
export interface ThreadRecord {
  readonly projectNo: number;
  readonly threadId: string;
  readonly turns: number;
  readonly errors: number;
  /** When its first and its last turn began. */
  readonly firstTime: Micros;
  readonly lastTime: Micros;
  readonly lastEndTime: Micros | null;
  readonly firstTraceId: string;
  readonly lastTraceId: string;
  readonly userId: string | null;
  readonly latencyP50: number | null;
  readonly latencyP99: number | null;
}

export interface ThreadQuery {
  readonly projects: readonly number[];
  readonly from: Micros;
  readonly to: Micros;
  readonly threadId?: string | undefined;
  /** Conditions over the turns, the row `r`. */
  readonly where?: (day: string) => readonly Sql[];
  readonly after?: ThreadPlace | undefined;
  readonly limit: number;
}

export interface ThreadPlace {
  readonly lastTime: Micros;
  readonly projectNo: number;
  readonly threadId: string;
}

/** Threads of which a turn began within a time, the one spoken in last first. */
export async function listThreads(db: Queryable, query: ThreadQuery): Promise<readonly ThreadRecord[]> {
  if (query.projects.length === 0) return [];
  const { rows } = await db.query<ThreadRecord>(sql`
    select project_no as "projectNo", thread_id as "threadId", turns, errors, ${{ text: micros('first_time'), values: [] }} as "firstTime",
      ${{ text: micros('last_time'), values: [] }} as "lastTime", ${{ text: micros('last_end'), values: [] }} as "lastEndTime",
      first_trace as "firstTraceId", last_trace as "lastTraceId", user_id as "userId", p50 as "latencyP50", p99 as "latencyP99"
    from (
      select r.project_no, r.thread_id, count(*)::int as turns, (count(*) filter (where r.status = 2))::int as errors,
        min(r.start_time) as first_time, max(r.start_time) as last_time, max(r.end_time) as last_end,
        (array_agg(r.trace_id order by r.start_time))[1] as first_trace, (array_agg(r.trace_id order by r.start_time desc))[1] as last_trace,
        max(r.user_id) as user_id,
        percentile_cont(0.5) within group (order by extract(epoch from r.end_time - r.start_time)::float8) as p50,
        percentile_cont(0.99) within group (order by extract(epoch from r.end_time - r.start_time)::float8) as p99
      from muster.trace_runs r
      where r.project_no = any(${query.projects}::int[]) and ${turnsWithin(query)}
      group by r.project_no, r.thread_id
    ) thread
    where ${behind(query.after)}
    order by last_time desc, project_no, thread_id limit ${query.limit}`);
  return rows;
}

function turnsWithin({ from, to, threadId, where }: ThreadQuery): Sql {
  const first = dateOf(dayOf(from));
  const all = [
    threadId === undefined ? sql`r.thread_id is not null` : sql`r.thread_id = ${threadId}`,
    sql`r.parent_run_id is null and r.start_time >= ${isoMicros(from)}::timestamptz and r.start_time < ${isoMicros(to)}::timestamptz
      and r.day between ${first}::date and ${dateOf(dayOf(to))}::date`,
    ...(where?.(first) ?? []),
  ];
  return all.reduce((together, next) => sql`${together} and ${next}`);
}

const behind = (after: ThreadPlace | undefined): Sql =>
  after === undefined
    ? sql`true`
    : sql`(last_time < ${isoMicros(after.lastTime)}::timestamptz or (last_time = ${isoMicros(after.lastTime)}::timestamptz
        and (project_no, thread_id) > (${after.projectNo}, ${after.threadId})))`;

/** What all runs of a conversation used. */
export interface ThreadUsage {
  readonly promptTokens: number | null;
  readonly completionTokens: number | null;
  readonly totalTokens: number | null;
  readonly inputCost: string | null;
  readonly outputCost: string | null;
  readonly totalCost: string | null;
}

const MOST_TURNS = 20_000;

/** By `projectNo threadId`. Tokens stand with the calls of models, below the turns: they are summed over all runs of the traces. */
export async function usageOfThreads(db: Queryable, threads: readonly ThreadRecord[]): Promise<ReadonlyMap<string, ThreadUsage>> {
  if (threads.length === 0) return new Map();
  const first = dateOf(dayOf(Math.min(...threads.map(({ firstTime }) => firstTime))));
  const last = dateOf(dayOf(Math.max(...threads.map(({ lastTime }) => lastTime))) + LONGEST_TRACE_DAYS);
  const { rows } = await db.query<ThreadUsage & { readonly key: string }>(sql`
    with turns as materialized (
      select r.project_no, r.thread_id, r.trace_id, r.run_id from unnest(${threads.map(({ projectNo }) => projectNo)}::int[], ${threads.map(({ threadId }) => threadId)}::text[]) t(no, thread)
      join muster.trace_runs r on r.project_no = t.no and r.thread_id = t.thread and r.parent_run_id is null and r.day between ${first}::date and ${last}::date
      limit ${MOST_TURNS}
    ), runs as (
      select t.project_no, t.thread_id, r.* from turns t join lateral (
        select prompt_tokens, completion_tokens, total_tokens, input_cost, output_cost, total_cost from muster.trace_runs
          where run_id = t.run_id and day between ${first}::date and ${last}::date
        union all
        select prompt_tokens, completion_tokens, total_tokens, input_cost, output_cost, total_cost from muster.trace_runs
          where trace_id = t.trace_id and parent_run_id is not null and day between ${first}::date and ${last}::date
      ) r on true
    )
    select project_no || ' ' || thread_id as key, sum(prompt_tokens)::int8 as "promptTokens", sum(completion_tokens)::int8 as "completionTokens",
      sum(total_tokens)::int8 as "totalTokens", sum(input_cost)::text as "inputCost", sum(output_cost)::text as "outputCost", sum(total_cost)::text as "totalCost"
    from runs group by 1`);
  return new Map(rows.map(({ key, ...usage }) => [key, usage]));
}

export const threadKey = ({ projectNo, threadId }: Pick<ThreadRecord, 'projectNo' | 'threadId'>): string => `${projectNo} ${threadId}`;
