import type { Database } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';

/** At once, so that no statement holds others up. */
const MOST_AT_ONCE = 5_000;
/** A reader of the feed that is further behind than this has lost its place: what it did not read it reads from the runs. */
const FEED_DAYS = 7;

/** Deletes what lies beside runs and is too old: feedback without its run, what was quarantined, what every reader of the feed has read. */
export async function pruneLeftovers(database: Database, keepDays: number): Promise<{ readonly deleted: number; readonly more: boolean }> {
  const before = sql`clock_timestamp() - ${keepDays} * interval '1 day'`;
  const statements = [
    // A reader that is gone would keep the feed for ever: nothing in it is kept longer than a week.
    sql`delete from muster.trace_feed where (xid, no) in (
      select xid, no from muster.trace_feed
      where at < clock_timestamp() - ${FEED_DAYS} * interval '1 day'
        or ((xid, no) <= (select xid, no from muster.trace_cursors order by xid, no limit 1) and at < clock_timestamp() - interval '10 minutes')
      order by xid, no limit ${MOST_AT_ONCE})`,
    sql`delete from muster.trace_quarantine where no in (
      select no from muster.trace_quarantine where received_at < ${before} order by received_at limit ${MOST_AT_ONCE})`,
    sql`delete from muster.trace_feedback where feedback_id in (
      select feedback_id from muster.trace_feedback f where created_at < ${before} and run_id is not null
        and not exists (select from muster.trace_runs r where r.run_id = f.run_id) limit ${MOST_AT_ONCE})`,
  ];
  let [deleted, more] = [0, false];
  for (const statement of statements) {
    const { count } = await database.query(statement);
    deleted += count;
    more ||= count === MOST_AT_ONCE;
  }
  return { deleted, more };
}
