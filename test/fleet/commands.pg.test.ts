import { expect, test } from 'vitest';
import { defineAgent } from '../../src/agent/define-agent.ts';
import type { CommandRecord } from '../../src/state/commands.ts';
import { until } from '../support/until.ts';
import { testFleet, worker, type TestFleet } from './support/fleet.ts';

async function carriedOut(
  fleet: TestFleet,
  id: string,
  command: string,
  payload: Readonly<Record<string, unknown>> = {},
): Promise<CommandRecord> {
  const { agentId } = await fleet.get(id);
  const { commandId } = await fleet.state.commands.submit({ agentId, command, payload, requestedBy: 'the test' });
  let record: CommandRecord | undefined;
  await until(`${command} is finished`, async () => {
    record = await fleet.state.commands.get(commandId);
    return record?.finishedAt !== null;
  });
  if (record === undefined) throw new Error('no command');
  return record;
}

const starts: string[] = [];
const commanded = defineAgent({
  type: 'commanded',
  name: 'Commanded',
  description: 'Runs when it is told to.',
  startup: (ctx) => void starts.push(ctx.agentId),
  run: (ctx) => {
    if (ctx.runNumber === 2) throw new Error('not twice');
    return Promise.resolve({ run: ctx.runNumber });
  },
  commands: {
    echo: (_ctx, payload) => Promise.resolve({ heard: payload }),
    fail: () => Promise.reject(new Error('will not')),
    ramble: () => Promise.resolve('x'.repeat(200_000)),
    nul: () => Promise.resolve({ text: 'a \0 in the middle' }),
    knot: () => {
      const knot: Record<string, unknown> = {};
      knot.self = knot;
      return Promise.resolve(knot);
    },
  },
});

test('commands reach the agent and their results come back', async () => {
  await using fleet = await testFleet();
  await fleet.agents('commanded', ['commanded_00']);
  await fleet.host([commanded]);
  await fleet.untilAgent('commanded_00', 'is started', (a) => a.status === 'running');
  expect(await carriedOut(fleet, 'commanded_00', 'run_now')).toMatchObject({
    state: 'done',
    result: { outcome: 'succeeded', result: { run: 1 } },
  });
  expect(await carriedOut(fleet, 'commanded_00', 'run_now')).toMatchObject({
    state: 'failed',
    error: expect.stringContaining('not twice'),
  });
  expect(await carriedOut(fleet, 'commanded_00', 'echo', { n: 1 })).toMatchObject({ state: 'done', result: { heard: { n: 1 } } });
  expect(await carriedOut(fleet, 'commanded_00', 'fail')).toMatchObject({ state: 'failed', error: expect.stringContaining('will not') });
  expect(await carriedOut(fleet, 'commanded_00', 'ramble')).toMatchObject({
    state: 'done',
    result: { not_stored: expect.stringContaining('200002 bytes') },
  });
  expect(await carriedOut(fleet, 'commanded_00', 'knot')).toMatchObject({
    state: 'done',
    result: { not_stored: expect.stringContaining('no JSON') },
  });
  expect(await carriedOut(fleet, 'commanded_00', 'nul')).toMatchObject({
    state: 'failed',
    error: expect.stringContaining('its result cannot be stored'),
  });
  expect(await carriedOut(fleet, 'commanded_00', 'sing')).toMatchObject({
    state: 'failed',
    error: expect.stringMatching(/no command "sing".*echo, fail/s),
  });
  const restart = await carriedOut(fleet, 'commanded_00', 'restart');
  expect(restart).toMatchObject({ state: 'done', result: { status: 'running' } });
  expect(starts).toHaveLength(2);
});

test('stop and start go by the desired state, whoever holds the agent', async () => {
  await using fleet = await testFleet();
  await fleet.agents('worker', ['worker_00']);
  await fleet.host([worker()]);
  await fleet.untilAgent('worker_00', 'runs', (a) => a.status === 'running');
  await carriedOut(fleet, 'worker_00', 'stop');
  await fleet.untilAgent('worker_00', 'is stopped', (a) => a.hostId === null && a.status === 'stopped');
  await carriedOut(fleet, 'worker_00', 'start');
  const again = await fleet.untilAgent('worker_00', 'runs again', (a) => a.status === 'running');
  expect(again.epoch).toBe(2);
});

test('move gives the agent to another host, though its own has as much room for it', async () => {
  await using fleet = await testFleet();
  await fleet.agents('worker', ['worker_00']);
  await fleet.host([worker()]);
  await fleet.host([worker()]);
  for (const _ of [1, 2, 3]) {
    const { hostId: from } = await fleet.untilAgent('worker_00', 'runs', ({ status }) => status === 'running');
    expect(await carriedOut(fleet, 'worker_00', 'move')).toMatchObject({ state: 'done' });
    await fleet.untilAgent('worker_00', 'runs elsewhere', ({ hostId, status }) => status === 'running' && hostId !== from);
  }
});

test('move gives the agent to a host with room, and says why', async () => {
  await using fleet = await testFleet();
  await fleet.agents('worker', ['worker_00', 'worker_01']);
  const first = await fleet.host([worker()]);
  await until('the first has both', () => first.status?.agents === 2);
  const second = await fleet.host([worker()]);
  expect(await carriedOut(fleet, 'worker_01', 'move', { reason: 'the first host smells' })).toMatchObject({ state: 'done' });
  await fleet.untilAgent('worker_01', 'runs on the second', (a) => a.hostId === second.hostId && a.status === 'running');
  await until('the move is told', async () => (await fleet.eventsOf('worker_01')).includes('agent:moved'));
  const [moved] = await fleet.state.events.list({ type: 'agent:moved' }, { limit: 1 });
  expect(moved?.data).toEqual({ reason: 'the first host smells' });
});
