import { expect, test } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import { spawnModule, type Child } from '../support/child.ts';
import { until } from '../support/until.ts';
import { LEASE_MS, testFleet, type TestFleet } from './support/fleet.ts';
import { scribe } from './support/fleet-settings.ts';

const HOST = new URL('support/host-process.ts', import.meta.url);

async function fleetOfScribes(count: number): Promise<TestFleet> {
  const fleet = await testFleet();
  await fleet.database.query(sql`create table public.effects (
    agent_id text not null, host_id uuid not null, epoch bigint not null, at timestamptz not null default clock_timestamp())`);
  await fleet.agents(
    'scribe',
    Array.from({ length: count }, (_, n) => `scribe_${n}`),
  );
  return fleet;
}

async function hostProcess(fleet: TestFleet): Promise<{ readonly child: Child; readonly hostId: string }> {
  const child = spawnModule(HOST, [fleet.url]);
  const { hostId } = await child.line<{ hostId: string }>();
  return { child, hostId };
}

const effectsOf = async (fleet: TestFleet, host: string): Promise<number> =>
  (await fleet.database.query(sql`select 1 from public.effects where host_id = ${host}::uuid limit 1`)).count;

/** Writes of a former epoch that were accepted after the first of a later one: there must be none. */
const staleWrites = async (fleet: TestFleet): Promise<number> =>
  (
    await fleet.database.query(sql`select 1 from public.effects old
      join (select agent_id, epoch, min(at) as since from public.effects group by agent_id, epoch) later
        on later.agent_id = old.agent_id and later.epoch > old.epoch and old.at > later.since`)
  ).count;

test('a host that is killed is certified dead by its neighbour, and its agents go on at once', async () => {
  await using fleet = await fleetOfScribes(3);
  const { child, hostId } = await hostProcess(fleet);
  await using _ = child;
  await until('it works', async () => (await effectsOf(fleet, hostId)) > 0);
  const heir = await fleet.host([scribe]);
  await child.kill('SIGKILL');
  await until('the heir works', async () => heir.status?.agents === 3 && (await effectsOf(fleet, heir.hostId)) > 0);
  const [lost] = await fleet.state.events.list({ type: 'host:lost' }, { limit: 1 });
  expect(lost).toMatchObject({ hostId, data: { reason: 'the process of its host is gone' } });
  expect(await staleWrites(fleet)).toBe(0);
}, 180_000);

test('a frozen host loses its agents by its lease, and what it writes when it thaws is refused', async () => {
  await using fleet = await fleetOfScribes(3);
  const { child, hostId } = await hostProcess(fleet);
  await using _ = child;
  await until('it works', async () => (await effectsOf(fleet, hostId)) > 0);
  const heir = await fleet.host([scribe]);
  child.process.kill('SIGSTOP');
  await until('the heir works', async () => heir.status?.agents === 3 && (await effectsOf(fleet, heir.hostId)) > 0, LEASE_MS * 15);
  child.process.kill('SIGCONT');
  await until('the thawed one has joined again', async () => (await fleet.state.hosts.list({ live: true })).length === 2, 20_000);
  expect(await staleWrites(fleet)).toBe(0);
  const [lost] = await fleet.state.events.list({ type: 'host:lost' }, { limit: 1 });
  expect(lost).toMatchObject({ hostId, data: { reason: 'its host stopped renewing its lease' } });
}, 180_000);

test('a host that is told to stop gives its agents back in good order', async () => {
  await using fleet = await fleetOfScribes(3);
  const { child, hostId } = await hostProcess(fleet);
  await using _ = child;
  await until('it works', async () => (await effectsOf(fleet, hostId)) > 0);
  child.process.kill('SIGTERM');
  expect(await child.exited).toBe(0);
  const host = (await fleet.state.hosts.list()).find((each) => each.hostId === hostId);
  expect(host).toMatchObject({ status: 'stopped', agents: 0 });
  expect(await fleet.get('scribe_0')).toMatchObject({ hostId: null, status: 'stopped', reason: 'its host stops', errorCount: 0 });
}, 180_000);
