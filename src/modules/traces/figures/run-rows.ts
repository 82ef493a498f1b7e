import type { Queryable } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { runTypeOf, type CountedRun } from './counted-run.ts';

/** A run as counted, and where its row is. */
export interface RunRow extends CountedRun {
  readonly runId: string;
  readonly provider: string | null;
  readonly thread: string | null;
}

export interface Row {
  readonly run_id: string;
  readonly project_no: number;
  readonly root: boolean;
  readonly run_type: number;
  readonly status: number;
  readonly start: number;
  readonly stop: number;
  readonly first: number | null;
  readonly name: string | null;
  readonly model: string | null;
  readonly provider: string | null;
  readonly user_id: string | null;
  readonly thread_id: string | null;
  readonly prompt: string | null;
  readonly tags: readonly string[] | null;
  readonly prompt_tokens: number | null;
  readonly completion_tokens: number | null;
  readonly total_tokens: number | null;
  readonly input_cost: string | null;
  readonly output_cost: string | null;
  readonly total_cost: string | null;
  readonly usage: string | null;
}

/** Which runs to read, and how far in the feed. */
export interface Reading {
  readonly keepDays: number;
  readonly day: string;
  readonly runIds: readonly string[];
  /** The transaction of the last entry that is dealt with. */
  readonly xid: string;
}

/**
 * Of one partition. Only the narrow columns: what is large lies elsewhere and is not touched. Left out are runs that have gone meanwhile, and
 * those that ended in a transaction which the feed shows only later: they will be counted then, and until then they have not been.
 */
export async function readRuns(tx: Queryable, { keepDays, day, runIds, xid }: Reading): Promise<readonly RunRow[]> {
  const { rows } = await tx.query<Row>(sql`
    select ${RUN_COLUMNS} from muster.trace_runs r
    where (r.completed_in is null or r.completed_in <= ${xid}::xid8) and r.keep_days = ${keepDays} and r.day = ${day}::date and r.run_id = any(string_to_array(${runIds.join(',')}, ',')::uuid[]) and r.end_time is not null`);
  return rows.map(runOf);
}

/** Of the row `r`. */
export const RUN_COLUMNS = sql`r.run_id::text, r.project_no, r.parent_run_id is null as root, r.run_type, r.status,
  date_part('epoch', r.start_time) * 1e6 as start, date_part('epoch', r.end_time) * 1e6 as stop, date_part('epoch', r.first_token_time) * 1e6 as first,
  r.name, r.model, r.provider, r.user_id, r.thread_id, r.prompt, r.tags, r.prompt_tokens, r.completion_tokens, r.total_tokens, r.input_cost,
  r.output_cost, r.total_cost, r.usage`;

export function runOf(row: Row): RunRow {
  return {
    runId: row.run_id,
    projectNo: row.project_no,
    isRoot: row.root,
    runType: runTypeOf(row.run_type),
    isError: row.status === 2,
    startTime: Math.round(row.start),
    endTime: Math.round(row.stop),
    firstTokenTime: row.first === null ? null : Math.round(row.first),
    name: row.name,
    model: row.model,
    provider: row.provider,
    thread: row.thread_id,
    user: row.user_id,
    prompt: row.prompt,
    tags: row.tags ?? [],
    promptTokens: row.prompt_tokens,
    completionTokens: row.completion_tokens,
    totalTokens: row.total_tokens,
    promptCost: row.input_cost,
    completionCost: row.output_cost,
    totalCost: row.total_cost,
    usage: row.usage,
  };
}

/** What a run costs, found out after it came. */
export interface LatePrice {
  readonly runId: string;
  readonly inputCost: string;
  readonly outputCost: string;
  readonly totalCost: string;
  readonly usage: string;
}

/** In order of their ids: the intake may be changing some of them. A price that came meanwhile stays. */
export async function writePrices(tx: Queryable, keepDays: number, day: string, prices: readonly LatePrice[]): Promise<void> {
  const inOrder = prices.toSorted((a, b) => (a.runId < b.runId ? -1 : 1));
  await tx.query(sql`
    update muster.trace_runs r
    set input_cost = p.input_cost, output_cost = p.output_cost, total_cost = p.total_cost, usage = p.usage
    from unnest(${inOrder.map(({ runId }) => runId)}::uuid[], ${inOrder.map(({ inputCost }) => inputCost)}::numeric[],
      ${inOrder.map(({ outputCost }) => outputCost)}::numeric[], ${inOrder.map(({ totalCost }) => totalCost)}::numeric[],
      ${inOrder.map(({ usage }) => usage)}::text[]) as p (run_id, input_cost, output_cost, total_cost, usage)
    where r.keep_days = ${keepDays} and r.day = ${day}::date and r.run_id = p.run_id and r.total_cost is null`);
}
