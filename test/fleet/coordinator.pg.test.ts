import { expect, test } from 'vitest';
import { agentCoordinator, FLEET_SUMMARY_KEY } from '../../src/fleet/coordinator.ts';
import { until } from '../support/until.ts';
import { testFleet, worker, type TestFleet } from './support/fleet.ts';

const ids = Array.from({ length: 9 }, (_, n) => `worker_0${n}`);
const types = [worker(), agentCoordinator];

async function lead(fleet: TestFleet): Promise<void> {
  const { agentId } = await fleet.get('agent_coordinator');
  await fleet.state.commands.submit({ agentId, command: 'run_now', requestedBy: 'the test' });
  await until(
    'the coordinator has looked',
    async () => (await fleet.state.commands.list({ state: 'pending' }, { limit: 10 })).items.length === 0,
  );
}

test('when a host joins, the coordinator moves a few agents at a time until the shares are even, and tells of each', async () => {
  await using fleet = await testFleet();
  await fleet.agents('worker', ids);
  await fleet.agents('agent_coordinator', ['agent_coordinator']);
  const first = await fleet.host(types);
  await until('the first has all', () => first.status?.agents === 10);
  const second = await fleet.host(types);
  await until(
    'the agents are shared',
    async () => {
      await lead(fleet);
      return second.status?.agents === 5;
    },
    15_000,
  );
  expect((await fleet.get('agent_coordinator')).hostId).toBe(first.hostId);
  await until('each move is told', async () => (await fleet.state.events.list({ type: 'agent:moved' }, { limit: 100 })).length >= 5);
  const moves = await fleet.state.events.list({ type: 'agent:moved' }, { limit: 100 });
  expect(moves.length).toBeLessThanOrEqual(6);
  for (const move of moves) expect(move.data.reason).toMatch(/^rebalancing: its host runs \d+ agents and its share is 5$/);

  await lead(fleet);
  const summary = (await fleet.state.systemState.get(FLEET_SUMMARY_KEY))?.value;
  expect(summary).toMatchObject({
    coordinator: { agent_id: 'agent_coordinator', host_id: first.hostId },
    agents: { active: 10, held: 10 },
    hosts: expect.arrayContaining([expect.objectContaining({ host_id: second.hostId, agents: 5, share: 5 })]),
  });
});

test('without a coordinator agents of a lost host are still taken over', async () => {
  await using fleet = await testFleet();
  await fleet.agents('worker', ids.slice(0, 4));
  const { host: first, cut } = await fleet.severable([worker()]);
  await until('the first has all', () => first.status?.agents === 4);
  const second = await fleet.host([worker()]);
  cut();
  await until('the second has all', () => second.status?.agents === 4, 5_000);
  const lost = await fleet.state.events.list({ type: 'agent:lost' }, { limit: 10 });
  expect(lost.map((event) => event.data.reason)).toEqual(Array(4).fill('its host stopped renewing its lease'));
});
