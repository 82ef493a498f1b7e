import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { testDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import type { AgentSql } from '../../../agent/index.ts';
import { sql } from '../../../db/sql.ts';
import { enqueue } from './notification.ts';
import { claim, flagFailing } from './outbox.ts';
import { parcelsOf } from './queue.ts';

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
});
afterAll(() => test[Symbol.asyncDispose]());
beforeEach(async () => {
  await test.database.query(sql`delete from muster.notifications`);
  await test.database.query(sql`delete from muster.channels`);
  await test.database.query(sql`
    insert into muster.channels (name, type, created_by) values ('ops', 'webhook', 'test'), ('mail', 'smtp', 'test'), ('off', 'ntfy', 'test')`);
  await test.database.query(sql`update muster.channels set enabled = false where name = 'off'`);
});

const holder = { agentId: 'alert_delivery', epoch: 1 };

async function aMessage(attempts: number): Promise<string> {
  const [id = ''] = await test.database.transaction((tx) =>
    enqueue(tx, [
      { channel: 'ops', kind: 'firing', level: 'critical', alertId: randomUUID(), seq: 1, document: { title: 't', text: 'x' } },
    ]),
  );
  await test.database.query(sql`update muster.notifications set attempts = ${attempts} where notification_id = ${id}`);
  return id;
}

it('tries an open breaker with one message, of those that were tried least', async () => {
  const indigestible = await aMessage(9);
  const [fresh] = [await aMessage(0), await aMessage(0)];
  await test.database.query(sql`update muster.channels set breaker = 'open', open_until = clock_timestamp() - interval '1 second'`);
  const claimed = await claim(agentSql, holder, 'ops', 8, false);
  expect(claimed).toMatchObject({ kind: 'claimed', messages: [{ id: fresh, attempts: 1 }] });
  await test.database.query(sql`update muster.channels set breaker = 'closed', open_until = null`);
  // Closed: by urgency and age.
  expect(await claim(agentSql, holder, 'ops', 1, true)).toMatchObject({ messages: [{ id: indigestible, attempts: 10 }] });
});

it('brings what happened to an alert meanwhile as one, the last of it in front', async () => {
  const alertId = randomUUID();
  const kinds = ['firing', 'resolved', 'firing', 'resolved', 'firing'] as const;
  const ids = await test.database.transaction((tx) =>
    enqueue(
      tx,
      kinds.map((kind, seq) => ({
        channel: 'ops',
        kind,
        level: 'critical',
        alertId,
        seq: seq + 1,
        document: { title: `${kind} ${seq + 1}`, text: 'x' },
      })),
    ),
  );
  // Fresh ones leave one by one, in order.
  expect(await claim(agentSql, holder, 'ops', 8, false)).toMatchObject({ messages: [{ seq: 1 }] });
  await test.database.query(sql`update muster.notifications set state = 'pending' where notification_id = ${ids[0]}`);
  const claimed = await claim(agentSql, holder, 'ops', 8, false);
  if (claimed.kind !== 'claimed') throw new Error('nothing was due');
  const parcels = parcelsOf(claimed.channel, claimed.messages);
  expect(parcels.map(({ earlier, message }) => [message.document.title, earlier.map(({ seq }) => seq)])).toEqual([
    ['firing 5', [1, 2, 3, 4]],
  ]);
});

it('tells the others once of a channel that has not worked for long, also where it is not tried', async () => {
  await test.database.query(sql`
    update muster.channels set breaker = 'open', failures = 1, open_until = clock_timestamp() + interval '1 hour', last_error = 'it answered 429',
      failing_since = clock_timestamp() - interval '6 minutes'
    where name = 'ops'`);
  expect(await flagFailing(agentSql, 420_000)).toEqual([]);
  expect(await flagFailing(agentSql, 300_000)).toEqual([{ channel: 'ops', reason: 'it answered 429', tell: 'failing' }]);
  expect(await flagFailing(agentSql, 300_000)).toEqual([]);
  const { rows } = await test.database.query(sql`select channel, kind, level, payload->>'title' as title from muster.notifications`);
  expect(rows).toEqual([{ channel: 'mail', kind: 'channel', level: 'warning', title: 'Channel "ops" does not work' }]);
});
