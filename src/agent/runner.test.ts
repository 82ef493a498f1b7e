import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { MusterError } from '../base/errors.ts';
import { defineAgent } from './define-agent.ts';
import { FAILURES_THAT_END_A_LIFE } from './runner.ts';
import { runAgent } from './test-kit.ts';

const base = { type: 'sample', name: 'Sample', description: 'An agent for a test.' };

describe('runs', () => {
  test('come by the schedule, the first one soon', async () => {
    await using agent = await runAgent(
      defineAgent({
        ...base,
        schedule: { every: '1m' },
        async run(ctx) {
          ctx.metric('run', ctx.runNumber);
        },
      }),
    );
    await agent.advance('10m');
    expect(agent.outcomes.length).toBeGreaterThanOrEqual(10);
    expect(agent.outcomes.length).toBeLessThanOrEqual(11);
    expect(agent.metrics.map((sample) => sample.value)).toEqual(agent.outcomes.map((_, n) => n + 1));
    const gaps = agent.metrics.slice(2).map((sample, n) => sample.at - (agent.metrics[n + 1]?.at ?? 0));
    expect(new Set(gaps)).toEqual(new Set([60_000]));
  });

  test('come at once where the type asks for it, and by the schedule after that', async () => {
    await using agent = await runAgent(
      defineAgent({ ...base, schedule: { every: '1h' }, runsAtStart: true, run: () => Promise.resolve() }),
    );
    await agent.advance('1ms');
    expect(agent.outcomes).toHaveLength(1);
    await agent.advance('10h');
    expect(agent.outcomes.length).toBeGreaterThanOrEqual(10);
    expect(agent.outcomes.length).toBeLessThanOrEqual(11);
  });

  test('never overlap: one that outlasts its period is let finish and the ticks meanwhile are skipped', async () => {
    let running = 0;
    let most = 0;
    await using agent = await runAgent(
      defineAgent({
        ...base,
        schedule: { every: '1s' },
        async run(ctx) {
          running += 1;
          most = Math.max(most, running);
          await ctx.clock.sleep(3_500, ctx.signal);
          running -= 1;
        },
      }),
    );
    await agent.advance('40s');
    expect(most).toBe(1);
    expect(agent.outcomes.length).toBeGreaterThanOrEqual(9);
    expect(agent.outcomes.length).toBeLessThanOrEqual(11);
  });

  test('without a schedule come when asked for', async () => {
    await using agent = await runAgent(defineAgent({ ...base, run: (ctx) => Promise.resolve(ctx.runNumber * 10) }));
    await agent.advance('1h');
    expect(agent.outcomes).toHaveLength(0);
    expect(await agent.tick()).toMatchObject({ kind: 'succeeded', result: 10 });
  });

  test('that fail are counted, lower health and leave the agent alive', async () => {
    await using agent = await runAgent(
      defineAgent({
        ...base,
        schedule: { every: '1s' },
        async run(ctx) {
          if (ctx.runNumber % 2 === 0) throw new Error(`run ${ctx.runNumber} broke`);
        },
      }),
    );
    await agent.tick();
    expect(agent.health()).toEqual({ score: 100 });
    await agent.tick();
    expect(agent.health().score).toBe(50);
    expect(agent.health().reasons?.[0]).toMatch(/1 of the last 2 runs failed: run 2 broke/);
    expect(agent.ledger).toMatchObject({ runCount: 2, errorCount: 1, lastError: 'run 2 broke' });
  });

  test('that fail one after the other end the life', async () => {
    await using agent = await runAgent(
      defineAgent({
        ...base,
        schedule: { every: '1s' },
        run: () => Promise.reject(new Error('still broken')),
      }),
    );
    await agent.advance('1m');
    expect(agent.end).toMatchObject({ kind: 'crashed', phase: 'run' });
    expect(agent.ledger.errorCount).toBe(FAILURES_THAT_END_A_LIFE);
  });
});

describe('a time-out', () => {
  test('aborts the run, which counts as failed', async () => {
    await using agent = await runAgent(
      defineAgent({
        ...base,
        schedule: { every: '1m' },
        timeout: '5s',
        run: (ctx) => ctx.clock.sleep(60_000, ctx.signal),
      }),
    );
    const outcome = await agent.tick();
    expect(outcome).toMatchObject({ kind: 'failed', durationMs: 5_000 });
    expect(agent.ledger.lastError).toBe('run took longer than 5s and was aborted');
    expect(agent.stuck).toEqual([]);
  });

  test('is not believed to be an end: an agent that ignores it keeps its slot and is reported', async () => {
    let release: (() => void) | undefined;
    await using agent = await runAgent(
      defineAgent({
        ...base,
        schedule: { every: '10s' },
        timeout: '1s',
        run: (ctx) => (ctx.runNumber > 1 ? Promise.resolve() : new Promise<void>((resolve) => (release = resolve))),
      }),
      { patienceMs: 20 },
    );
    await agent.advance('2m');
    expect(agent.stuck).toEqual(['run']);
    expect(agent.ledger.runNumber).toBe(1);
    release?.();
    await agent.advance('1s');
    expect(agent.outcomes[0]).toMatchObject({ kind: 'failed' });
  });

  test('holds for startup too', async () => {
    const started = runAgent(
      defineAgent({ ...base, timeout: '2s', startup: (ctx) => ctx.clock.sleep(10_000, ctx.signal), run: () => Promise.resolve() }),
    );
    await expect(started).rejects.toMatchObject({ code: 'AGENT_TIMEOUT' });
  });
});

describe('an end', () => {
  test('interrupts the run under way without counting it as a failure, then shuts down', async () => {
    const order: string[] = [];
    const agent = await runAgent(
      defineAgent({
        ...base,
        schedule: { every: '1s' },
        startup: () => void order.push('startup'),
        async run(ctx) {
          order.push('run');
          await ctx.clock.sleep(30_000, ctx.signal);
        },
        shutdown: () => void order.push('shutdown'),
      }),
    );
    await agent.advance('2s');
    await agent.stop();
    expect(order).toEqual(['startup', 'run', 'shutdown']);
    expect(agent.end).toEqual({ kind: 'stopped' });
    expect(agent.ledger).toMatchObject({ runCount: 0, errorCount: 0 });
  });

  test('of a startup that throws is a crash with its error', async () => {
    const started = runAgent(
      defineAgent({ ...base, startup: () => Promise.reject(new Error('no licence')), run: () => Promise.resolve() }),
    );
    await expect(started).rejects.toThrow('no licence');
  });
});

test('a configuration is parsed, defaulted and typed by its schema', async () => {
  const definition = defineAgent({
    ...base,
    config: z.strictObject({ url: z.url(), tries: z.number().int().default(3) }),
    schedule: (config) => ({ every: `${config.tries}s` }),
    run: (ctx) => Promise.resolve(ctx.config.tries),
  });
  await using agent = await runAgent(definition, { config: { url: 'https://example.org' } });
  expect(await agent.tick()).toMatchObject({ kind: 'succeeded', result: 3 });
  await expect(runAgent(definition, { config: { url: 'here', trys: 1 } })).rejects.toMatchObject({
    code: 'AGENT_CONFIG_INVALID',
    message: expect.stringMatching(/config\.url.*Unrecognized key: "trys"/s),
    remedy: expect.stringContaining('config.url'),
  });
});

test('samples that are none are refused, and harm nothing', async () => {
  await using agent = await runAgent(
    defineAgent({
      ...base,
      async run(ctx) {
        ctx.metric('a', Number.NaN);
        ctx.metric('b', Number.POSITIVE_INFINITY);
        ctx.metric('', 1);
        ctx.metric('c', 1, { labels: { n: 5 as unknown as string } });
        ctx.metric('d', 1, { unit: 'seconds', labels: { disk: 'sda' } });
      },
    }),
  );
  expect(await agent.tick()).toMatchObject({ kind: 'succeeded' });
  expect(agent.refusedMetrics.map((refused) => refused.fault)).toEqual(['not_finite', 'not_finite', 'bad_name', 'bad_labels']);
  expect(agent.metrics).toMatchObject([{ name: 'd', value: 1, unit: 'seconds', labels: { disk: 'sda' } }]);
});

test('commands of the type are carried out; others are refused with the list of known ones', async () => {
  await using agent = await runAgent(
    defineAgent({
      ...base,
      run: () => Promise.resolve(),
      commands: { echo: (_ctx, payload) => Promise.resolve(payload) },
    }),
  );
  expect(await agent.command('echo', { a: 1 })).toEqual({ a: 1 });
  const refused = await agent.command('sing').catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: 'COMMAND_UNKNOWN' });
  expect((refused as MusterError).remedy).toContain('echo');
});

test.each([
  [{ type: 'Sample' }, /"Sample".*not an agent type/],
  [{ name: '' }, /name is missing/],
  [{ timeout: 'soon' }, /timeout/],
  [{ timeout: '0s' }, /timeout.*out of range/],
  [{ priority: 101 }, /priority/],
  [{ schedule: { every: 'x' } }, /schedule/],
  [{ commands: { restart: () => Promise.resolve() } }, /commands.restart/],
  [{ commands: { 'Do It': () => Promise.resolve() } }, /commands.Do It/],
  [{ run: undefined }, /run is missing/],
])('a definition with %o is refused where it is made', (change, message) => {
  const make = () => defineAgent({ ...base, run: () => Promise.resolve(), ...change } as Parameters<typeof defineAgent>[0]);
  expect(make).toThrow(message);
  expect(make).toThrow(expect.objectContaining({ code: 'AGENT_INVALID' }));
});
