import { expect, test } from 'vitest';
import { until } from '../support/until.ts';
import { testFleet, worker, LEASE_MS } from './support/fleet.ts';

const ids = (count: number): string[] => Array.from({ length: count }, (_, n) => `worker_${String(n).padStart(2, '0')}`);

test('an active agent is claimed, started and run, and its beats show it', async () => {
  await using fleet = await testFleet();
  await fleet.agents('worker', ['worker_00']);
  const host = await fleet.host([worker()]);
  const agent = await fleet.untilAgent('worker_00', 'has run three times', (a) => a.runCount >= 3);
  expect(agent).toMatchObject({ status: 'running', hostId: host.hostId, epoch: 1, healthScore: 100, errorCount: 0, reason: null });
  await until('its events are written', async () => (await fleet.eventsOf('worker_00')).includes('agent:started'));
  expect(await fleet.eventsOf('worker_00')).toEqual(['agent:claimed', 'agent:started']);
});

test('two hosts split the agents that come', async () => {
  await using fleet = await testFleet();
  const [a, b] = await Promise.all([fleet.host([worker()]), fleet.host([worker()])]);
  await fleet.agents('worker', ids(10));
  await until(
    'all agents are held',
    async () => (await fleet.state.hosts.list({ live: true })).reduce((sum, host) => sum + host.agents, 0) === 10,
  );
  const counts = await fleet.state.agents.list({ state: 'active' }, { limit: 100 });
  const held = [a, b].map((host) => counts.filter((agent) => agent.hostId === host?.hostId).length);
  expect(held).toEqual([5, 5]);
});

test('capacity bounds what a host takes, and an inactive or unknown agent is left alone', async () => {
  await using fleet = await testFleet();
  await fleet.agents('worker', ids(6));
  await fleet.agents('stranger', ['stranger_1']);
  await fleet.state.agents.setState((await fleet.get('worker_00')).agentId, 'inactive');
  const host = await fleet.host([worker()], { capacity: 3 });
  await until('three are held', () => host.status?.agents === 3);
  await new Promise((resolve) => setTimeout(resolve, LEASE_MS));
  expect(host.status?.agents).toBe(3);
  expect((await fleet.get('stranger_1')).hostId).toBeNull();
  expect((await fleet.get('worker_00')).hostId).toBeNull();
});

test('a host that stops ends its agents, and another takes them at once', async () => {
  await using fleet = await testFleet();
  await fleet.agents('worker', ids(4));
  const first = await fleet.host([worker()]);
  for (const id of ids(4)) await fleet.untilAgent(id, 'runs', (agent) => agent.status === 'running');
  const second = await fleet.host([worker()]);
  await first.stop();
  await until('the second has all', () => second.status?.agents === 4);
  const events = await fleet.eventsOf('worker_01');
  expect(events.slice(0, 3)).toEqual(['agent:claimed', 'agent:started', 'agent:stopped']);
  expect((await fleet.get('worker_01')).epoch).toBe(2);
  const hosts = await fleet.state.hosts.list();
  expect(hosts.find((host) => host.hostId === first.hostId)?.status).toBe('stopped');
});
