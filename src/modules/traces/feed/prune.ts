import type { Queryable } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';

/** A reader that has been away for longer has lost its place: what it did not read it reads from the runs. */
const LONGEST_KEPT_DAYS = 7;
/** A reader that is about to take its first look, and so has no place yet, still finds what is younger. */
const KEPT_MINUTES = 10;

/** Removes what every reader has dealt with, and what is a week old. Resolves to how many entries went, at most `limit`. */
export async function pruneFeed(db: Queryable, limit = 20_000, keptMinutes = KEPT_MINUTES): Promise<number> {
  const { count } = await db.query(sql`
    with slowest as (select xid, no from muster.trace_cursors order by xid, no limit 1)
    delete from muster.trace_feed where (xid, no) in (
      select f.xid, f.no from muster.trace_feed f
      where f.at < clock_timestamp() - ${LONGEST_KEPT_DAYS} * interval '1 day'
        or ((f.xid, f.no) <= (select xid, no from slowest) and f.at < clock_timestamp() - ${keptMinutes} * interval '1 minute')
      order by f.xid, f.no limit ${limit})`);
  return count;
}
