import type { Queryable } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { dateOf, dayOfDate } from '../run/days.ts';
import type { Micros } from '../run/operation.ts';
import { LONGEST_TRACE_DAYS } from './run-days.ts';
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
