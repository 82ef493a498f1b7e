import type { Queryable } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import type { Candidate } from './run-search.ts';

/** Under which name the index keeps its place in the feed. */
export const SEARCH_READER = 'search';

/** Runs that are looked at one by one because the index has not come to them; of more than these the newest. */
const MOST = 3_000;
const MOST_FEED_ROWS = 1_000;

interface Row {
  readonly run_id: string;
  readonly started: string;
  readonly project_no: number;
  readonly keep_days: number;
  readonly day: string;
}

/** What was committed since the index was last written: it is searched as well, so that what was acknowledged is found. */
export async function unindexedRuns(database: Queryable): Promise<readonly Candidate[]> {
  const { rows } = await database.query<Row>(sql`
    with place as (
      select coalesce(c.xid, '0') as xid, coalesce(c.no, 0) as no
      from (select) always left join muster.trace_cursors c on c.reader = ${SEARCH_READER}),
    feed as (
      select f.keep_days, f.day, f.runs from muster.trace_feed f, place p
      where f.xid >= p.xid and (f.xid > p.xid or f.no > p.no)
      order by f.xid desc, f.no desc limit ${MOST_FEED_ROWS}),
    fresh as (select distinct f.keep_days, f.day, u.run_id from feed f, unnest(f.runs) as u (run_id) limit ${MOST})
    select r.run_id, (extract(epoch from r.start_time) * 1000000)::int8::text as started, r.project_no, r.keep_days, r.day::text
    from fresh f join muster.trace_runs r on r.run_id = f.run_id and r.keep_days = f.keep_days and r.day = f.day`);
  return rows.map((row) => ({
    runId: row.run_id,
    startTime: Number(row.started),
    projectNo: row.project_no,
    keepDays: row.keep_days,
    day: row.day,
  }));
}
