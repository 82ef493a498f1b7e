import { expect, test } from 'vitest';
import { defineAgent } from '../../src/agent/define-agent.ts';
import { agentId } from '../../src/base/ids.ts';
import { sql } from '../../src/db/sql.ts';
import { spawnModule } from '../support/child.ts';
import { until } from '../support/until.ts';
import { testFleet, worker, type TestFleet } from './support/fleet.ts';
import { scribe } from './support/fleet-settings.ts';

const HOST = new URL('support/host-process.ts', import.meta.url);

const runsOf = async (fleet: TestFleet, id: string) => (await fleet.state.ledger.runs.list({ agentId: agentId(id) }, { limit: 500 })).items;
const linesOf = async (fleet: TestFleet, id: string) =>
  (await fleet.state.ledger.logs.list({ agentId: agentId(id) }, { limit: 1_000 })).items;

test('every run is in the ledger with what it said, returned and why it began; a failure within a second or so', async () => {
  await using fleet = await testFleet();
  await fleet.agents('worker', ['worker_00']);
  const talker = defineAgent({
    type: 'worker',
    name: 'Worker',
    description: 'An agent for a test.',
    schedule: { every: '10m' },
    startup: (ctx) => ctx.log.info('good morning'),
    run: (ctx) => {
      ctx.log.child({ step: 1 }).warn({ password: 'hush' }, `run ${ctx.runNumber}`);
      if (ctx.runNumber === 2) throw new Error('the printer is on fire');
      return Promise.resolve({ seen: ctx.runNumber });
    },
  });
  await fleet.host([talker]);
  await fleet.untilAgent('worker_00', 'runs', (a) => a.runCount === 1);
  await fleet.state.commands.submit({ agentId: agentId('worker_00'), command: 'run_now', requestedBy: 'test' });
  await until('both runs are told', async () => (await runsOf(fleet, 'worker_00')).length === 2, 30_000);
  const [failed, first] = await runsOf(fleet, 'worker_00');
  expect(first).toMatchObject({
    runNumber: 1,
    trigger: 'first',
    outcome: 'succeeded',
    result: { seen: 1 },
    linesKept: 1,
    scheduledFor: expect.any(Number),
  });
  expect(failed).toMatchObject({
    runNumber: 2,
    trigger: 'command',
    outcome: 'failed',
    error: 'the printer is on fire',
    scheduledFor: null,
  });
  const lines = await linesOf(fleet, 'worker_00');
  expect(lines.map((each) => [each.message, each.runId])).toEqual([
    ['run 2', failed?.runId],
    ['run 1', first?.runId],
    ['good morning', null],
  ]);
  expect(lines[0]).toMatchObject({ level: 'warn', fields: { step: 1, password: '[redacted]' } });
});

test('a run still going is shown; when its host is killed it is lost, and the history tells of it', async () => {
  await using fleet = await testFleet();
  await fleet.database.query(sql`create table public.effects (
    agent_id text not null, host_id uuid not null, epoch bigint not null, at timestamptz not null default clock_timestamp())`);
  await fleet.agents('scribe', ['scribe_0']);
  const child = spawnModule(HOST, [fleet.url]);
  await using _ = child;
  const { hostId } = await child.line<{ hostId: string }>();
  await until('its run is shown', async () => (await runsOf(fleet, 'scribe_0'))[0]?.outcome === 'running', 30_000);
  const heir = await fleet.host([scribe]);
  await child.kill('SIGKILL');
  await until('the heir has the agent', async () => (await fleet.get('scribe_0')).hostId === heir.hostId, 30_000);
  const lost = (await runsOf(fleet, 'scribe_0')).find((each) => each.hostId === hostId);
  expect(lost).toMatchObject({ outcome: 'lost', trigger: 'first' });
  const { items } = await fleet.state.ledger.terms.list(agentId('scribe_0'), { limit: 10 });
  expect(items).toMatchObject([
    { epoch: 2, hostId: heir.hostId, status: 'held', reason: null },
    { epoch: 1, hostId, status: 'lost', reason: 'the process of its host is gone' },
  ]);
  expect(items[0]?.movedBecause).toMatch(/^its host before \(.+\) was lost: the process of its host is gone$/);
}, 180_000);

test('what agents say last is written before they are given back', async () => {
  await using fleet = await testFleet();
  await fleet.agents('worker', ['worker_00']);
  const sleeper = worker(async (ctx) => {
    await ctx.clock.sleep(60_000, ctx.signal).catch(() => undefined);
    ctx.log.info('good night');
  });
  const host = await fleet.host([sleeper]);
  await fleet.untilAgent('worker_00', 'runs', (a) => a.status === 'running');
  await host.stop();
  expect(await runsOf(fleet, 'worker_00')).toMatchObject([{ outcome: 'succeeded', linesKept: 1 }]);
  expect((await linesOf(fleet, 'worker_00')).map((each) => each.message)).toEqual(['good night']);
  expect((await fleet.state.ledger.terms.list(agentId('worker_00'), { limit: 1 })).items).toMatchObject([
    { status: 'released', reason: 'its host stops' },
  ]);
});

test('a hundred thousand lines in a second harm neither the host nor the neighbours', async () => {
  await using fleet = await testFleet();
  await fleet.agents('flood', ['flood_00']);
  await fleet.agents('worker', ['worker_00']);
  const flood = defineAgent({
    type: 'flood',
    name: 'Flood',
    description: 'An agent for a test.',
    schedule: { every: '10m' },
    run: (ctx) => {
      for (let n = 0; n < 100_000; n += 1) ctx.log.info({ n }, 'again');
      return Promise.resolve();
    },
  });
  const host = await fleet.host([flood, worker((ctx) => ctx.log.info(`run ${ctx.runNumber}`))]);
  await until('it is told what was not kept', async () =>
    (await linesOf(fleet, 'flood_00')).some((each) => /more lines were not kept/.test(each.message)),
  );
  await until('the neighbour is heard', async () => (await linesOf(fleet, 'worker_00')).length > 0);
  const [run] = await runsOf(fleet, 'flood_00');
  expect((run?.linesKept ?? 0) + (run?.linesDropped ?? 0)).toBe(100_000);
  expect(run?.linesKept).toBeLessThanOrEqual(1_000);
  expect(host.status).toMatchObject({ rejoined: 0, beats: { failed: 0 }, faults: {} });
  expect(host.status?.outbox.lines.dropped).toBe(run?.linesDropped);
});

test('what could not be written while the database was away is written when it is back', async () => {
  await using fleet = await testFleet();
  await fleet.agents('worker', ['worker_00']);
  const { host, cut, mend } = await fleet.severable([worker((ctx) => ctx.log.info(`run ${ctx.runNumber}`))]);
  await until('it is heard', async () => (await runsOf(fleet, 'worker_00')).length > 0);
  cut();
  await until('trust has ended', () => host.status?.trusted === false);
  expect(host.status?.outbox.runs.waiting).toBeGreaterThan(0);
  mend();
  await until(
    'all is written',
    () => host.status?.trusted === true && host.status.outbox.runs.written > 0 && host.status.outbox.lines.refused === 0,
  );
  await until(
    'no run is missing between the first and the newest',
    async () => {
      const numbers = (await runsOf(fleet, 'worker_00')).map((each) => each.runNumber).toSorted((a, b) => a - b);
      return numbers.length > 12 && numbers.every((number, index) => number === index + 1);
    },
    20_000,
  );
}, 180_000);
