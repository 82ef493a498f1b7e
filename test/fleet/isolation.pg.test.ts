import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { defineAgent } from '../../src/agent/define-agent.ts';
import { agentId } from '../../src/base/ids.ts';
import { silentLogger, type Logger } from '../../src/base/logger.ts';
import { sql } from '../../src/db/sql.ts';
import type { AgentRecord } from '../../src/state/agents.ts';
import type { CommandRecord } from '../../src/state/commands.ts';
import { spawnModule } from '../support/child.ts';
import { until } from '../support/until.ts';
import { testFleet, worker, type TestFleet } from './support/fleet.ts';
import { ENTRY, isolated } from './support/isolated.ts';

const KINDS = ['thread', 'process'] as const;
const isolation = { entry: ENTRY, graceMs: 300 };
const SLOW = 60_000;

async function withEffects(): Promise<TestFleet> {
  const fleet = await testFleet();
  await fleet.database.query(
    sql`create table public.effects (agent_id text, epoch bigint, note text, at timestamptz default clock_timestamp())`,
  );
  return fleet;
}

const effects = async (fleet: TestFleet, note: string): Promise<number> =>
  (await fleet.database.query(sql`select 1 from public.effects where note = ${note}`)).count;

async function command(fleet: TestFleet, id: string, name: string, payload: Record<string, unknown> = {}): Promise<CommandRecord> {
  const { commandId } = await fleet.state.commands.submit({ agentId: agentId(id), command: name, payload, requestedBy: 'test' });
  let record: CommandRecord | undefined;
  await until(
    `${name} is finished`,
    async () => {
      record = await fleet.state.commands.get(commandId);
      return record?.state === 'done' || record?.state === 'failed';
    },
    20_000,
  );
  return record as CommandRecord;
}

/** Runs the neighbour counts while something happens: it must go on as if nothing did. */
async function steadily(fleet: TestFleet, meanwhile: () => Promise<void>): Promise<void> {
  const before = await fleet.untilAgent('worker_00', 'runs', (a) => a.runCount > 1);
  await meanwhile();
  await fleet.untilAgent('worker_00', 'runs on', (a) => a.runCount > before.runCount + 5 && a.errorCount === 0);
}

const crashed = (fleet: TestFleet, id: string, reason: RegExp): Promise<AgentRecord> =>
  fleet.untilAgent(id, `crashes with ${reason}`, (a) => a.errorCount > 0 && reason.test(a.reason ?? ''), 20_000);

describe.each(KINDS)('in a %s of its own', (kind) => {
  test('an agent has all that its context offers', async () => {
    await using fleet = await withEffects();
    await fleet.agents('model', ['model_00'], { number: 41 });
    const host = await fleet.host([isolated('model', kind)], { isolation });
    await fleet.untilAgent('model_00', 'runs', (a) => a.status === 'running', SLOW);
    const run = await command(fleet, 'model_00', 'run_now');
    expect(run.error).toBeNull();
    expect(run.result).toMatchObject({
      outcome: 'succeeded',
      result: { n: 42, won: true, lost: null, told: 'committed', undone: 'changed my mind', me: 'model_00', at: expect.any(Number) },
    });
    expect([await effects(fleet, 'write'), await effects(fleet, 'transaction'), await effects(fleet, 'undone')]).toEqual([1, 1, 0]);
    expect((await fleet.state.systemState.get('model'))?.value).toEqual({ run: 1, epoch: 1, sure: true });
    await until('its sample is stored', async () => {
      const { items } = await fleet.state.metrics.latest({ metricName: 'model_runs' }, { limit: 1 });
      return items[0]?.value === 1 && items[0].agentId === 'model_00' && items[0].labels['where'] === 'apart';
    });
    await until('its event is stored', async () => (await fleet.eventsOf('model_00')).includes('model:ran'));
    const [event] = await fleet.state.events.list({ type: 'model:ran' }, { limit: 1 });
    expect(event?.data['pid'] === process.pid).toBe(kind === 'thread');

    const echo = await command(fleet, 'model_00', 'echo', { word: 'hello', deep: [1, { two: 2 }] });
    expect(echo.result).toMatchObject({ heard: { word: 'hello', deep: [1, { two: 2 }] } });
    expect((await command(fleet, 'model_00', 'fail')).error).toBe('not today. Try tomorrow.');
    expect((await command(fleet, 'model_00', 'nonsense')).error).toMatch(/no command "nonsense"\. Its commands: .*echo, fail/);
    await fleet.untilAgent('model_00', 'tells its own health', (a) => a.healthScore === 77);
    expect(await fleet.get('model_00')).toMatchObject({ runCount: 1, errorCount: 0, reason: 'as the model says' });
    expect(host.status?.beats.failed).toBe(0);
  });

  test('an endless loop is ended at its time-out, told, and started again; the host and a neighbour do not notice', async () => {
    await using fleet = await withEffects();
    await fleet.agents('looping', ['looping_00']);
    await fleet.agents('worker', ['worker_00']);
    const host = await fleet.host([isolated('looping', kind), worker()], { isolation, random: () => 0.01 });
    await steadily(fleet, async () => {
      const agent = await crashed(
        fleet,
        'looping_00',
        /run took longer than 500ms, ignored its abort signal and was ended by force\. Look for an endless loop/,
      );
      expect(agent.lastError).toMatch(/ended by force/);
      await fleet.untilAgent('looping_00', 'crashes again', (a) => a.errorCount > 1, 20_000);
    });
    expect((await fleet.eventsOf('looping_00')).filter((type) => type === 'agent:started').length).toBeGreaterThan(1);
    expect(host.status).toMatchObject({ beats: { failed: 0 }, rejoined: 0, trusted: true });
  });
});

describe.each(KINDS)('of what goes wrong in a %s', (kind) => {
  test(
    'each thing has its own reason and remedy, and a neighbour does not notice',
    async () => {
      await using fleet = await withEffects();
      const reasons: Readonly<Record<string, RegExp>> = {
        hungry: /run failed: its (thread|process) used more memory than its limit of 32 MB allows\. Raise memoryLimitMb/,
        exiting:
          /run failed: its (thread|process) ended with exit code 3; it said last: .*the last words of the agent\. Throw an error instead of calling process\.exit/,
        throwing_later: /run failed: an error that nobody caught: thrown by a timer\. Await every promise/,
        careless: /run failed: a rejected promise that nobody awaited: nobody awaits this\. Await every promise/,
        looping_startup: /startup failed: startup took longer than 500ms, ignored its abort signal and was ended by force/,
        deaf: /run failed: run took longer than 500ms, ignored its abort signal and was ended by force/,
        // A thread has no process.abort: it throws, and that is a run which failed.
        aborting:
          kind === 'process'
            ? /run failed: its process was ended by SIGABRT.*Look for process\.abort/
            : /process\.abort\(\) is not supported in workers/,
      };
      for (const type of Object.keys(reasons)) await fleet.agents(type, [`${type}_00`]);
      await fleet.agents('worker', ['worker_00']);
      const types = Object.keys(reasons).map((type) => isolated(type, kind, type === 'hungry' ? 32 : undefined));
      const host = await fleet.host([...types, worker()], { isolation });
      await steadily(fleet, async () => {
        for (const [type, reason] of Object.entries(reasons)) await crashed(fleet, `${type}_00`, reason);
      });
      expect(host.status).toMatchObject({ rejoined: 0 });
    },
    4 * SLOW,
  );

  test('a transaction that it was in the middle of is rolled back', async () => {
    await using fleet = await withEffects();
    await fleet.agents('half_way', ['exits'], { how: 'exit' });
    await fleet.agents('half_way', ['loops'], { how: 'loop' });
    await fleet.host([isolated('half_way', kind)], { isolation });
    for (const id of ['exits', 'loops']) await fleet.untilAgent(id, 'has died', (a) => a.errorCount > 0, SLOW);
    for (const id of ['exits', 'loops']) await fleet.state.agents.setState(agentId(id), 'inactive');
    for (const id of ['exits', 'loops']) await fleet.untilAgent(id, 'is given back', (a) => a.hostId === null);
    // Those of the host itself come and go: one that was left open stays.
    await until('no transaction is left open', async () => {
      const { count } = await fleet.database.query(
        sql`select from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'`,
      );
      return count === 0;
    });
    expect(await effects(fleet, 'half')).toBe(0);
  });

  test('a million samples at once stay where they are made: its host takes what it can, and says what was dropped', async () => {
    await using fleet = await testFleet();
    await fleet.agents('flooding', ['flooding_00']);
    await fleet.agents('worker', ['worker_00']);
    const warnings: string[] = [];
    const note = (fields: object | string, message?: string): void =>
      void warnings.push(typeof fields === 'string' ? fields : (message ?? ''));
    const log: Logger = { ...silentLogger, warn: note, child: () => log };
    const host = await fleet.host([isolated('flooding', kind), worker()], { isolation, log });
    await steadily(fleet, async () => {
      await fleet.untilAgent('flooding_00', 'has run', (a) => a.runCount === 1, SLOW);
      await until(
        'the newest are stored',
        async () => (await fleet.state.metrics.latest({ metricName: 'flood' }, { limit: 1 })).items[0]?.value === 999_999,
        SLOW,
      );
    });
    expect((await fleet.get('flooding_00')).errorCount).toBe(0);
    for (const flood of [/than can be written: 9\d{5} samples/, /[34]\d{3} events/, /[34]\d{3} log lines were dropped/]) {
      await until(`${flood} is told`, () => warnings.some((line) => flood.test(line)));
    }
    await until(
      'the flood is an event',
      async () => (await fleet.state.events.list({ type: 'agent:flooding' }, { limit: 1 })).length === 1,
    );
    expect(host.status?.outbox.samples).toMatchObject({ refused: 1 });
    expect(host.status?.outbox.samples.written).toBeLessThan(50_000);
    expect(host.status?.beats.failed).toBe(0);
  });

  test('of one that ignores everything nothing is accepted once its lease has moved', async () => {
    await using fleet = await withEffects();
    await fleet.agents('stubborn', ['stubborn_00']);
    const host = await fleet.host([isolated('stubborn', kind)], { isolation });
    await until('it writes', async () => (await effects(fleet, 'stubborn')) > 0, SLOW);
    let takenAt: string | undefined;
    // A host in the middle of a fenced write is passed over.
    await until('the host is taken', async () => {
      const { rows } = await fleet.database.query<{ at: string }>(
        sql`select clock_timestamp()::text as at from (select muster.take_hosts(${[host.hostId]}::uuid[], false, 'the test takes it')) taken`,
      );
      takenAt = rows[0]?.at;
      return takenAt !== undefined;
    });
    await until(
      'its successor writes',
      async () => (await fleet.database.query(sql`select 1 from public.effects where epoch > 1 limit 1`)).count > 0,
      SLOW,
    );
    const late = await fleet.database.query(sql`select 1 from public.effects where epoch = 1 and at > ${takenAt}::timestamptz`);
    expect(late.count).toBe(0);
    expect(host.status?.rejoined).toBe(1);
  });

  test('a host that stops ends it within its deadline, by force where it must, and gives it back', async () => {
    await using fleet = await withEffects();
    const folder = mkdtempSync(join(tmpdir(), 'muster-isolation-'));
    const file = join(folder, 'lines');
    await fleet.agents('scribbling', ['scribbling_00'], { file });
    await fleet.agents('steady', ['steady_00']);
    const host = await fleet.host([isolated('scribbling', kind), isolated('steady', kind)], {
      isolation: { entry: ENTRY },
      drainMs: 1_500,
    });
    await until('it works', () => linesOf(file).length > 0, SLOW);
    await fleet.untilAgent('steady_00', 'runs', (a) => a.runCount > 0, SLOW);
    const began = performance.now();
    await host.stop();
    expect(performance.now() - began).toBeLessThan(15_000);
    const count = linesOf(file).length;
    for (const id of ['scribbling_00', 'steady_00']) {
      expect(await fleet.get(id)).toMatchObject({ hostId: null, status: 'stopped', reason: 'its host stops', errorCount: 0 });
    }
    await delay(300);
    expect(linesOf(file)).toHaveLength(count);
    rmSync(folder, { recursive: true });
  });

  test.each(['SIGKILL', 'SIGSTOP'] as const)(
    'a host that gets %s takes it along before anybody else has the agent',
    async (signal) => {
      await using fleet = await withEffects();
      const folder = mkdtempSync(join(tmpdir(), 'muster-isolation-'));
      const file = join(folder, 'lines');
      await fleet.agents('scribbling', ['scribbling_00'], { file });
      await using child = spawnModule(HOST, [fleet.url, kind]);
      await child.line();
      await until('it works', () => linesOf(file).length > 0, SLOW);
      const heir = await fleet.host([isolated('scribbling', kind)], { isolation });
      child.process.kill(signal);
      await until('the heir runs it', () => linesOf(file).some(({ epoch }) => epoch === 2), SLOW);
      await until('the heir has worked for a while', () => linesOf(file).filter(({ epoch }) => epoch === 2).length > 30, SLOW);
      const lines = linesOf(file);
      const taken = lines.findIndex(({ epoch }) => epoch === 2);
      expect(lines.slice(taken).filter(({ epoch }) => epoch === 1)).toEqual([]);
      const former = lines[0]?.pid ?? 0;
      // A thread is frozen with its host, and does nothing. A process is gone; a frozen host cannot clear up after it, so it goes on first.
      if (signal === 'SIGSTOP') child.process.kill('SIGCONT');
      if (signal === 'SIGKILL' || kind === 'process') await until('its process is gone', () => !isAlive(former));
      await heir.stop();
      rmSync(folder, { recursive: true });
    },
    4 * SLOW,
  );
});

test('an agent that is busy for longer than it may be silent is shown as such, and recovers', async () => {
  await using fleet = await testFleet();
  await fleet.agents('brooding', ['brooding_00']);
  await fleet.host([isolated('brooding', 'thread')], { isolation });
  const silent = await fleet.untilAgent('brooding_00', 'is silent', (a) => a.status === 'degraded', 30_000);
  expect(silent).toMatchObject({
    healthScore: 0,
    reason: expect.stringMatching(/^its thread has not answered for \d+s: it is busy or blocked$/),
  });
  await fleet.untilAgent('brooding_00', 'has recovered', (a) => a.status === 'running' && a.runCount > 0, 30_000);
});

test('an agent is moved apart, and back, by its metadata; what makes no sense is told', async () => {
  await using fleet = await testFleet();
  await fleet.agents('steady', ['steady_00']);
  await fleet.host([isolated('steady', 'none')], { isolation });
  const pid = async (): Promise<unknown> => (await fleet.state.events.list({ type: 'steady:ran' }, { limit: 1 }))[0]?.data['pid'];
  await until('it runs in its host', async () => (await pid()) === process.pid);
  await fleet.state.agents.update(agentId('steady_00'), { metadata: { isolation: 'process', memory_limit_mb: 64 } });
  await until('it runs in a process of its own', async () => ![undefined, process.pid].includes((await pid()) as number), SLOW);
  await fleet.state.agents.update(agentId('steady_00'), { metadata: { isolation: 'box' } });
  const refused = await fleet.untilAgent('steady_00', 'is refused', (a) => a.status === 'stopped' && a.reason !== null);
  expect(refused.reason).toMatch(/metadata\.isolation: "box" is none of none, thread, process\. Set metadata\.isolation/);
  await fleet.state.agents.update(agentId('steady_00'), { metadata: {} });
  await until('it runs in its host again', async () => (await pid()) === process.pid, SLOW);
});

test('a type that no file defines cannot be isolated, and says so', async () => {
  await using fleet = await testFleet();
  await fleet.agents('worker', ['worker_00']);
  await fleet.host([
    defineAgent({
      type: 'worker',
      name: 'Worker',
      description: 'Made in this process.',
      isolation: 'thread',
      run: () => Promise.resolve(),
    }),
  ]);
  const refused = await fleet.untilAgent('worker_00', 'is refused', (a) => a.status === 'stopped' && a.reason !== null);
  expect(refused.reason).toMatch(/"worker" cannot run in a thread of its own: no file is known.*--agents/);
});

const HOST = new URL('support/isolated-host.ts', import.meta.url);

/** What scribbling agents wrote: one line each 10 ms while they live. */
function linesOf(file: string): readonly { readonly epoch: number; readonly pid: number; readonly at: number }[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.split(' ').length === 3)
    .map((line) => {
      const [epoch = 0, pid = 0, at = 0] = line.split(' ').map(Number);
      return { epoch, pid, at };
    });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
