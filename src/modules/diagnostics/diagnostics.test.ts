import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runAgent, type AgentUnderTest } from '../../agent/index.ts';
import type { SharedState } from '../../state/shared-state.ts';
import { diagnosticTestAgent } from './diagnostic-agent.ts';
import { environmentFindings } from './environment-findings.ts';
import { offsetOf, type Environment } from './environment.ts';
import { testLauncherEnvAgent } from './launcher-agent.ts';
import { fails, owed } from './load.ts';
import { signalAt, testAgent } from './test-agent.ts';

describe('diagnostic_test_agent', () => {
  /** A fleet in which a metric is found as soon as it was recorded, or never. */
  async function start(isVisible: boolean, sql: (values: readonly unknown[]) => readonly object[]): Promise<AgentUnderTest> {
    const recorded = { value: Number.NaN };
    const fleet = {
      metrics: { latest: () => Promise.resolve({ items: isVisible ? [recorded] : [], nextCursor: null }) },
    } as unknown as SharedState;
    const agent = await runAgent(diagnosticTestAgent, { fleet, sql: ({ values }) => sql(values) });
    Object.defineProperty(recorded, 'value', { get: () => agent.metric('diagnostic_probe') });
    return agent;
  }
  const addsOne = ([nonce]: readonly unknown[]): readonly object[] => [{ sum: Number(nonce) + 1 }];

  it('measures the way of state, SQL and metrics', async () => {
    await using agent = await start(true, addsOne);
    expect((await agent.tick()).kind).toBe('succeeded');
    const measured = agent.metrics.filter(({ name }) => name === 'diagnostic_latency_seconds');
    expect(measured.map(({ labels }) => labels['operation'])).toEqual(['state_write', 'state_read', 'sql_read', 'metric_visible']);
    expect(measured.every(({ value, unit }) => value > 0 && unit === 'seconds')).toBe(true);
    expect(agent.health().score).toBe(100);
  });

  it('fails where a metric never arrives, and says which of the four it was', async () => {
    await using agent = await start(false, addsOne);
    expect(await agent.tick()).toMatchObject({
      kind: 'failed',
      error: expect.objectContaining({ message: expect.stringContaining('metric_visible') as string }) as Error,
    });
    expect(agent.health()).toMatchObject({ score: 75, reasons: [expect.stringContaining('not to be found within 5 s')] });
    const failures = agent.metrics
      .filter(({ name }) => name === 'diagnostic_failures_total')
      .map(({ labels, value }) => [labels['operation'], value]);
    expect(failures).toContainEqual(['metric_visible', 1]);
    expect(failures).toContainEqual(['sql_read', 0]);
  });

  it('fails where SQL gives a wrong answer', async () => {
    await using agent = await start(true, () => [{ sum: 3 }]);
    expect((await agent.tick()).kind).toBe('failed');
    expect(agent.health().reasons?.[0]).toContain('sql_read');
  });
});

describe('a test agent', () => {
  it('is idle by default, and all it records says that it is synthetic', async () => {
    await using agent = await runAgent(testAgent);
    await agent.advance('2m');
    expect(agent.metrics.length).toBeGreaterThan(0);
    expect(new Set(agent.metrics.map(({ name }) => name))).toEqual(new Set(['synthetic_runs_total']));
    expect(agent.metrics.every(({ labels }) => labels['synthetic'] === 'true')).toBe(true);
  });

  it('works all the time with demo', async () => {
    await using agent = await runAgent(testAgent, { config: { demo: true, work_per_run: 2 } });
    await agent.tick();
    await agent.tick();
    expect(agent.metric('synthetic_signal')).toBeGreaterThanOrEqual(0);
    expect(agent.metrics.findLast(({ name, labels }) => name === 'synthetic_work_total' && labels['outcome'] === 'ok')?.value).toBe(4);
  });

  it('fails the share of its runs that it is told to', async () => {
    await using agent = await runAgent(testAgent, { config: { fail_ratio: 0.25, every: '1s' } });
    for (let run = 0; run < 8; run += 1) await agent.tick();
    expect(agent.outcomes.map(({ kind }) => kind === 'failed')).toEqual([false, false, false, true, false, false, false, true]);
  });

  it('makes the load that is asked for', async () => {
    await using agent = await runAgent(testAgent);
    const load = agent.command('load', { seconds: 2, metrics_per_second: 500, series: 4, work_per_second: 5, work_ms: 0, fail_ratio: 0.5 });
    await agent.advance('3s');
    expect(await load).toMatchObject({
      seconds: 2,
      samples: 1_000,
      samples_per_second: 500,
      work_done: 5,
      work_failed: 5,
      cut_short: false,
    });
    const samples = agent.metrics.filter(({ name }) => name === 'synthetic_load');
    expect(samples).toHaveLength(1_000);
    expect(new Set(samples.map(({ labels }) => labels['series'])).size).toBe(4);
  });

  it.each([{ seconds: 601 }, { seconds: 0 }, { metrics_per_second: 1e9 }, { fail_ratio: 2 }, { speed: 3 }, 'much'])(
    'refuses to make the load %j',
    async (payload) => {
      await using agent = await runAgent(testAgent);
      await expect(agent.command('load', payload)).rejects.toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
    },
  );
});

describe('load', () => {
  it('owes what should have been done by now', () => {
    expect(owed(100, 250, 0)).toBe(25);
    expect(owed(100, 250, 25)).toBe(0);
    expect(owed(100, 250, 30)).toBe(0);
  });
  it('fails exactly the share that is asked for', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100 }), (percent) => {
        const failed = Array.from({ length: 100 }, (_, n) => fails(n, percent / 100)).filter(Boolean).length;
        expect(Math.abs(failed - percent)).toBeLessThanOrEqual(1);
      }),
    );
  });
  it('the test signal stays between 0 and 100 and comes back every five minutes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2e12 }), (now) => {
        expect(signalAt(now)).toBeGreaterThanOrEqual(0);
        expect(signalAt(now)).toBeLessThanOrEqual(100);
        expect(signalAt(now + 300_000)).toBeCloseTo(signalAt(now), 1);
      }),
    );
  });
});

const GOOD: Environment = {
  hostname: 'alpha',
  platform: 'Linux 6.1 x64',
  node_version: '20.19.0',
  time_zone: 'UTC',
  database_time_zone: 'UTC',
  clock: { seconds: 0.002, uncertainty_seconds: 0.001 },
  data_folder: { path: '/data', write_error: null, available_bytes: 5e10 },
  temporary_folder: { path: '/tmp', write_error: null, available_bytes: null },
  open_files_limit: 20_000,
  memory_bytes: 8e9,
  processors: 2,
};

describe('the environment', () => {
  it('that is good has no findings', () => expect(environmentFindings(GOOD)).toEqual([]));

  it.each([
    ['an old Node', { node_version: '20.18.3' }, 'critical node_version'],
    ['a newer major', { node_version: '24.1.0' }, undefined],
    ['a clock that is ahead', { clock: { seconds: 3, uncertainty_seconds: 0.01 } }, 'warning clock_offset'],
    ['a clock that is far behind', { clock: { seconds: -30, uncertainty_seconds: 0.01 } }, 'critical clock_offset'],
    ['a clock that cannot be told that well', { clock: { seconds: 1.5, uncertainty_seconds: 1 } }, undefined],
    [
      'a data folder that cannot be written',
      { data_folder: { path: '/data', write_error: 'EACCES', available_bytes: 5e10 } },
      'critical data_folder',
    ],
    ['no data folder, with a server of one’s own', { data_folder: null }, undefined],
    ['little room', { data_folder: { path: '/data', write_error: null, available_bytes: 2e9 } }, 'warning data_folder_room'],
    ['hardly any room', { data_folder: { path: '/data', write_error: null, available_bytes: 5e8 } }, 'critical data_folder_room'],
    ['few open files', { open_files_limit: 256 }, 'warning open_files'],
    ['an unknown limit of open files', { open_files_limit: null }, undefined],
    ['little memory', { memory_bytes: 300 * 2 ** 20 }, 'warning memory'],
  ] as const)('with %s: %s', (_, change, expected) => {
    const [finding] = environmentFindings({ ...GOOD, ...change });
    expect(finding === undefined ? undefined : `${finding.level} ${finding.id}`).toBe(expected);
  });

  it('tells the clock’s offset at the middle of a round trip', () => {
    expect(offsetOf(10_000, 50, 9_050)).toEqual({ seconds: 1, uncertainty_seconds: 0.05 });
  });

  it('is checked for real: this one runs the suite, so it must do', async () => {
    await using agent = await runAgent(testLauncherEnvAgent, {
      at: Date.now(),
      sql: ({ text }) => [text.includes('TimeZone') ? { time_zone: 'UTC' } : { now: Date.now() }],
    });
    expect((await agent.tick()).kind).toBe('succeeded');
    const [key] = agent.state.keys();
    const report = agent.state.value<{ findings: readonly { level: string }[]; environment: Environment }>(key ?? '');
    expect(key).toMatch(/^environment:/);
    expect(report?.environment).toMatchObject({ node_version: process.versions.node, temporary_folder: { write_error: null } });
    expect(agent.metric('environment_clock_offset_seconds')).toBeLessThan(5);
  });
});
