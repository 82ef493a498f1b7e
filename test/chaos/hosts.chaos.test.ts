import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import { testDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';
import { ChaosFleet, type ChaosHost } from './support/chaos-fleet.ts';
import { CHAOS_LEASE_MS, CHAOS_MS } from './support/timing.ts';

test(
  'hosts are killed and frozen in turn: every agent goes on, and nothing stale is accepted',
  async () => {
    await using db = await testDatabase();
    await using fleet = await ChaosFleet.open(db.database);
    let hosts: ChaosHost[] = [await fleet.host(db.url), await fleet.host(db.url), await fleet.host(db.url)];
    await fleet.untilSteady();
    const until_ = performance.now() + CHAOS_MS;
    let rounds = 0;
    do {
      const [frozen, killed, ...rest] = hosts;
      if (frozen === undefined || killed === undefined) throw new Error('no hosts');
      frozen.child.process.kill('SIGSTOP');
      await until('the frozen one is lost', async () => (await fleet.lostHosts()).includes(frozen.hostId), CHAOS_LEASE_MS * 15);
      frozen.child.process.kill('SIGCONT');
      await killed.child.kill('SIGKILL');
      hosts = [...rest, frozen, await fleet.host(db.url)];
      await fleet.untilSteady();
      // It has another name now, if it had one to lose.
      await until('the frozen one has joined again', async () => (await fleet.state.hosts.list({ live: true })).length >= 3, 30_000);
      const live = await fleet.state.hosts.list({ live: true });
      hosts = hosts.map((host) => ({ ...host, hostId: live.find((row) => row.pid === host.child.process.pid)?.hostId ?? host.hostId }));
      rounds += 1;
    } while (performance.now() < until_);
    fleet.expectAlive(hosts);
    expect(rounds).toBeGreaterThan(0);
    expect(await fleet.expectSoundHistory()).toBeGreaterThan(100);
  },
  120_000 + CHAOS_MS,
);

test('backends that are ended again and again cost no host its lease and no agent its place', async () => {
  await using db = await testDatabase();
  await using fleet = await ChaosFleet.open(db.database);
  const hosts = [await fleet.host(db.url), await fleet.host(db.url)];
  await fleet.untilSteady();
  const before = await fleet.state.agents.list({ type: 'historian' }, { limit: 10 });
  for (let n = 0; n < 20; n += 1) {
    await db.database.query(sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name like 'muster chaos host%'`);
    await delay(200);
  }
  await fleet.untilSteady();
  fleet.expectAlive(hosts);
  expect(await fleet.lostHosts()).toEqual([]);
  const after = await fleet.state.agents.list({ type: 'historian' }, { limit: 10 });
  expect(after.map((agent) => [agent.agentId, agent.epoch])).toEqual(before.map((agent) => [agent.agentId, agent.epoch]));
  await fleet.expectSoundHistory();
}, 300_000);
