import { afterAll, beforeAll, expect, it } from 'vitest';
import { testDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import { olderTransactionsOver } from '../../../../test/support/older-transactions.ts';
import { sql } from '../../../db/sql.ts';
import { FeedReader } from './feed-reader.ts';
import { pruneFeed } from './prune.ts';

let test: TestDatabase;
beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test[Symbol.asyncDispose]());

const RUN = '0199c9f0-5d3a-7000-8000-00000000000a';

it('every reader is given each entry once, also one that commits late, and what all have read goes', async () => {
  const { database } = test;
  const insert = sql`insert into muster.trace_feed (keep_days, day, runs, completed) values (30, '2026-11-26', ${[RUN]}::uuid[], '{}')`;
  const [first, second] = [new FeedReader(database, 'first'), new FeedReader(database, 'second')];
  const read = async (reader: FeedReader, settled = true): Promise<number> => {
    if (settled) await olderTransactionsOver(database);
    const batch = await reader.take();
    if (batch === undefined) return 0;
    await database.transaction((tx) => reader.advance(tx, batch));
    return batch.entries.length;
  };
  await database.query(insert);
  await olderTransactionsOver(database);
  await database.transaction(async (tx) => {
    await tx.query(insert);
    // Committed in the meantime, by one that began later: it must not lead past the one that is still open.
    await database.query(insert);
    expect(await read(first, false)).toBe(1);
  });
  expect([await read(first), await read(first)]).toEqual([2, 0]);
  expect(await read(second)).toBe(3);
  expect((await first.lag()).entries).toBe(0);
  await database.query(insert);
  const prune = (): Promise<number> => pruneFeed(database, 100, 0);
  expect([await prune(), await prune()]).toEqual([3, 0]);
  expect([await read(first), await read(second)]).toEqual([1, 1]);
});
