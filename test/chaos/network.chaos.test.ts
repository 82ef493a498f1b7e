import { describe, expect, test } from 'vitest';
import { testDatabase } from '../support/database.ts';
import { startPgBouncer } from '../support/pgbouncer.ts';
import { startProxy, throughProxy, type Proxy } from '../support/proxy.ts';
import { missing } from '../support/requirements.ts';
import { until } from '../support/until.ts';
import { ChaosFleet } from './support/chaos-fleet.ts';
import { CHAOS_LEASE_MS } from './support/timing.ts';

const proxyTo = (url: string): Promise<Proxy> => {
  const { hostname, port } = new URL(url);
  return startProxy({ host: hostname, port: Number(port) });
};

test('a slow network, forgotten connections and refused ones cost no host its lease; a black hole costs the one that is in it', async () => {
  await using db = await testDatabase();
  await using near = await proxyTo(db.url);
  await using far = await proxyTo(db.url);
  await using fleet = await ChaosFleet.open(db.database);
  const hosts = [await fleet.host(throughProxy(db.url, near)), await fleet.host(throughProxy(db.url, far))];
  await fleet.untilSteady();

  far.delay(60);
  await fleet.untilSteady();
  far.delay(0);
  expect(await fleet.lostHosts()).toEqual([]);

  // As a firewall does that has lost its table: what is open is dead without a word, what is new passes.
  far.forget();
  await fleet.untilSteady();
  expect(await fleet.lostHosts()).toEqual([]);

  near.refuse(true);
  far.refuse(true);
  near.cut();
  far.cut();
  await until('connections were refused', () => near.refused >= 10 && far.refused >= 10, 60_000);
  near.refuse(false);
  far.refuse(false);
  await fleet.untilSteady();
  expect(await fleet.lostHosts()).toEqual([]);

  far.blackHole();
  await until('the one in the black hole is lost', async () => (await fleet.lostHosts()).length === 1, CHAOS_LEASE_MS * 15);
  await fleet.untilSteady();
  far.heal();
  await until('it has joined again', async () => (await fleet.state.hosts.list({ live: true })).length === 2, 40_000);
  await fleet.untilSteady();
  fleet.expectAlive(hosts);
  await fleet.expectSoundHistory();
}, 400_000);

describe.skipIf(missing('pgbouncer'))('behind PgBouncer in transaction mode', () => {
  test('a host is frozen and one is killed: every agent goes on, and nothing stale is accepted', async () => {
    await using db = await testDatabase();
    await using pooler = await startPgBouncer(db.url);
    await using fleet = await ChaosFleet.open(db.database);
    const frozen = await fleet.host(pooler.url);
    const killed = await fleet.host(pooler.url);
    const left = await fleet.host(pooler.url);
    await fleet.untilSteady();
    frozen.child.process.kill('SIGSTOP');
    await until('the frozen one is lost', async () => (await fleet.lostHosts()).includes(frozen.hostId), CHAOS_LEASE_MS * 15);
    frozen.child.process.kill('SIGCONT');
    await killed.child.kill('SIGKILL');
    await until('the killed one is lost', async () => (await fleet.lostHosts()).includes(killed.hostId), CHAOS_LEASE_MS * 15);
    await fleet.untilSteady();
    fleet.expectAlive([frozen, left]);
    await fleet.expectSoundHistory();
  }, 300_000);
});
