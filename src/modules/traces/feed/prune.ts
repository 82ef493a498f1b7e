import type { Queryable } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';

/** A reader that has been away for longer begins anew where the feed begins. */
const LONGEST_KEPT = '7 days';
const MOST_AT_ONCE = 20_000;

/** Removes what every reader has dealt with, and what is a week old. Resolves to how many entries went; called by housekeeping, again while there are more. */
export async function pruneFeed(db: Queryable): Promise<number> {
  const { count } = await db.query(sql`
    with slowest as (select xid, no from muster.trace_cursors order by xid, no limit 1)
    delete from muster.trace_feed where (xid, no) in (
      select f.xid, f.no from muster.trace_feed f
      where f.at < clock_timestamp() - ${LONGEST_KEPT}::interval
        or (f.xid, f.no) <= (select xid, no from slowest)
      order by f.xid, f.no limit ${MOST_AT_ONCE})`);
  return count;
}
