import { expect, test } from 'vitest';
import { z } from 'zod';
import { BaseAgent } from '../../src/agent/base-agent.ts';
import { defineAgent } from '../../src/agent/define-agent.ts';
import type { AnyAgentDefinition } from '../../src/agent/definition.ts';
import { agentId } from '../../src/base/ids.ts';
import { until } from '../support/until.ts';
import { testFleet, worker } from './support/fleet.ts';

const base = { type: 'worker', name: 'Worker', description: 'An agent for a test.', schedule: { every: '50ms' } } as const;

test('an agent whose runs fail is degraded, tells why, and recovers', async () => {
  await using fleet = await testFleet();
  await fleet.agents('worker', ['worker_00']);
  let broken = false;
  await fleet.host([
    worker(() => {
      if (broken) throw new Error('the printer is on fire');
    }),
  ]);
  await fleet.untilAgent('worker_00', 'runs', (a) => a.status === 'running');
  broken = true;
  const degraded = await fleet.untilAgent('worker_00', 'is degraded', (a) => a.status === 'degraded' && (a.healthScore ?? 100) < 100);
  expect(degraded.lastError).toBe('the printer is on fire');
  expect(degraded.reason).toMatch(/of the last \d+ runs failed: the printer is on fire/);
  broken = false;
  await fleet.untilAgent('worker_00', 'has recovered', (a) => a.status === 'running');
  await until('the recovery is told', async () => (await fleet.eventsOf('worker_00')).includes('agent:recovered'));
});

test('an agent that throws in startup is tried again, loops, and tells it; others do not notice', async () => {
  await using fleet = await testFleet();
  await fleet.agents('worker', ['worker_00']);
  await fleet.agents('fragile', ['fragile_00']);
  const fragile = defineAgent({
    ...base,
    type: 'fragile',
    startup: () => Promise.reject(new Error('no such printer')),
    run: () => Promise.resolve(),
  });
  await fleet.host([worker(), fragile], { random: () => 0.001 });
  const looping = await fleet.untilAgent('fragile_00', 'is crash-looping', (a) => a.status === 'crash_looping');
  expect(looping).toMatchObject({ lastError: 'no such printer', errorCount: 5, healthScore: 0, runCount: 0 });
  expect(looping.reason).toMatch(/startup failed: no such printer. Next try in/);
  await until('the loop is told', async () => (await fleet.eventsOf('fragile_00')).includes('agent:crash_looping'));
  expect((await fleet.eventsOf('fragile_00')).filter((type) => type === 'agent:crashed')).toHaveLength(4);
  expect((await fleet.get('worker_00')).status).toBe('running');
});

test('an agent that never returns is aborted at its time-out, reported as stuck, and not started twice', async () => {
  await using fleet = await testFleet();
  await fleet.agents('worker', ['worker_00']);
  let runs = 0;
  let release: (() => void) | undefined;
  const deaf = defineAgent({
    ...base,
    timeout: '100ms',
    run: () => {
      runs += 1;
      return new Promise<void>((resolve) => (release = resolve));
    },
  });
  const host = await fleet.host([deaf]);
  await until('it is reported', async () => (await fleet.eventsOf('worker_00')).includes('agent:stuck'), 8_000);
  const stuck = await fleet.untilAgent('worker_00', 'is degraded', (a) => a.status === 'degraded');
  expect(stuck.reason).toMatch(/ignores its abort signal in run/);
  expect(stuck.healthScore).toBeLessThanOrEqual(10);
  expect(runs).toBe(1);
  expect(host.status?.agents).toBe(1);
  release?.();
  await fleet.untilAgent('worker_00', 'counts the failure', (a) => a.errorCount === 1);
  release?.();
});

test('a million metrics at once and values that are none harm neither the agent nor its neighbours', async () => {
  await using fleet = await testFleet();
  await fleet.agents('flood', ['flood_00']);
  await fleet.agents('worker', ['worker_00']);
  const flood = defineAgent({
    ...base,
    type: 'flood',
    schedule: { every: '10m' },
    run: (ctx) => {
      for (let n = 0; n < 1_000_000; n += 1) ctx.metric('flood_value', n);
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) ctx.metric('flood_value', value);
      return Promise.resolve();
    },
  });
  const host = await fleet.host([flood, worker((ctx) => ctx.metric('worker_value', ctx.runNumber))]);
  const ran = () => host.status?.outbox.samples;
  await until('the flood is over', () => (ran()?.dropped ?? 0) > 0);
  expect(ran()?.dropped).toBeGreaterThanOrEqual(900_000);
  expect(ran()?.refused).toBe(3);
  await until(
    'the neighbour is heard',
    async () => (await fleet.state.metrics.latest({ metricName: 'worker_value' }, { limit: 1 })).items.length === 1,
    12_000,
  );
  await until(
    'the newest of the flood are stored',
    async () => {
      const { items } = await fleet.state.metrics.latest({ metricName: 'flood_value' }, { limit: 1 });
      return items[0]?.value === 999_999;
    },
    12_000,
  );
  expect(host.status?.beats.failed).toBe(0);
  await until('the flood is told', async () => (await fleet.eventsOf('flood_00')).includes('agent:flooding'));
  const flooding = await fleet.untilAgent('flood_00', 'says why', (a) => a.reason !== null, 12_000);
  expect(flooding.reason).toMatch(/records more samples than can be written: 9\d{5} were dropped/);
});

test('what of an agent is not recorded is told once, and shown beside it while it goes on', async () => {
  await using fleet = await testFleet();
  await fleet.agents('sloppy', ['sloppy_00']);
  const sloppy = defineAgent({
    ...base,
    type: 'sloppy',
    run: (ctx) => {
      ctx.metric('sloppy_value', Number.NaN);
      return Promise.resolve();
    },
  });
  await fleet.host([sloppy]);
  const told = await fleet.untilAgent('sloppy_00', 'says why', (a) => a.reason !== null, 12_000);
  expect(told).toMatchObject({
    status: 'running',
    reason: expect.stringMatching(/^metric "sloppy_value" is not recorded: .* no finite number/),
  });
  await until('it is told', async () => (await fleet.eventsOf('sloppy_00')).includes('agent:refused'));
  expect((await fleet.eventsOf('sloppy_00')).filter((type) => type === 'agent:refused')).toHaveLength(1);
});

test('1,000,000 distinct label values are bounded and told, and harm nobody else', async () => {
  await using fleet = await testFleet();
  await fleet.agents('labels', ['labels_00']);
  await fleet.agents('worker', ['worker_00']);
  let next = 0;
  const labels = defineAgent({
    ...base,
    type: 'labels',
    schedule: { every: '200ms' },
    run: (ctx) => {
      // As many a run as an agent may have waiting; the rest of the million is given up by its own lane.
      for (let n = 0; n < 20_000 && next < 1_000_000; n += 1) ctx.metric('requests', 1, { labels: { user: String((next += 1)) } });
      return Promise.resolve();
    },
  });
  await fleet.host([labels, worker((ctx) => ctx.metric('worker_value', ctx.runNumber))]);
  await until('it is told', async () => (await fleet.eventsOf('labels_00')).includes('agent:too_many_series'), 60_000);
  const series = async (metric: string): Promise<number> =>
    (await fleet.state.metrics.names({ search: metric }, { limit: 10 })).find(({ metricName }) => metricName === metric)?.series ?? 0;
  expect(await series('requests')).toBeLessThanOrEqual(10_000);
  await until('the neighbour is heard', async () => (await series('worker_value')) === 1, 30_000);
  const [event] = await fleet.state.events.list({ type: 'agent:too_many_series' }, { limit: 1 });
  expect(event?.data).toMatchObject({ metrics: ['requests'] });
});

test('a configuration that does not fit is told with path and remedy, and the agent starts once it is mended', async () => {
  await using fleet = await testFleet();
  const picky: AnyAgentDefinition = defineAgent({
    ...base,
    type: 'picky',
    config: z.strictObject({ limits: z.object({ rate: z.number() }) }),
    run: (ctx) => Promise.resolve(ctx.metric('rate', ctx.config.limits.rate)),
  });
  await fleet.agents('picky', ['picky_00'], { limits: { rate: 'high' } });
  await fleet.host([picky]);
  const refused = await fleet.untilAgent('picky_00', 'is refused', (a) => a.status === 'stopped' && a.reason !== null);
  expect(refused.reason).toMatch(/config\.limits\.rate.*Mend config\.limits\.rate/s);
  expect(refused.runCount).toBe(0);
  await fleet.state.agents.setConfig(refused.agentId, { limits: { rate: 4 } });
  await fleet.untilAgent('picky_00', 'runs', (a) => a.status === 'running' && a.runCount > 0);
  expect((await fleet.eventsOf('picky_00')).filter((type) => type === 'agent:config_invalid')).toHaveLength(1);
});

test('a changed configuration is taken live where the agent can, else by a restart', async () => {
  await using fleet = await testFleet();
  const seen: string[] = [];
  const config = z.strictObject({ word: z.string() });
  const live: AnyAgentDefinition = defineAgent({
    ...base,
    type: 'live',
    config,
    startup: (ctx) => void seen.push(`live starts with ${ctx.config.word}`),
    reconfigure: (ctx, previous) => void seen.push(`live turns from ${previous.word} to ${ctx.config.word}`),
    run: () => Promise.resolve(),
  });
  class Restarted extends BaseAgent<z.output<typeof config>> {
    override startup(): void {
      seen.push(`restarted starts with ${this.config.word}`);
    }
    override run(): Promise<void> {
      return Promise.resolve();
    }
  }
  const restarted: AnyAgentDefinition = Restarted.define({ ...base, type: 'restarted', config });
  await fleet.agents('live', ['live_00'], { word: 'one' });
  await fleet.agents('restarted', ['restarted_00'], { word: 'one' });
  await fleet.host([live, restarted]);
  for (const id of ['live_00', 'restarted_00']) await fleet.untilAgent(id, 'runs', (a) => a.runCount > 0);
  for (const id of ['live_00', 'restarted_00']) await fleet.state.agents.setConfig((await fleet.get(id)).agentId, { word: 'two' });
  await until('both have it', () => seen.length === 4);
  expect(seen.toSorted()).toEqual([
    'live starts with one',
    'live turns from one to two',
    'restarted starts with one',
    'restarted starts with two',
  ]);
});

test('desired state is followed: paused rests where it is, inactive is given back, a deleted agent ends', async () => {
  await using fleet = await testFleet();
  await fleet.agents('worker', ['worker_00', 'worker_01', 'worker_02']);
  const host = await fleet.host([worker()]);
  for (const id of ['worker_00', 'worker_01', 'worker_02']) await fleet.untilAgent(id, 'runs', (a) => a.status === 'running');
  await fleet.state.agents.setState((await fleet.get('worker_00')).agentId, 'paused');
  await fleet.state.agents.setState((await fleet.get('worker_01')).agentId, 'inactive');
  await fleet.state.agents.remove((await fleet.get('worker_02')).agentId);
  const paused = await fleet.untilAgent('worker_00', 'rests', (a) => a.status === 'stopped');
  expect(paused).toMatchObject({ hostId: host.hostId, reason: 'paused', epoch: 1 });
  const inactive = await fleet.untilAgent('worker_01', 'is given back', (a) => a.hostId === null);
  expect(inactive).toMatchObject({ status: 'stopped', reason: 'inactive' });
  await until('only the paused one is left', () => host.status?.agents === 1);
  const before = (await fleet.get('worker_00')).runCount;
  await fleet.state.agents.setState(paused.agentId, 'active');
  const resumed = await fleet.untilAgent('worker_00', 'runs on', (a) => a.status === 'running' && a.runCount > before);
  expect(resumed.epoch).toBe(1);
  expect(host.status?.faults).toEqual({});
});

test('garbage in every place an agent can put it harms neither its host nor its neighbours', async () => {
  await using fleet = await testFleet();
  await fleet.agents('vandal', ['vandal_00', 'vandal_01']);
  await fleet.agents('worker', ['worker_00']);
  const unspeakable = {
    toString(): string {
      throw new Error('no words');
    },
  };
  const vandal = defineAgent({
    ...base,
    type: 'vandal',
    run: (ctx) => {
      ctx.metric('nul\0', 1);
      ctx.metric('half \ud83d', 1);
      ctx.metric('labelled', 1, { labels: null as unknown as Record<string, string> });
      ctx.emit('vandal:nul', { text: '\0' });
      ctx.emit('vandal:half', { text: '\ud83d' });
      ctx.emit('no verb' as 'vandal:verb', {});
      ctx.emit('vandal:list', [] as unknown as Record<string, unknown>);
      ctx.emit('vandal:fine', { text: 'a word' });
      if (ctx.runNumber % 2 === 0) throw unspeakable as unknown as Error;
      throw new Error('NUL \0 and half \ud83d');
    },
    health: () => ({ score: 20, reasons: ['\0', unspeakable, 7] }) as never,
    commands: { nul: () => Promise.resolve({ text: '\0' }) },
  });
  const host = await fleet.host([vandal, worker()]);
  const vandalised = await fleet.untilAgent('vandal_00', 'has failed', (a) => a.errorCount > 1 && a.lastError !== null);
  expect(vandalised.status).not.toBe('lost');
  await until(
    'the good event among them is stored',
    async () => (await fleet.state.events.list({ type: 'vandal:fine' }, { limit: 1 })).length === 1,
  );
  await until('the bad ones are counted', () => (host.status?.outbox.events.refused ?? 0) >= 8);
  const neighbour = await fleet.get('worker_00');
  await fleet.untilAgent('worker_00', 'runs on', (a) => a.runCount > neighbour.runCount + 3);
  expect(host.status).toMatchObject({ rejoined: 0, trusted: true, beats: { failed: 0 } });
});

test('whatever a run returns or throws, and whatever health() does, has a reason that people can read', async () => {
  await using fleet = await testFleet();
  const cyclic: Record<string, unknown> = {};
  cyclic['self'] = cyclic;
  const returned: Readonly<Record<string, unknown>> = {
    cyclic,
    bigint: { n: 4n },
    function: () => 1,
    symbol: Symbol('x'),
    huge: 'x'.repeat(100_000),
  };
  const thrown: Readonly<Record<string, unknown>> = { text: 'just a text', nothing: undefined, null: null, number: 42 };
  const odd: Readonly<Record<string, () => unknown>> = {
    throwing: () => {
      throw new Error('the nurse is ill');
    },
    nothing: () => undefined,
    text: () => 'fine, thanks',
    late: () => Promise.reject(new Error('too late')),
    nan: () => ({ score: Number.NaN }),
    beyond: () => ({ score: 1e9, reasons: 'many' }),
  };
  const mould = z.strictObject({ returns: z.string().optional(), throws: z.string().optional(), health: z.string().optional() });
  const moulded: AnyAgentDefinition = defineAgent({
    ...base,
    type: 'moulded',
    config: mould,
    run: (ctx) => {
      if (ctx.config.throws !== undefined) throw thrown[ctx.config.throws] as Error;
      return Promise.resolve(returned[ctx.config.returns ?? '']);
    },
    health: (ctx) => (ctx.config.health === undefined ? { score: 100 } : (odd[ctx.config.health]?.() as never)),
  });
  for (const key of Object.keys(returned)) await fleet.agents('moulded', [`returns_${key}`], { returns: key });
  for (const key of Object.keys(thrown)) await fleet.agents('moulded', [`throws_${key}`], { throws: key });
  for (const key of Object.keys(odd)) await fleet.agents('moulded', [`health_${key}`], { health: key });
  await fleet.agents('worker', ['worker_00']);
  const host = await fleet.host([moulded, worker()]);

  for (const key of Object.keys(returned)) await fleet.untilAgent(`returns_${key}`, 'runs', (a) => a.runCount > 1 && a.errorCount === 0);
  for (const [key, value] of Object.entries(thrown)) {
    const failed = await fleet.untilAgent(`throws_${key}`, 'fails', (a) => a.errorCount > 0 && a.lastError !== null && a.reason !== null);
    expect(failed.lastError).toBe(String(value));
  }
  const unfit: Readonly<Record<string, RegExp>> = {
    throwing: /health\(\) failed: the nurse is ill/,
    nothing: /health\(\) failed: /,
    text: /health\(\) returned undefined, which is no score from 0 to 100/,
    late: /health\(\) returned a promise, but must answer at once/,
    nan: /health\(\) returned NaN, which is no score/,
  };
  for (const [key, reason] of Object.entries(unfit)) {
    await fleet.untilAgent(`health_${key}`, `is unfit for ${reason}`, (a) => a.status === 'degraded' && reason.test(a.reason ?? ''));
  }
  await fleet.untilAgent('health_beyond', 'has the highest score there is', (a) => a.healthScore === 100);

  const { commandId } = await fleet.state.commands.submit({ agentId: agentId('returns_cyclic'), command: 'run_now', requestedBy: 'test' });
  await until('the run that returned a cycle is told of', async () => (await fleet.state.commands.get(commandId))?.state === 'done');
  const before = await fleet.get('worker_00');
  await fleet.untilAgent('worker_00', 'runs on', (a) => a.runCount > before.runCount + 3 && a.errorCount === 0);
  expect(host.status).toMatchObject({ rejoined: 0, trusted: true, beats: { failed: 0 } });
}, 180_000);

test('an agent that is deleted and made anew before its host hears of it never runs twice', async () => {
  await using fleet = await testFleet();
  await fleet.agents('worker', ['worker_00']);
  let running = 0;
  let most = 0;
  let lives = 0;
  const long = worker(async (ctx) => {
    lives += 1;
    most = Math.max(most, (running += 1));
    await ctx.clock.sleep(60_000, ctx.signal).finally(() => (running -= 1));
  });
  // It beats too seldom to be told, and looks when it is woken.
  const host = await fleet.host([long], { beatMs: 5_000, leaseMs: 60_000 });
  await until('it runs', () => lives === 1);
  const { agentId } = await fleet.get('worker_00');
  await fleet.state.agents.remove(agentId);
  await fleet.agents('worker', ['worker_00']);
  await host.tick();
  await until('it runs anew', () => lives === 2);
  expect(most).toBe(1);
});
