import { expect, test } from 'vitest';
import { defineAgent } from '../../src/agent/define-agent.ts';
import { agentCoordinator } from '../../src/fleet/coordinator.ts';
import { agentId, type HostId } from '../../src/base/ids.ts';
import { sql } from '../../src/db/sql.ts';
import { until } from '../support/until.ts';
import { testFleet, worker, type TestFleet } from './support/fleet.ts';

const place = (fleet: TestFleet, id: string, placement: object): Promise<unknown> =>
  fleet.database.query(
    sql`update agents set metadata = metadata || jsonb_build_object('placement', ${JSON.stringify(placement)}::jsonb) where agent_id = ${id}`,
  );
const hostOf = async (fleet: TestFleet, id: string): Promise<HostId | null> => (await fleet.get(id)).hostId;
const agents = (fleet: TestFleet, entries: Readonly<Record<string, object>>): Promise<void> =>
  fleet.state.agents.ensure(
    Object.entries(entries).map(([id, placement]) => ({ agentId: id, name: id, type: 'worker', metadata: { placement } })),
  );

async function lead(fleet: TestFleet): Promise<void> {
  const { commandId } = await fleet.state.commands.submit({
    agentId: agentId('agent_coordinator'),
    command: 'run_now',
    requestedBy: 'the test',
  });
  await until('the coordinator has looked', async () => (await fleet.state.commands.get(commandId))?.state === 'done');
}

test('an agent with labels runs only where they are, and says what is missing until then', async () => {
  await using fleet = await testFleet();
  const types = [worker(), agentCoordinator];
  const plain = await fleet.host(types, { labels: { zone: 'b' } });
  await fleet.agents('agent_coordinator', ['agent_coordinator']);
  await agents(fleet, { here: { labels: { zone: 'b' } }, elsewhere: { labels: { zone: 'a' } } });
  await fleet.untilAgent('here', 'runs', (agent) => agent.hostId === plain.hostId);
  await fleet.untilAgent('agent_coordinator', 'leads', (agent) => agent.status === 'running');
  await lead(fleet);
  await lead(fleet);
  expect(await fleet.get('elsewhere')).toMatchObject({
    hostId: null,
    status: 'stopped',
    reason: 'no live host has the labels zone=a: start one with --label zone=a, or change its placement',
  });
  expect(await fleet.eventsOf('elsewhere')).toEqual(['agent:unplaceable']);

  const right = await fleet.host(types, { labels: { zone: 'a', disk: 'ssd' } });
  const agent = await fleet.untilAgent('elsewhere', 'runs where it may', (a) => a.hostId === right.hostId && a.status === 'running');
  expect(agent.reason).toBeNull();
});

test('agents of one group are kept apart, also when two hosts claim at once, and a third one waits', async () => {
  await using fleet = await testFleet();
  await agents(
    fleet,
    Object.fromEntries(['a', 'b', 'c', 'd'].flatMap((group) => [1, 2, 3].map((n) => [`${group}${n}`, { anti_affinity: group }]))),
  );
  const hosts = await Promise.all([fleet.host([worker(), agentCoordinator]), fleet.host([worker(), agentCoordinator])]);
  await until('two of each group are held', () => hosts.every((host) => host.status?.agents === 4));
  await fleet.agents('agent_coordinator', ['agent_coordinator']);
  await fleet.untilAgent('agent_coordinator', 'leads', (agent) => agent.status === 'running');
  await lead(fleet);
  const all = await fleet.state.agents.list({ type: 'worker' }, { limit: 100 });
  for (const group of ['a', 'b', 'c', 'd']) {
    const members = all.filter((agent) => agent.agentId.startsWith(group));
    expect(new Set(members.flatMap((agent) => agent.hostId ?? [])).size).toBe(2);
    expect(members.filter((agent) => agent.hostId === null).map((agent) => agent.reason)).toEqual([
      `every host that may run it already has an agent of its anti-affinity group "${group}": start another host, or change its placement`,
    ]);
  }
  const third = await fleet.host([worker(), agentCoordinator]);
  await until('the third host has one of each group', () => (third.status?.agents ?? 0) >= 4);
});

test('what a type says counts, and what the agent says goes before it', async () => {
  await using fleet = await testFleet();
  const guarded = defineAgent({
    type: 'guarded',
    name: 'Guarded',
    description: 'One a host.',
    placement: { labels: { zone: 'a' }, antiAffinity: 'guards' },
    run: async () => undefined,
  });
  const host = await fleet.host([guarded], { labels: { zone: 'a' } });
  await fleet.agents('guarded', ['one', 'two']);
  await fleet.untilAgent('one', 'runs', (agent) => agent.hostId === host.hostId);
  expect((await fleet.get('two')).hostId).toBeNull();
  await place(fleet, 'two', { anti_affinity: null });
  await fleet.untilAgent('two', 'runs beside it', (agent) => agent.hostId === host.hostId);
});

test('a placement that changes moves the agent within a moment', async () => {
  await using fleet = await testFleet();
  const [a, b] = await Promise.all([fleet.host([worker()], { labels: { zone: 'a' } }), fleet.host([worker()], { labels: { zone: 'b' } })]);
  await fleet.agents('worker', ['wanderer', 'other']);
  await until('both are held', async () => (await hostOf(fleet, 'wanderer')) !== null && (await hostOf(fleet, 'other')) !== null);
  const there = (await hostOf(fleet, 'wanderer')) === a.hostId ? b : a;
  await place(fleet, 'wanderer', { labels: { zone: there === a ? 'a' : 'b' } });
  await fleet.untilAgent('wanderer', 'has moved', (agent) => agent.hostId === there.hostId && agent.status === 'running');
  await until('it is told', async () => (await fleet.eventsOf('wanderer')).includes('agent:moved'));
});

test('a placement that is none is refused where it is written, with how it is written', async () => {
  await using fleet = await testFleet();
  await fleet.agents('worker', ['one']);
  for (const placement of [
    '"a"',
    '[]',
    '{"label": {}}',
    '{"labels": {"zone": 1}}',
    '{"labels": "zone=a"}',
    '{"anti_affinity": ""}',
    '{"anti_affinity": 3}',
  ]) {
    await expect(
      fleet.database.query(sql`update agents set metadata = jsonb_build_object('placement', ${placement}::jsonb) where agent_id = 'one'`),
    ).rejects.toThrow(/metadata\.placement of agent one (is|has)/);
  }
  await place(fleet, 'one', { labels: { zone: 'a' }, anti_affinity: 'x' });
  await fleet.database.query(sql`update agents set metadata = '{"placement": null}' where agent_id = 'one'`);
});

test('a host that is moved no agents to for want of a place for them is left alone, and the coordinator does not go on about it', async () => {
  await using fleet = await testFleet();
  const types = [worker(), agentCoordinator];
  const full = await fleet.host(types, { labels: { zone: 'a' } });
  await agents(fleet, Object.fromEntries(Array.from({ length: 8 }, (_, n) => [`w${n}`, { labels: { zone: 'a' } }])));
  await fleet.agents('agent_coordinator', ['agent_coordinator']);
  await until('one has all', () => full.status?.agents === 9);
  await fleet.host(types);
  await fleet.untilAgent('agent_coordinator', 'leads', (agent) => agent.status === 'running');
  for (let look = 0; look < 4; look += 1) await lead(fleet);
  expect(full.status?.agents).toBe(9);
  expect((await fleet.state.commands.list({}, { limit: 100 })).items.filter(({ command }) => command === 'move')).toEqual([]);
});
