import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { testDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import type { AgentSql } from '../../../agent/index.ts';
import { sql } from '../../../db/sql.ts';
import { pruneFinished } from './housekeeping.ts';
import { enqueue } from './notification.ts';
import { settle } from './outbox.ts';

let test: TestDatabase;
let agentSql: AgentSql;
beforeAll(async () => {
  test = await testDatabase();
  const { database } = test;
  agentSql = {
    read: (statement) => database.query(statement),
    write: (statement) => database.query(statement),
    transaction: (work) => database.transaction(work),
  };
  await database.query(sql`insert into muster.channels (name, type, created_by) values ('ops', 'webhook', 'test')`);
});
afterAll(() => test[Symbol.asyncDispose]());

async function aMessage(state: string, days: number): Promise<string> {
  const [id = ''] = await test.database.transaction((tx) =>
    enqueue(tx, [
      { channel: 'ops', kind: 'firing', level: 'critical', alertId: randomUUID(), seq: 1, document: { title: 't', text: 'x' } },
    ]),
  );
  await test.database.query(sql`
    update muster.notifications set state = ${state}, created_at = clock_timestamp() - ${days} * interval '1 day' where notification_id = ${id}`);
  await test.database.query(
    sql`insert into muster.notification_attempts (notification_id, attempt, agent_id, epoch) values (${id}, 1, 'alert_delivery', 1)`,
  );
  return id;
}

const attemptsOf = async (id: string): Promise<readonly number[]> =>
  (
    await test.database.query<{ attempt: number }>(
      sql`select attempt from muster.notification_attempts where notification_id = ${id} order by attempt`,
    )
  ).rows.map(({ attempt }) => attempt);

it('forgets messages that are done with since long with their attempts, and none that waits', async () => {
  const [old, failed, young, waiting] = [
    await aMessage('delivered', 91),
    await aMessage('failed', 91),
    await aMessage('delivered', 89),
    await aMessage('pending', 91),
  ];
  expect(await pruneFinished(agentSql, 90)).toBe(2);
  const { rows } = await test.database.query<{ id: string }>(sql`select notification_id as id from muster.notifications`);
  expect(rows.map(({ id }) => id).toSorted()).toEqual([young, waiting].toSorted());
  expect([await attemptsOf(old), await attemptsOf(failed), await attemptsOf(young)]).toEqual([[], [], [1]]);
});

it('keeps of many attempts at one message the first and the last', async () => {
  const id = await aMessage('sending', 0);
  await test.database.query(sql`
    insert into muster.notification_attempts (notification_id, attempt, agent_id, epoch) select ${id}, n, 'alert_delivery', 1 from generate_series(2, 150) n`);
  await settle(
    agentSql,
    { agentId: 'alert_delivery', epoch: 1 },
    [
      {
        channel: 'ops',
        id,
        attempt: 150,
        outcome: { kind: 'retry', reason: 'no answer' },
        verdict: { state: 'pending', inMs: 1_000 },
        durationMs: 5,
        with: null,
      },
    ],
    () => ({ openForMs: null, failures: 1, recovered: false, tell: null }),
  );
  const kept = await attemptsOf(id);
  expect([kept.length, kept[9], kept[10], kept.at(-1)]).toEqual([100, 10, 61, 150]);
});
