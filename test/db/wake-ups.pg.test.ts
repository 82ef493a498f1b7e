import { describe, expect, it } from 'vitest';
import { PostgresAdapter } from '../../src/db/adapter.ts';
import { sql } from '../../src/db/sql.ts';
import { WakeUps } from '../../src/db/wake-ups.ts';
import { testDatabase, type TestDatabase } from '../support/database.ts';
import { startProxy, throughProxy } from '../support/proxy.ts';
import { until } from '../support/until.ts';

const listening = (wake: WakeUps): Promise<void> => until('the connection listens', () => wake.status().mode === 'listening');
const endOfWakeUps = (t: TestDatabase): Promise<unknown> =>
  t.database.query(
    sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'muster wake-ups'`,
  );

describe('WakeUps', () => {
  it('wakes listeners of the topic in another process and in its own, once each', async () => {
    await using t = await testDatabase();
    await using here = new WakeUps(t.database);
    await using there = new WakeUps(t.database);
    const woken: string[] = [];
    await here.start();
    await there.start();
    await Promise.all([listening(here), listening(there)]);
    here.on('commands', () => woken.push('here'));
    there.on('commands', () => woken.push('there'));
    there.on('agents', () => woken.push('wrong topic'));
    here.hint('commands');
    await until('both are woken', () => woken.length >= 2);
    // A second hint passes through the same connection: had the first come back to its sender, it would be here by now.
    const seen = there.status().received;
    here.hint('events');
    await until('the second hint has arrived', () => there.status().received > seen);
    expect(woken.toSorted()).toEqual(['here', 'there']);
  });

  it('sends the first hint at once and those that follow together', async () => {
    await using t = await testDatabase();
    await using here = new WakeUps(t.database, { quietMs: 30 });
    await using there = new WakeUps(t.database);
    await here.start();
    await there.start();
    await Promise.all([listening(here), listening(there)]);
    let woken = 0;
    there.on('last', () => (woken += 1));
    for (let i = 0; i < 500; i += 1) here.hint('events');
    here.hint('last');
    await until('the last topic arrives', () => woken === 1);
    expect(here.status().sent).toBeLessThanOrEqual(3);
    await until('all that was sent is acknowledged', () => there.status().received === here.status().sent);
  });

  it('listens again after its backend was terminated, and wakes everybody because something may have been missed', async () => {
    await using t = await testDatabase();
    await using wake = new WakeUps(t.database);
    await wake.start();
    await listening(wake);
    let woken = 0;
    wake.on('events', () => (woken += 1));
    await endOfWakeUps(t);
    await until('it has reconnected', () => wake.status().reconnects === 1);
    expect(woken).toBe(1);
  });

  it('notices a connection that no longer answers, and comes back when the network does', async () => {
    await using t = await testDatabase();
    const { host, port } = t.database.connection;
    await using proxy = await startProxy({ host, port });
    await using database = new PostgresAdapter({ url: t.url, directUrl: throughProxy(t.url, proxy), poolMin: 0 });
    await using wake = new WakeUps(database, { beatMs: 50, answerMs: 200 });
    await wake.start();
    await listening(wake);
    proxy.blackHole();
    await until('the silence is noticed', () => wake.status().mode === 'connecting');
    proxy.heal();
    await until('it listens again', () => wake.status().reconnects === 1);
  });

  it('drops hints while there is no connection, and counts them', async () => {
    await using nowhere = new PostgresAdapter({ url: 'postgresql://muster:x@127.0.0.1:9/muster' });
    await using wake = new WakeUps(nowhere);
    await wake.start();
    wake.hint('events');
    await until('the hint is dropped', () => wake.status().dropped === 1);
    expect(wake.status()).toMatchObject({ mode: 'connecting', sent: 0 });
  });

  it('leaves no connection behind', async () => {
    await using t = await testDatabase();
    const wake = new WakeUps(t.database);
    await wake.start();
    await listening(wake);
    await wake.stop();
    await until('the backend is gone', async () => {
      const row = await t.database.one<{ n: number }>(
        sql`select count(*) as n from pg_stat_activity where datname = current_database() and application_name = 'muster wake-ups'`,
      );
      return row?.n === 0;
    });
  });
});
