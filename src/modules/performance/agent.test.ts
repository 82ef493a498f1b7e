import os from 'node:os';
import { describe, expect, it } from 'vitest';
import { runAgent } from '../../agent/index.ts';
import { performanceMonitor } from './agent.ts';
import { METRICS, type MetricName } from './catalogue.ts';

const withoutDatabase = { postgres: false, fleet: false };

describe('performance_monitor without a database', () => {
  it('gives all samples of a run the time of its tick', async () => {
    await using agent = await runAgent(performanceMonitor, { config: withoutDatabase });
    await agent.tick();
    await agent.tick();
    const before = agent.metrics.length;
    await agent.tick();
    const times = new Set(agent.metrics.slice(before).map((sample) => sample.at));
    expect(times.size).toBe(1);
    const [first, second] = [...new Set(agent.metrics.map((sample) => sample.at))].slice(-2);
    expect((second ?? 0) - (first ?? 0)).toBe(5_000);
  });

  it('records with the unit that the catalogue names', async () => {
    await using agent = await runAgent(performanceMonitor, { config: withoutDatabase });
    await agent.tick();
    await agent.tick();
    expect(agent.metrics.length).toBeGreaterThan(20);
    for (const sample of agent.metrics) expect(sample.unit, sample.name).toBe(METRICS[sample.name as MetricName].unit);
    expect(agent.refusedMetrics).toEqual([]);
  });

  it('measures this machine', async () => {
    await using agent = await runAgent(performanceMonitor, { config: withoutDatabase });
    await agent.tick();
    expect(agent.metric('host_memory_total_bytes')).toBe(os.totalmem());
    expect(agent.metric('process_resident_memory_bytes')).toBeGreaterThan(10_000_000);
    expect(agent.metric('host_cpu_usage_ratio')).toBeUndefined();
    await agent.tick();
    expect(agent.metric('process_cpu_usage_ratio')).toBeGreaterThan(0);
    expect(agent.metric('nodejs_eventloop_utilization_ratio')).toBeLessThanOrEqual(1);
  });

  it('reports its collectors once, and again when one changes', async () => {
    await using agent = await runAgent(performanceMonitor, { config: withoutDatabase });
    await agent.tick();
    const report = agent.state.value<{ collectors: { collector: string; status: string }[] }>('performance:performance_monitor_under_test');
    expect(report?.collectors.find(({ collector }) => collector === 'process')).toMatchObject({ status: 'up' });
    await agent.tick();
    expect((await agent.state.read('performance:performance_monitor_under_test'))?.revision).toBe(1);
  });

  it.each([
    [{ every: '1 hour' }, /every.*not a duration/],
    [{ every: 20 }, /at least 1000 ms/],
    [{ evry: '5s' }, /evry/],
  ])('refuses the configuration %j and says why', async (config, message) => {
    await expect(runAgent(performanceMonitor, { config })).rejects.toThrow(message);
  });
});

describe('performance_monitor whose database is away', () => {
  it('records that it is down, asks nothing else of it, and measures the rest', async () => {
    let asked = 0;
    await using agent = await runAgent(performanceMonitor, {
      sql: () => {
        asked += 1;
        throw new Error('connection refused');
      },
    });
    const outcome = await agent.tick();
    expect(outcome.kind).toBe('succeeded');
    expect(asked).toBe(1);
    expect(agent.metric('postgres_up')).toBe(0);
    expect(agent.metric('host_memory_usage_ratio')).toBeGreaterThan(0);
    expect(agent.metrics.filter(({ name }) => name === 'postgres_connections')).toEqual([]);
    const errors = agent.metrics.find(({ name, labels }) => name === 'collector_errors_total' && labels['collector'] === 'postgres_probe');
    expect(errors?.value).toBe(1);
    expect(agent.health().score).toBeLessThan(100);
    expect(agent.health().reasons?.join()).toContain('connection refused');
  });
});
