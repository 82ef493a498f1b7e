import type { Database } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { pruneFeed } from '../feed/prune.ts';

/** At once, so that no statement holds others up. */
const MOST_AT_ONCE = 5_000;

/** Deletes what lies beside runs and is too old: feedback without its run, what was quarantined, what every reader of the feed has read. */
export async function pruneLeftovers(database: Database, keepDays: number): Promise<{ readonly deleted: number; readonly more: boolean }> {
  const before = sql`clock_timestamp() - ${keepDays} * interval '1 day'`;
  const statements = [
    sql`delete from muster.trace_quarantine where no in (
      select no from muster.trace_quarantine where received_at < ${before} order by received_at limit ${MOST_AT_ONCE})`,
    sql`delete from muster.trace_feedback where feedback_id in (
      select feedback_id from muster.trace_feedback f where created_at < ${before} and run_id is not null
        and not exists (select from muster.trace_runs r where r.run_id = f.run_id) limit ${MOST_AT_ONCE})`,
  ];
  const counts = [await pruneFeed(database, MOST_AT_ONCE)];
  for (const statement of statements) counts.push((await database.query(statement)).count);
  return { deleted: counts.reduce((sum, count) => sum + count, 0), more: counts.includes(MOST_AT_ONCE) };
}
