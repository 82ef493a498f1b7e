import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sql } from '../../../db/sql.ts';
import { testDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import { enqueue, type NewNotification } from './notification.ts';

let test: TestDatabase;
beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test[Symbol.asyncDispose]());

const firing = (alertId: string, more: Partial<NewNotification> = {}): NewNotification => ({
  channel: 'ops',
  kind: 'firing',
  level: 'critical',
  alertId,
  seq: 1,
  document: { title: 'CPU high', text: 'It has been above 90% for 5 m.' },
  ...more,
});

it('puts a message into the outbox with its transaction, or not at all', async () => {
  const alertId = randomUUID();
  const failed = test.database.transaction(async (tx) => {
    await enqueue(tx, [firing(alertId)]);
    throw new Error('the transition was refused');
  });
  await expect(failed).rejects.toThrow('refused');
  const counted = async (): Promise<number | undefined> =>
    (await test.database.one<{ n: number }>(sql`select count(*)::int as n from muster.notifications where alert_id = ${alertId}`))?.n;
  expect(await counted()).toBe(0);
  await test.database.transaction((tx) => enqueue(tx, [firing(alertId)]));
  expect(await counted()).toBe(1);
});

it('takes the same message of a transition once, and says which are new', async () => {
  const alertId = randomUUID();
  const first = await test.database.transaction((tx) => enqueue(tx, [firing(alertId), firing(alertId, { channel: 'mail' })]));
  const again = await test.database.transaction((tx) =>
    enqueue(tx, [firing(alertId), firing(alertId, { step: 1, kind: 'escalated' }), firing(alertId, { seq: 2, kind: 'resolved' })]),
  );
  expect(first).toHaveLength(2);
  expect(again).toHaveLength(2);
});

it('gives messages about no alert rows of their own', async () => {
  const test1: NewNotification = { channel: 'ops', kind: 'test', level: 'info', document: { title: 'Test', text: 'It works.' } };
  expect(await test.database.transaction((tx) => enqueue(tx, [test1, test1]))).toHaveLength(2);
});
