import type { Database } from '../../src/db/database.ts';
import { sql } from '../../src/db/sql.ts';
import { until } from './until.ts';

/**
 * Waits until every transaction is over that was open on the server, in whatever database: the feed of runs is read only as far as nothing older is still
 * open, and the tests beside this one have transactions of their own.
 */
export async function olderTransactionsOver(database: Database): Promise<void> {
  const now = await database.one<{ xid: string }>(sql`select pg_snapshot_xmax(pg_current_snapshot())::text as xid`);
  await until('transactions of other tests are over', async () => {
    const row = await database.one<{ over: boolean }>(sql`select pg_snapshot_xmin(pg_current_snapshot()) >= ${now?.xid}::xid8 as over`);
    return row?.over === true;
  });
}
