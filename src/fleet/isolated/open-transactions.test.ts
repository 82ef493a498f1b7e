import { expect, test } from 'vitest';
import { settled, VirtualClock } from '../../agent/virtual-clock.ts';
import type { Transaction } from '../../db/database.ts';
import { OpenTransactions } from './open-transactions.ts';

const tx: Transaction = { query: () => Promise.resolve({ rows: [], count: 0 }), copyBinary: () => Promise.resolve(0) };

function transactions() {
  const clock = new VirtualClock();
  const outcomes: string[] = [];
  const open = new OpenTransactions(clock);
  const run = async (work: (on: Transaction) => Promise<void>): Promise<void> => {
    try {
      await work(tx);
      outcomes.push('committed');
    } catch (error) {
      outcomes.push(`rolled back: ${(error as Error).message}`);
      throw error;
    }
  };
  return { open, clock, outcomes, run };
}

test('a transaction is open between its beginning and its commit, and over after that', async () => {
  const { open, outcomes, run } = transactions();
  const id = await open.begin(run);
  expect(await open.use(id, (on) => on.query({ text: 'select 1', values: [] }))).toEqual({ rows: [], count: 0 });
  expect(outcomes).toEqual([]);
  await open.commit(id);
  expect(outcomes).toEqual(['committed']);
  await expect(open.commit(id)).rejects.toMatchObject({ code: 'CONFLICT' });
});

test('one that cannot be opened says why, and leaves room', async () => {
  const { open } = transactions();
  for (let n = 0; n < 10; n += 1) await expect(open.begin(() => Promise.reject(new Error('lease lost')))).rejects.toThrow('lease lost');
});

test('an agent that dies leaves nothing open, not even what was being opened', async () => {
  const { open, outcomes, run } = transactions();
  await open.begin(run);
  let go: () => void = () => undefined;
  const late = open.begin(async (work) => {
    await new Promise<void>((resolve) => (go = resolve));
    await run(work);
  });
  late.catch(() => undefined);
  open.end();
  go();
  await settled();
  expect(outcomes).toEqual(['rolled back: the agent ended', 'rolled back: the agent ended']);
  await expect(late).rejects.toThrow('the agent ended');
});

test('one that sits idle is rolled back, one that is used is not', async () => {
  const { open, clock, outcomes, run } = transactions();
  const id = await open.begin(run);
  await clock.advance(4_000);
  await open.use(id, (on) => on.query({ text: 'select 1', values: [] }));
  await clock.advance(4_000);
  expect(outcomes).toEqual([]);
  await clock.advance(4_000);
  expect(outcomes).toEqual(['rolled back: the transaction sat idle for 6 s and was rolled back']);
  expect(clock.sleepers).toBe(0);
});

test('so many at once and no more', async () => {
  const { open, run } = transactions();
  const ids = [await open.begin(run), await open.begin(run), await open.begin(run), await open.begin(run)];
  await expect(open.begin(run)).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  for (const id of ids) await open.rollback(id);
  await expect(open.begin(run)).resolves.toBeTypeOf('number');
  open.end();
});
