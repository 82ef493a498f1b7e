import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock, type Clock } from '../../src/base/clock.ts';
import { MusterError } from '../../src/base/errors.ts';
import { silentLogger } from '../../src/base/logger.ts';
import type { Database } from '../../src/db/database.ts';
import { sql } from '../../src/db/sql.ts';
import { AwayAlarm } from '../../src/modules/alerting/delivery/away/away-alarm.ts';
import { Spool } from '../../src/modules/alerting/delivery/away/spool.ts';
import { createSharedState } from '../../src/state/create-shared-state.ts';
import { until } from '../support/until.ts';
import { loopback, testDelivery } from './support/delivery.ts';
import { answering, Receiver } from './support/receiver.ts';

/** Ten times as fast as the machine's. */
const fast: Clock = {
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic() * 10,
  sleep: (ms, signal) => systemClock.sleep(ms / 10, signal),
};

/** A database that is away while `isDown` says so. An alarm looks by the connections of heartbeats: for what it has to know, and then whether it is there. */
function severed(database: Database, isDown: () => boolean): { readonly database: Database; looks(): number } {
  let looks = 0;
  const check = (): void => {
    if (isDown()) throw new MusterError('DATABASE_UNREACHABLE', 'connection refused');
  };
  return {
    looks: () => looks,
    database: {
      query: async (statement, options) => (check(), database.query(statement, options)),
      async one(statement, options) {
        check();
        const row = await database.one<never>(statement, options);
        if (options?.pool === 'heartbeat') looks += 1;
        return row;
      },
      transaction: async (work, options) => (check(), database.transaction(work, options)),
    },
  };
}

test(
  'while the database is away its hosts tell it once, and what they told is in the ledger afterwards',
  { timeout: 120_000 },
  async () => {
    await using receiver = await new Receiver().start();
    await using delivery = await testDelivery();
    const folder = await mkdtemp(join(tmpdir(), 'muster-away-'));
    await delivery.channel('ops', 'webhook', { url: receiver.url, secret: 's' });
    const hosts = [await delivery.host(), await delivery.host()];
    const { database } = delivery.fleet;
    // What they have to know they read first, and again only much later.
    await until(
      'both are there',
      async () => (await database.one<{ n: number }>(sql`select count(*)::int as n from muster.hosts where status = 'live'`))?.n === 2,
    );
    let down = false;
    const alarms = hosts.map((host, n) => {
      const spool = new Spool(join(folder, `${n}`));
      const way = severed(database, () => down);
      return {
        spool,
        way,
        alarm: new AwayAlarm({
          state: createSharedState(way.database),
          outbound: loopback,
          wake: delivery.wake,
          clock: fast,
          log: silentLogger,
          spool,
          host: () => host.hostId,
        }),
      };
    });
    try {
      for (const { alarm } of alarms) await alarm.start();
      await until('both know the fleet', () => alarms.every(({ way }) => way.looks() > 1));
      receiver.first = [answering(503)];
      down = true;
      await until('it is told', () => receiver.accepted.length > 0, 30_000);
      const [first, again] = receiver.received;
      expect(first?.body).toMatchObject({
        type: 'alert.firing',
        data: { level: 'emergency', title: 'The database of Muster cannot be reached' },
      });
      expect(again?.id).toBe(first?.id);
      const spooled = (await Promise.all(alarms.map(({ spool }) => spool.read()))).flatMap(({ entries }) => entries);
      expect(spooled.filter(({ attempt }) => attempt === 1).map(({ outcome }) => outcome)).toEqual([null, 'retry']);
      // The other one stands behind in line.
      await systemClock.sleep(2_000);
      expect(receiver.accepted).toHaveLength(1);

      down = false;
      await until('people hear that it is back', () => receiver.received.at(-1)?.body.data.kind === 'resolved', 30_000);
      const told = await database.one<{ state: string; attempts: number; outcomes: readonly string[] }>(sql`
      select state, attempts, (select array_agg(outcome order by attempt) from muster.notification_attempts a where a.notification_id = n.notification_id) as outcomes
      from muster.notifications n where notification_id = ${first?.id}`);
      expect(told).toEqual({ state: 'delivered', attempts: 2, outcomes: ['retry', 'delivered'] });
      await until('nothing is left on the disk', async () =>
        (await Promise.all(alarms.map(({ spool }) => spool.read()))).every(({ files }) => files.length === 0),
      );
      expect(receiver.accepted).toHaveLength(2);
    } finally {
      for (const { alarm } of alarms) await alarm.stop();
      await rm(folder, { recursive: true });
    }
  },
);

test('a process that ends because its database is lost tells it first, without waiting', async () => {
  await using receiver = await new Receiver().start();
  await using delivery = await testDelivery();
  const folder = await mkdtemp(join(tmpdir(), 'muster-away-'));
  await delivery.channel('ops', 'webhook', { url: receiver.url, secret: 's' });
  const host = await delivery.host();
  let down = false;
  const way = severed(delivery.fleet.database, () => down);
  const lost = new AbortController();
  const spool = new Spool(folder);
  const alarm = new AwayAlarm({
    state: createSharedState(way.database),
    outbound: loopback,
    wake: delivery.wake,
    clock: systemClock,
    log: silentLogger,
    spool,
    host: () => host.hostId,
    lost: lost.signal,
  });
  try {
    await alarm.start();
    await until('it knows the fleet', () => way.looks() > 1);
    down = true;
    lost.abort(new MusterError('EMBEDDED_FAILED', 'it died four times'));
    await alarm.stop();
    expect(receiver.accepted).toHaveLength(1);
    expect((await spool.read()).entries.map(({ outcome }) => outcome)).toEqual([null, 'delivered']);
  } finally {
    await alarm.stop();
    await rm(folder, { recursive: true });
  }
});
