import type { Queryable } from '../../../db/database.ts';
import { raw, sql, type Sql } from '../../../db/sql.ts';
import type { Micros } from '../run/operation.ts';
import { isoMicros } from './filter/timestamp.ts';
import { daysWithin, daysWithRuns, growing } from './run-days.ts';
import { recordOf, runColumns, type RunRecord, type RunRow } from './run-record.ts';

/** A place in the list: runs are ordered by the day they lie in, then by their start, then by their id. */
export interface Place {
  readonly day: string;
  readonly startTime: Micros;
  readonly runId: string;
}

/** By day. */
export type OnlyRuns = ReadonlyMap<string, readonly string[]>;

export interface ListQuery {
  /** Numbers of the projects; none: nothing is found. */
  readonly projects: readonly number[];
  /** Conditions over the row `r` of a day. */
  readonly where: (day: string) => readonly Sql[];
  /** Tells of some days the only runs that can fit; a day it does not tell of is read. Default: of none. */
  readonly only?: ((days: readonly string[]) => Promise<OnlyRuns>) | undefined;
  /** Starts at or after. */
  readonly from?: Micros | undefined;
  /** Starts before. */
  readonly to?: Micros | undefined;
  /** Default: newest first. */
  readonly order?: 'asc' | 'desc' | undefined;
  readonly after?: Place | undefined;
  readonly limit: number;
}

/**
 * Runs in the order of their start. It goes from day to day, because PostgreSQL would plan for all partitions at once: with 30 days that
 * alone takes longer than reading a page. A run whose clock is far off lies in the day it arrived, and there it is found.
 */
export async function listRuns(db: Queryable, query: ListQuery): Promise<readonly RunRecord[]> {
  if (query.projects.length === 0 || query.limit === 0) return [];
  const days = daysAfter(daysWithin(await daysWithRuns(db), query.from, query.to), query);
  const found: RunRecord[] = [];
  for (const group of growing(days)) {
    const only = await query.only?.(group);
    const possible = group.filter((day) => only?.get(day)?.length !== 0);
    if (possible.length === 0) continue;
    const { rows } = await db.query<RunRow>(statement(possible, query, query.limit - found.length, only));
    found.push(...rows.map(recordOf));
    if (found.length >= query.limit) break;
  }
  return found;
}

function daysAfter(days: readonly string[], { order, after }: ListQuery): readonly string[] {
  const rest = after === undefined ? days : days.filter((day) => (order === 'asc' ? day >= after.day : day <= after.day));
  return order === 'asc' ? rest.toReversed() : rest;
}

/** One part a day; the parts are read in their order, and those behind a full page not at all. */
function statement(days: readonly string[], query: ListQuery, limit: number, only: OnlyRuns | undefined): Sql {
  const parts = days.map((day) => dayPart(day, query, limit, only?.get(day)));
  const [first = sql`select`, ...rest] = parts;
  return sql`select * from (${rest.reduce((all, part) => sql`${all} union all ${part}`, first)}) page limit ${limit}`;
}

function dayPart(day: string, query: ListQuery, limit: number, only: readonly string[] | undefined): Sql {
  const { projects, order } = query;
  const [first] = projects;
  const direction = raw(order === 'asc' ? 'asc' : 'desc');
  const ordered = sql`order by r.start_time ${direction}, r.run_id ${direction} limit ${limit}`;
  if (only !== undefined)
    // The offset keeps the planner from going through the day by time, in the belief that the page is full soon.
    return sql`(select ${runColumns('r')} from (
        select r.* from muster.trace_runs r where r.day = ${day}::date and r.run_id = any(${only}::uuid[]) and r.project_no = any(${projects}::int[]) offset 0) r
      where ${conditions(day, query)} ${ordered})`;
  const runs = (project: Sql): Sql => sql`select ${runColumns('r')} from muster.trace_runs r
    where r.day = ${day}::date and r.project_no = ${project} and ${conditions(day, query)} ${ordered}`;
  if (projects.length === 1) return sql`(${runs(sql`${first}`)})`;
  // Each project by its index, then together: no index serves all of them in one order.
  return sql`(select r.* from unnest(${projects}::int[]) p(no) cross join lateral (${runs(sql`p.no`)}) r ${ordered})`;
}

function conditions(day: string, { where, from, to, order, after }: ListQuery): Sql {
  const all = [...where(day)];
  if (from !== undefined) all.push(sql`r.start_time >= ${isoMicros(from)}::timestamptz`);
  if (to !== undefined) all.push(sql`r.start_time < ${isoMicros(to)}::timestamptz`);
  if (after !== undefined && after.day === day)
    all.push(
      sql`(r.start_time, r.run_id) ${raw(order === 'asc' ? '>' : '<')} (${isoMicros(after.startTime)}::timestamptz, ${after.runId}::uuid)`,
    );
  return all.reduce((together, next) => sql`${together} and ${next}`, sql`true`);
}
