import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { agentId } from '../../src/base/ids.ts';
import { sql } from '../../src/db/sql.ts';
import { agentCoordinator } from '../../src/fleet/coordinator.ts';
import type { FleetHost } from '../../src/fleet/host.ts';
import { until } from '../support/until.ts';
import { LEASE_MS, testFleet, worker, type TestFleet } from './support/fleet.ts';

/** Somebody who has begun something in psql and gone for lunch. */
async function atLunch(fleet: TestFleet, ...statements: readonly string[]): Promise<AsyncDisposable & { back(): Promise<void> }> {
  const client = new pg.Client({ connectionString: fleet.url, application_name: 'lunch' });
  await client.connect();
  await client.query('begin');
  for (const statement of statements) await client.query(statement);
  let ended: Promise<void> | undefined;
  // The end of the connection rolls back.
  const back = (): Promise<void> => (ended ??= client.end());
  return { back, [Symbol.asyncDispose]: back };
}

const IDS = ['worker_00', 'worker_01', 'worker_02'];
const DELETE = `delete from agents where agent_id = 'worker_00'`;

/** Waits until these agents have run more often than now, at the epoch they have now. */
async function goOn(fleet: TestFleet, ids: readonly string[], runs = 3): Promise<void> {
  for (const before of await Promise.all(ids.map((id) => fleet.get(id)))) {
    const after = await fleet.untilAgent(before.agentId, 'goes on running', (agent) => agent.runCount >= before.runCount + runs);
    expect(after.epoch).toBe(before.epoch);
  }
}

/** Lets so many beats of the host be confirmed: its lease would be over long before. */
async function beats(host: FleetHost, count: number): Promise<void> {
  const from = host.status?.beats.confirmed ?? 0;
  await until(`${count} beats are confirmed`, () => (host.status?.beats.confirmed ?? 0) >= from + count);
}

/** More than a lease of beats. */
const LONG = 10;

describe('somebody who deletes an agent in a transaction and leaves that open', () => {
  test('holds up no beat: its host keeps its lease and all others go on', async () => {
    await using fleet = await testFleet();
    await fleet.agents('worker', IDS);
    const host = await fleet.host([worker()]);
    for (const id of IDS) await fleet.untilAgent(id, 'runs', (agent) => agent.runCount > 1);
    await using lunch = await atLunch(fleet, DELETE);
    const failed = host.status?.beats.failed;
    await beats(host, LONG);
    await goOn(fleet, ['worker_01', 'worker_02']);
    expect(host.status).toMatchObject({ trusted: true, rejoined: 0, agents: 3, beats: { failed } });
    // Never mind: what the agent had to say meanwhile is said now.
    const before = await fleet.get('worker_00');
    await lunch.back();
    await goOn(fleet, IDS);
    expect(await fleet.get('worker_00')).toMatchObject({ epoch: before.epoch, status: 'running' });
  });

  test('does not keep the other agents of a dead host from moving; that one moves when the transaction has ended', async () => {
    await using fleet = await testFleet();
    await fleet.agents('worker', IDS);
    const { host: first, cut } = await fleet.severable([worker()]);
    await until('the first has all', () => first.status?.agents === 3);
    const former = first.hostId;
    await using lunch = await atLunch(fleet, DELETE);
    const second = await fleet.host([worker()]);
    cut();
    for (const id of ['worker_01', 'worker_02'])
      await fleet.untilAgent(id, 'has moved', (agent) => agent.hostId === second.hostId && agent.status === 'running', 10 * LEASE_MS);
    await beats(second, LONG);
    expect(await fleet.get('worker_00')).toMatchObject({ hostId: former, epoch: 1 });
    await lunch.back();
    await fleet.untilAgent('worker_00', 'has moved too', (agent) => agent.hostId === second.hostId && agent.status === 'running');
    expect(await fleet.eventsOf('worker_00')).toContain('agent:lost');
  });

  test('does not keep a host that stops from giving back the others, nor anybody from leaving', async () => {
    await using fleet = await testFleet();
    await fleet.agents('worker', IDS);
    const first = await fleet.host([worker()]);
    await until('the first has all', () => first.status?.agents === 3);
    const second = await fleet.host([worker()]);
    await using lunch = await atLunch(fleet, DELETE);
    await first.stop();
    for (const id of ['worker_01', 'worker_02'])
      await fleet.untilAgent(id, 'has moved', (agent) => agent.hostId === second.hostId && agent.status === 'running');
    await lunch.back();
    await fleet.untilAgent('worker_00', 'has moved too', (agent) => agent.hostId === second.hostId && agent.status === 'running');
  });

  test('does not keep its host from giving back others one by one, and that one is given back when it can be', async () => {
    await using fleet = await testFleet();
    await fleet.agents('worker', IDS);
    const host = await fleet.host([worker()]);
    await until('it has all', () => host.status?.agents === 3);
    await using lunch = await atLunch(fleet, `select from muster.agent_leases where agent_id = 'worker_00' for update`);
    for (const id of ['worker_00', 'worker_01']) await fleet.state.agents.setState(agentId(id), 'inactive');
    await fleet.untilAgent('worker_01', 'is given back', (agent) => agent.hostId === null);
    await beats(host, LONG);
    expect(host.status?.trusted).toBe(true);
    await lunch.back();
    await fleet.untilAgent('worker_00', 'is given back', (agent) => agent.hostId === null && agent.reason === 'inactive');
  });

  test('and commits at last: its host ends the agent, and nobody is left with it', async () => {
    await using fleet = await testFleet();
    await fleet.agents('worker', IDS);
    const host = await fleet.host([worker()]);
    await until('it has all', () => host.status?.agents === 3);
    await using lunch = await atLunch(fleet, DELETE, 'commit');
    await lunch.back();
    await until('it has let go of it', () => host.status?.agents === 2);
    await goOn(fleet, ['worker_01', 'worker_02']);
  });

  test('holds up no command, tick or place in the event stream of other agents', async () => {
    await using fleet = await testFleet();
    await fleet.agents('worker', IDS);
    const host = await fleet.host([worker()]);
    await until('it has all', () => host.status?.agents === 3);
    const waiting = await fleet.state.commands.submit({ agentId: agentId('worker_00'), command: 'run_now', requestedBy: 'test' });
    await using _lunch = await atLunch(fleet, DELETE);
    await fleet.state.commands.submitToHost(host.hostId, 'run_now', 'test');
    await fleet.state.commands.sweep();
    await until('the others have carried theirs out', async () => {
      const { items } = await fleet.state.commands.list({ state: 'done' }, { limit: 10 });
      return ['worker_01', 'worker_02'].every((id) => items.some((command) => command.agentId === id));
    });
    expect(waiting.agentId).toBe('worker_00');
    const held = await Promise.all(IDS.map((id) => fleet.get(id)));
    const answers = await fleet.state.ticks.claim(
      host.hostId,
      held.map((agent) => ({ agentId: agent.agentId, epoch: agent.epoch, tick: Date.now(), schedule: 'test' })),
    );
    expect(answers.filter((answer) => answer.granted).map((answer) => answer.agentId)).toEqual(['worker_01', 'worker_02']);
    const fences = held.map(({ agentId: id, epoch }) => ({ hostId: host.hostId, agentId: id, epoch }));
    const present = (await fleet.state.events.since(undefined, 1)).cursor;
    const places = await fleet.state.eventCursors.open(host.hostId, fences, present);
    expect([...places.keys()].toSorted()).toEqual(['worker_01', 'worker_02']);
    await beats(host, LONG);
    expect(host.status?.trusted).toBe(true);
  });
});

test('somebody who deletes an agent and leaves that open does not keep the coordinator from moving the others', async () => {
  await using fleet = await testFleet();
  const types = [worker(), agentCoordinator];
  await fleet.agents('worker', ['w0', 'w1', 'w2', 'w3', 'w4', 'w5']);
  await fleet.agents('agent_coordinator', ['agent_coordinator']);
  const first = await fleet.host(types);
  await until('the first has all', () => first.status?.agents === 7);
  // Who came last is the first to move.
  const { rows } = await fleet.database.query<{ agent_id: string }>(
    sql`select agent_id from muster.agent_leases where agent_id like 'w%' order by acquired_at desc limit 1`,
  );
  await using _lunch = await atLunch(fleet, `delete from agents where agent_id = '${rows[0]?.agent_id}'`);
  const second = await fleet.host(types);
  await until(
    'the others are shared',
    async () => {
      const { commandId } = await fleet.state.commands.submit({
        agentId: agentId('agent_coordinator'),
        command: 'run_now',
        requestedBy: 'test',
      });
      await until('the coordinator has looked', async () => (await fleet.state.commands.get(commandId))?.state === 'done');
      return (second.status?.agents ?? 0) >= 3;
    },
    20_000,
  );
});

test('somebody who changes an agent in a transaction and leaves that open holds up nobody else, a host that starts least of all', async () => {
  await using fleet = await testFleet();
  await fleet.agents('worker', IDS);
  const host = await fleet.host([worker()]);
  for (const id of IDS) await fleet.untilAgent(id, 'runs', (agent) => agent.runCount > 1);
  await using _lunch = await atLunch(fleet, `update agents set state = 'inactive' where agent_id = 'worker_00'`);
  await fleet.agents('worker', [...IDS, 'worker_03']);
  await fleet.state.commands.submitToHost(host.hostId, 'run_now', 'test');
  await fleet.state.agents.setState(agentId('worker_01'), 'inactive');
  await fleet.untilAgent('worker_01', 'is given back', (agent) => agent.hostId === null);
  await fleet.untilAgent('worker_03', 'runs', (agent) => agent.runCount > 1);
  await beats(host, LONG);
  // The agent itself goes on as before: nothing is decided yet.
  await goOn(fleet, ['worker_00', 'worker_02', 'worker_03']);
  expect(host.status?.trusted).toBe(true);
  const { count } = await fleet.database.query(sql`select from muster.commands where agent_id = 'worker_00'`);
  expect(count).toBeGreaterThan(0);
});
