import type { Queryable } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { dateOf, dayOfDate } from '../run/days.ts';
import { dottedOrderOf, pathOf, type Segment } from '../run/dotted-order.ts';
import type { Micros } from '../run/operation.ts';
import { LONGEST_TRACE_DAYS } from './run-days.ts';
import { micros, type RunRecord } from './run-record.ts';

interface Link {
  readonly parent: string | null;
  readonly at: Micros;
}

const MOST_LINKS = 50_000;
const DEEPEST = 100;

/**
 * What a client of OpenTelemetry does not say: the way from the root to a run, by which SDKs of LangSmith sort a trace and find the children of a
 * run. Runs that have it come back as they are.
 */
export async function withAncestry<Run extends RunRecord>(db: Queryable, runs: readonly Run[]): Promise<readonly Run[]> {
  const pathless = runs.filter(({ isPathless }) => isPathless);
  if (pathless.length === 0) return runs;
  const days = pathless.map(({ day }) => dayOfDate(day));
  const [first, last] = [Math.min(...days) - LONGEST_TRACE_DAYS, Math.max(...days) + LONGEST_TRACE_DAYS];
  const { rows } = await db.query<{ id: string; parent: string | null; at: Micros }>(sql`
    select run_id as id, parent_run_id as parent, ${{ text: micros('start_time'), values: [] }} as at from muster.trace_runs
    where trace_id = any(${[...new Set(pathless.map(({ traceId }) => traceId))]}::uuid[])
      and (parent_run_id is not null or trace_id <> run_id) and day between ${dateOf(first)}::date and ${dateOf(last)}::date limit ${MOST_LINKS}`);
  const links = new Map(rows.map(({ id, parent, at }) => [id, { parent, at }]));
  return runs.map((run) => (run.isPathless ? { ...run, ...ancestryOf(links, run) } : run));
}

/** Pure. Ends where a parent is not there, or comes again. */
export function ancestryOf(
  links: ReadonlyMap<string, Link>,
  { runId, parentRunId, startTime }: Pick<RunRecord, 'runId' | 'parentRunId' | 'startTime'>,
): Pick<RunRecord, 'dottedOrder' | 'parentRunIds'> {
  const way: Segment[] = [{ at: startTime, runId }];
  const seen = new Set([runId]);
  for (let parent = parentRunId; parent !== null && !seen.has(parent) && way.length < DEEPEST;) {
    const link = links.get(parent);
    if (link === undefined) break;
    seen.add(parent);
    way.unshift({ at: link.at, runId: parent });
    parent = link.parent;
  }
  return { dottedOrder: dottedOrderOf(pathOf(way), startTime, runId), parentRunIds: way.slice(0, -1).map((segment) => segment.runId) };
}
