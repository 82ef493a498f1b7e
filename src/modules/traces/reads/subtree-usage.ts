import { MusterError } from '../../../base/errors.ts';
import type { Queryable } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { decimal, picoOfDecimal } from '../prices/money.ts';
import { dateOf, dayOfDate } from '../run/days.ts';
import type { Micros } from '../run/operation.ts';
import { RUN_TYPES } from '../run/run-type.ts';
import { LONGEST_TRACE_DAYS } from './run-days.ts';
import { micros, type RunRecord } from './run-record.ts';

export type Usage = Pick<
  RunRecord,
  'promptTokens' | 'completionTokens' | 'totalTokens' | 'inputCost' | 'outputCost' | 'totalCost' | 'firstTokenTime'
>;

/** A run of a trace, as far as it is added up. */
export interface Spending extends Usage {
  readonly id: string;
  readonly parent: string | null;
  /** Whether its tokens count: what wraps a model's call says them again. */
  readonly spends: boolean;
}

/** A page of a hundred traces of five hundred runs. */
const MOST_RUNS = 50_000;
const SPENDING = ['llm', 'embedding'] as const;

/**
 * The same runs, those that have others below them with what all of these used, wherever the list ends and whatever it was asked for. Throws
 * TOO_LARGE where their traces hold more runs than are added up for one page.
 */
export async function withSubtreeUsage<Run extends RunRecord>(db: Queryable, runs: readonly Run[]): Promise<readonly Run[]> {
  if (runs.length === 0) return runs;
  const days = runs.map(({ day }) => dayOfDate(day));
  const types = SPENDING.map((type) => RUN_TYPES.indexOf(type));
  const { rows } = await db.query<Spending>(sql`
    select run_id as id, parent_run_id as parent, run_type = any(${types}::smallint[]) as spends, prompt_tokens as "promptTokens",
      completion_tokens as "completionTokens", total_tokens as "totalTokens", input_cost::text as "inputCost", output_cost::text as "outputCost",
      total_cost::text as "totalCost", ${{ text: micros('first_token_time'), values: [] }} as "firstTokenTime"
    from muster.trace_runs
    where trace_id = any(${[...new Set(runs.map(({ traceId }) => traceId))]}::uuid[]) and parent_run_id is not null
      and day between ${dateOf(Math.min(...days) - LONGEST_TRACE_DAYS)}::date and ${dateOf(Math.max(...days) + LONGEST_TRACE_DAYS)}::date
    limit ${MOST_RUNS + 1}`);
  if (rows.length > MOST_RUNS)
    throw new MusterError('TOO_LARGE', `the traces of this page hold more than ${MOST_RUNS} runs, which are not added up at once`, {
      remedy: 'Ask for fewer runs a page (page_size), or without include_subtree_usage.',
    });
  const children = childrenIn(rows);
  return runs.map((run) => ({ ...run, ...subtreeUsage(run, children) }));
}

/** By parent. */
export function childrenIn(rows: readonly Spending[]): ReadonlyMap<string, readonly Spending[]> {
  const children = new Map<string, Spending[]>();
  for (const row of rows) {
    const siblings = children.get(row.parent ?? '');
    if (siblings === undefined) children.set(row.parent ?? '', [row]);
    else siblings.push(row);
  }
  return children;
}

/** Pure. Empty where nothing is below the run; a run that is its own ancestor counts once. */
export function subtreeUsage(run: RunRecord, children: ReadonlyMap<string, readonly Spending[]>): Partial<Usage> {
  const spends = SPENDING.some((type) => type === run.runType);
  const all: Spending[] = [{ ...run, id: run.runId, parent: run.parentRunId, spends }];
  const seen = new Set([run.runId]);
  for (let at = 0; at < all.length; at += 1)
    for (const child of children.get(all[at]?.id ?? '') ?? []) {
      if (seen.has(child.id)) continue;
      seen.add(child.id);
      all.push(child);
    }
  if (all.length === 1) return {};
  const spenders = all.filter((one) => one.spends);
  // Nobody below spent anything: what the run itself says stands.
  if (spenders.every(({ totalTokens, totalCost }) => totalTokens === null && totalCost === null)) return { firstTokenTime: earliest(all) };
  return {
    promptTokens: sum(spenders, 'promptTokens'),
    completionTokens: sum(spenders, 'completionTokens'),
    totalTokens: sum(spenders, 'totalTokens'),
    inputCost: sumCost(spenders, 'inputCost'),
    outputCost: sumCost(spenders, 'outputCost'),
    totalCost: sumCost(spenders, 'totalCost'),
    firstTokenTime: earliest(all),
  };
}

function sum(all: readonly Spending[], field: 'promptTokens' | 'completionTokens' | 'totalTokens'): number | null {
  const known = all.flatMap((one) => one[field] ?? []);
  return known.length === 0 ? null : known.reduce((total, next) => total + next);
}

function sumCost(all: readonly Spending[], field: 'inputCost' | 'outputCost' | 'totalCost'): string | null {
  const known = all.flatMap((one) => one[field] ?? []);
  return known.length === 0 ? null : decimal(known.reduce((total, next) => total + picoOfDecimal(next), 0n));
}

const earliest = (all: readonly Spending[]): Micros | null =>
  all.reduce<Micros | null>((first, { firstTokenTime: at }) => (at !== null && (first === null || at < first) ? at : first), null);
