import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { agentCoordinator, FLEET_SUMMARY_KEY } from '../../src/fleet/coordinator.ts';
import { agentId } from '../../src/base/ids.ts';
import { sql } from '../../src/db/sql.ts';
import { until } from '../support/until.ts';
import { testFleet, worker, type TestFleet } from './support/fleet.ts';

const ids = (count: number): string[] => Array.from({ length: count }, (_, n) => `worker_${n}`);
const desire = (
  fleet: TestFleet,
  host: { readonly hostId: Parameters<TestFleet['state']['hosts']['desire']>[0] },
  desired: 'run' | 'drain' | 'stop' | 'restart',
) => fleet.state.hosts.desire(host.hostId, desired, 'the test');

test('a drained host gives its agents away and takes none, until it is told to resume', async () => {
  await using fleet = await testFleet();
  const [a, b] = await Promise.all([fleet.host([worker()]), fleet.host([worker()])]);
  // Once both are there: who comes late finds all taken, and nobody evens out in this fleet.
  await fleet.agents('worker', ids(6));
  await until('both have agents', () => a.status?.agents === 3 && b.status?.agents === 3);
  await desire(fleet, a, 'drain');
  await until('the other has all', () => a.status?.agents === 0 && b.status?.agents === 6);
  await until('each move is told', async () => (await fleet.state.events.list({ type: 'agent:moved' }, { limit: 10 })).length === 3);
  const [moved] = await fleet.state.events.list({ type: 'agent:moved' }, { limit: 1 });
  expect(moved?.data).toEqual({ reason: 'its host is drained' });

  await fleet.agents('worker', ['late']);
  await fleet.untilAgent('late', 'is held by the other', (agent) => agent.hostId === b.hostId);
  expect(await fleet.state.hosts.get(a.hostId)).toMatchObject({ status: 'live', desired: 'drain', desiredBy: 'the test', agents: 0 });

  await desire(fleet, a, 'run');
  await fleet.agents('worker', ['later', 'latest']);
  await until('it takes agents again', () => (a.status?.agents ?? 0) >= 2);
});

test('each move is told where the database takes its time to be told, and each end where a host stops', async () => {
  await using fleet = await testFleet();
  const { events } = fleet.state;
  const appendFenced: typeof events.appendFenced = async (...told) => {
    await delay(1_200);
    return events.appendFenced(...told);
  };
  const slow = { state: { ...fleet.state, events: { ...events, appendFenced } }, drainMs: 20_000 };
  const a = await fleet.host([worker()], slow);
  await fleet.agents('worker', ids(3));
  await until('it has all', () => a.status?.agents === 3);
  const b = await fleet.host([worker()], slow);
  await desire(fleet, a, 'drain');
  await until('the other has all', () => b.status?.agents === 3);
  expect(await events.list({ type: 'agent:moved' }, { limit: 10 })).toHaveLength(3);
  await b.stop();
  expect((await events.list({ type: 'agent:stopped' }, { limit: 10 })).map(({ hostId }) => hostId)).toEqual([1, 2, 3].map(() => b.hostId));
});

test('a host that is told to stop gives its agents away, leaves, and says that it is dismissed', async () => {
  await using fleet = await testFleet();
  const [a, b] = await Promise.all([fleet.host([worker()]), fleet.host([worker()])]);
  // Once both are there: who comes late finds all taken, and nobody evens out in this fleet.
  await fleet.agents('worker', ids(4));
  await until('both have agents', () => a.status?.agents === 2 && b.status?.agents === 2);
  const { hostId } = a;
  await desire(fleet, a, 'stop');
  await a.dismissed;
  expect((await fleet.state.hosts.get(hostId))?.status).toBe('stopped');
  await until('the other has all', () => b.status?.agents === 4);
  await expect(fleet.state.hosts.desire(hostId, 'drain', 'the test')).rejects.toMatchObject({ code: 'CONFLICT' });
});

test('a host that is told to restart leaves, and joins again as a new one', async () => {
  await using fleet = await testFleet();
  await fleet.agents('worker', ids(2));
  const host = await fleet.host([worker()]);
  await until('it has all', () => host.status?.agents === 2);
  const before = host.hostId;
  await desire(fleet, host, 'restart');
  await until('it is there anew, with its agents', () => host.hostId !== before && host.status?.agents === 2);
  expect((await fleet.state.hosts.get(before))?.status).toBe('stopped');
  expect(await fleet.state.hosts.get(host.hostId)).toMatchObject({ status: 'live', desired: 'run' });
});

test('hosts of two versions run side by side', async () => {
  await using fleet = await testFleet();
  const [old, young] = await Promise.all([fleet.host([worker()], { version: '0.1.0' }), fleet.host([worker()], { version: '0.2.0' })]);
  await fleet.agents('worker', ids(4));
  await until('they share the agents', () => old.status?.agents === 2 && young.status?.agents === 2);
});

test('a host of no capacity only watches', async () => {
  await using fleet = await testFleet();
  const watcher = await fleet.host([worker()], { capacity: 0 });
  await fleet.agents('worker', ids(3));
  const host = await fleet.host([worker()]);
  await until('the other has all', () => host.status?.agents === 3);
  expect(watcher.status).toMatchObject({ agents: 0, trusted: true });
});

test('while the published level says so runs are stretched, the agent shows it, and it ends by itself', async () => {
  await using fleet = await testFleet();
  await fleet.host([{ ...worker(), priority: 10 }]);
  await fleet.agents('worker', ['worker_0']);
  await fleet.untilAgent('worker_0', 'has run', (agent) => agent.runCount >= 2);
  await fleet.database.query(sql`update muster.fleet_clock set shed_level = 3, shed_until = clock_timestamp() + interval '4 seconds'`);
  const slow = await fleet.untilAgent('worker_0', 'is slowed down', (agent) => agent.reason !== null);
  expect(slow).toMatchObject({ status: 'running', reason: 'it runs 8 times less often until the database has recovered' });
  // No leader is there to say it again.
  await fleet.untilAgent('worker_0', 'is as before', (agent) => agent.reason === null, 15_000);
  const before = (await fleet.get('worker_0')).runCount;
  await fleet.untilAgent('worker_0', 'runs on', (agent) => agent.runCount > before + 5, 15_000);
}, 180_000);

test('a leader takes up what the one before it has published, ends it when all is well, and tells', async () => {
  await using fleet = await testFleet();
  await fleet.agents('agent_coordinator', ['agent_coordinator']);
  // Published by a leader that died before it could take it back.
  await fleet.database.query(sql`update muster.fleet_clock set shed_level = 2, shed_until = clock_timestamp() - interval '1 second'`);
  await fleet.host([worker(), agentCoordinator]);
  await until(
    'it is told',
    async () => (await fleet.state.events.list({ type: 'fleet:shedding_ended' }, { limit: 1 })).length === 1,
    15_000,
  );
  expect((await fleet.database.one(sql`select shed_level from muster.fleet_clock`))?.shed_level).toBe(0);
  await until('the summary says so', async () => (await fleet.state.systemState.get(FLEET_SUMMARY_KEY)) !== undefined);
  expect((await fleet.state.systemState.get(FLEET_SUMMARY_KEY))?.value).toMatchObject({ shedding: { level: 0, reason: null } });
});

test('a leader that was frozen changes nothing when it comes back: another leads, and its epoch is refused', async () => {
  await using fleet = await testFleet();
  await fleet.agents('agent_coordinator', ['agent_coordinator']);
  await fleet.agents('worker', ids(4));
  const types = [worker(), agentCoordinator];
  const { host: former, cut, mend } = await fleet.severable(types);
  await until('the first has all', () => former.status?.agents === 5);
  const formerFence = { hostId: former.hostId, agentId: agentId('agent_coordinator'), epoch: (await fleet.get('agent_coordinator')).epoch };
  const next = await fleet.host(types);
  cut();
  const leader = await fleet.untilAgent(
    'agent_coordinator',
    'leads elsewhere',
    (a) => a.hostId === next.hostId && a.status === 'running',
    15_000,
  );
  expect(leader.epoch).toBeGreaterThan(formerFence.epoch);
  await until('every agent is held once', () => next.status?.agents === 5, 15_000);
  mend();
  // What the former leader would write now, had its host not given up: moves, reasons and levels all go this way.
  await expect(fleet.state.systemState.set('fleet:summary', {}, formerFence)).rejects.toMatchObject({ code: 'LEASE_LOST' });
  await until('it has joined anew', async () => (await fleet.state.hosts.list({ live: true })).length === 2, 15_000);
  const all = await fleet.state.agents.list({ state: 'active' }, { limit: 10 });
  expect(all.map(({ agentId: id }) => id).toSorted()).toEqual(['agent_coordinator', ...ids(4)]);
}, 180_000);
