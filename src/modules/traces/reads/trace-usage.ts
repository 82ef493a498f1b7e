import type { Queryable } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { decimal, picoOfDecimal } from '../prices/money.ts';
import { dateOf, dayOfDate } from '../run/days.ts';
import type { Micros } from '../run/operation.ts';
import { RUN_STATUSES, RUN_TYPES } from '../run/run-type.ts';
import { LONGEST_TRACE_DAYS } from './run-days.ts';
import { isUnpriced } from './run-filters.ts';
import { micros, type RunRecord } from './run-record.ts';

/** What all runs of a trace used, and when its first token came. */
export interface TraceUsage {
  readonly totalTokens: number | null;
  readonly totalCost: string | null;
  readonly firstTokenTime: Micros | null;
}

/** By trace, of these roots. */
export async function usageOfTraces(db: Queryable, roots: readonly RunRecord[]): Promise<ReadonlyMap<string, TraceUsage>> {
  if (roots.length === 0) return new Map();
  const days = roots.map(({ day }) => dayOfDate(day));
  const span = sql`day between ${dateOf(Math.min(...days) - 1)}::date and ${dateOf(Math.max(...days) + LONGEST_TRACE_DAYS)}::date`;
  const { rows } = await db.query<TraceUsage & { readonly traceId: string }>(sql`
    select trace_id as "traceId", sum(total_tokens)::int8 as "totalTokens", sum(total_cost)::text as "totalCost",
      ${{ text: micros('min(first_token_time)'), values: [] }} as "firstTokenTime"
    from (
      select trace_id, total_tokens, total_cost, first_token_time from muster.trace_runs where run_id = any(${roots.map(({ runId }) => runId)}::uuid[]) and ${span}
      union all
      select trace_id, total_tokens, total_cost, first_token_time from muster.trace_runs
        where trace_id = any(${roots.map(({ traceId }) => traceId)}::uuid[]) and parent_run_id is not null and ${span}
    ) r group by trace_id`);
  return new Map(rows.map(({ traceId, ...usage }) => [traceId, usage]));
}

/** What a trace adds up to, for a list of traces: a root of an agent has neither tokens nor a price of its own. */
export interface TraceSums {
  /** The root among them. */
  readonly runs: number;
  readonly errors: number;
  /** Of models and embeddings alone: what wraps one may say its tokens again. */
  readonly totalTokens: number | null;
  readonly totalCost: string | null;
  /** Calls of which nobody knows what they cost: they are in no sum. */
  readonly unpricedRuns: number;
  readonly firstTokenTime: Micros | null;
}

/** More runs than this below a root are not added up for a list: a hundred such traces would be read whole for one page. */
const MOST_SUMMED = 1_000;

/** By trace, of these roots; not of those that are too large. */
export async function sumsOfTraces(db: Queryable, roots: readonly RunRecord[]): Promise<ReadonlyMap<string, TraceSums>> {
  if (roots.length === 0) return new Map();
  const days = roots.map(({ day }) => dayOfDate(day));
  const isModel = sql`run_type = any(${[RUN_TYPES.indexOf('llm'), RUN_TYPES.indexOf('embedding')]}::smallint[])`;
  const { rows } = await db.query<TraceSums & { readonly traceId: string }>(sql`
    select t.id as "traceId", below.* from unnest(${roots.map(({ traceId }) => traceId)}::uuid[], ${roots.map(({ day }) => day)}::date[]) t(id, day)
    cross join lateral (
      select count(*)::int as runs, (count(*) filter (where status = ${RUN_STATUSES.indexOf('error')}))::int as errors,
        (sum(total_tokens) filter (where ${isModel}))::float8 as "totalTokens", (sum(total_cost) filter (where ${isModel}))::text as "totalCost",
        (count(*) filter (where ${isUnpriced}))::int as "unpricedRuns",
        ${{ text: micros('min(first_token_time)'), values: [] }} as "firstTokenTime"
      from (select status, run_type, end_time, total_tokens, total_cost, first_token_time from muster.trace_runs r
        where r.trace_id = t.id and r.parent_run_id is not null and r.day between t.day - 1 and t.day + ${LONGEST_TRACE_DAYS}::int
          and r.day between ${dateOf(Math.min(...days) - 1)}::date and ${dateOf(Math.max(...days) + LONGEST_TRACE_DAYS)}::date
        limit ${MOST_SUMMED + 1}) r
    ) below`);
  const below = new Map(rows.map(({ traceId, ...sums }) => [traceId, sums]));
  return new Map(
    roots.flatMap((root) => {
      const sums = below.get(root.traceId);
      return sums === undefined || sums.runs > MOST_SUMMED ? [] : [[root.traceId, withRoot(sums, root)] as const];
    }),
  );
}

const isDone = ({ endTime, status }: RunRecord): boolean => endTime !== null && status !== 'error';

function withRoot(sums: TraceSums, root: RunRecord): TraceSums {
  const isModel = root.runType === 'llm' || root.runType === 'embedding';
  const [tokens, cost] = isModel ? [root.totalTokens, root.totalCost] : [null, null];
  return {
    runs: sums.runs + 1,
    errors: sums.errors + (root.status === 'error' ? 1 : 0),
    totalTokens: tokens === null ? sums.totalTokens : tokens + (sums.totalTokens ?? 0),
    totalCost: cost === null ? sums.totalCost : decimal(picoOfDecimal(cost) + picoOfDecimal(sums.totalCost ?? '0')),
    unpricedRuns: sums.unpricedRuns + Number(isModel && cost === null && (tokens !== null || isDone(root))),
    firstTokenTime: [sums.firstTokenTime, root.firstTokenTime].reduce((a, b) => (a === null ? b : b === null ? a : Math.min(a, b))),
  };
}
