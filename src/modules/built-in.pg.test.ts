import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testDatabase, type TestDatabase } from '../../test/support/database.ts';
import { agentId } from '../base/ids.ts';
import { silentLogger } from '../base/logger.ts';
import { FleetHost } from '../fleet/index.ts';
import { createSharedState } from '../state/create-shared-state.ts';
import type { SharedState } from '../state/shared-state.ts';
import { builtInModules } from './built-in.ts';
import { HEALTH_KEY, type HealthReport } from './health/index.ts';

const defaults = builtInModules.flatMap((module) => module.defaultAgents ?? []);

// Agents begin by their own schedules, which a busy machine stretches: conditions are waited for, long enough for a slow one.
describe('the default agents on a host', { timeout: 180_000 }, () => {
  let test: TestDatabase;
  let state: SharedState;
  let host: FleetHost;

  beforeAll(async () => {
    test = await testDatabase({ poolMax: 10 });
    state = createSharedState(test.database);
    await state.agents.ensure(
      defaults.map((agent) => ({
        ...agent,
        state: 'active' as const,
        // More often than by default, so that the test need not wait.
        ...(['heartbeat_health_agent', 'performance_monitor'].includes(agent.agentId) ? { config: { every: '1s' } } : {}),
      })),
    );
    host = new FleetHost({
      state,
      types: builtInModules.flatMap((module) => module.agentTypes ?? []),
      version: 'test',
      log: silentLogger,
      beatMs: 500,
      leaseMs: 3_000,
    });
    await host.start();
  });
  afterAll(async () => {
    await host.stop();
    await state.metrics.stop();
    await test[Symbol.asyncDispose]();
  });

  it('all come to run, and their runs succeed', async () => {
    await expect
      .poll(
        async () =>
          (await state.agents.list({ state: 'active' }, { limit: 100 })).filter(
            ({ status, runCount }) => status === 'running' && runCount > 0,
          ).length,
        { timeout: 40_000 },
      )
      .toBe(defaults.length);
    const agents = await state.agents.list({ state: 'active' }, { limit: 100 });
    expect(agents.flatMap(({ agentId: id, lastError }) => (lastError === null ? [] : [`${id}: ${lastError}`]))).toEqual([]);
  });

  it('write metrics that a query finds under the names of the catalogue', async () => {
    const latest = async (metricName: string): Promise<number> =>
      (await state.metrics.latest({ metricName, agentId: 'performance_monitor' }, { limit: 10 })).items.length;
    for (const name of [
      'host_memory_usage_ratio',
      'process_resident_memory_bytes',
      'postgres_connections_usage_ratio',
      'postgres_pool_usage_ratio',
      'memory_usage',
      'connection_pool_usage',
    ]) {
      await expect.poll(() => latest(name), { timeout: 40_000 }).toBeGreaterThan(0);
    }
    await expect.poll(() => latest('cpu_usage'), { timeout: 40_000 }).toBeGreaterThan(0);
  });

  it('report the health of fleet, database, host and every agent', async () => {
    const report = async (): Promise<HealthReport | undefined> =>
      (await state.systemState.get(HEALTH_KEY))?.value as HealthReport | undefined;
    await expect
      .poll(async () => (await report())?.subjects.find(({ subject }) => subject === 'database')?.coverage ?? 0, { timeout: 40_000 })
      .toBeGreaterThan(0.9);
    await expect.poll(async () => (await report())?.subjects.length, { timeout: 40_000 }).toBe(3 + defaults.length);
    const { score, findings = [] } = (await report()) ?? {};
    // How the machine is that tests this, is no matter of the agents.
    const [ofHost, others] = [
      findings.filter(({ subject }) => subject.startsWith('host:')),
      findings.filter(({ subject }) => !subject.startsWith('host:')),
    ];
    expect(others.filter(({ level }) => level === 'critical' || level === 'emergency')).toEqual([]);
    if (ofHost.length === 0) expect(score).toBeGreaterThan(70);
  });

  it('report an agent that stops running although it should', async () => {
    await state.agents.create({ agentId: 'orphan', name: 'Nobody can run it', type: 'unheard_of', state: 'active' });
    await test.database.query({
      text: `update muster.agents set created_at = now() - interval '2 minutes', updated_at = now() - interval '2 minutes' where agent_id = 'orphan'`,
      values: [],
    });
    const findings = async (): Promise<readonly string[] | undefined> =>
      ((await state.systemState.get(HEALTH_KEY))?.value as HealthReport | undefined)?.findings.map(
        ({ subject, level }) => `${subject} ${level}`,
      );
    await expect.poll(findings, { timeout: 40_000 }).toContain('agent:orphan critical');
    await state.agents.remove(agentId('orphan'));
    await expect.poll(findings, { timeout: 40_000 }).not.toContain('agent:orphan critical');
  });

  it('make synthetic load on command, labelled as such', async () => {
    const id = agentId('test_agent_1');
    const { commandId } = await state.commands.submit({
      agentId: id,
      command: 'load',
      payload: { seconds: 1, metrics_per_second: 200, fail_ratio: 0.5, work_per_second: 10 },
      requestedBy: 'test',
    });
    await expect.poll(async () => (await state.commands.get(commandId))?.state, { timeout: 40_000 }).toBe('done');
    const { result } = (await state.commands.get(commandId)) ?? {};
    // A busy machine misses one now and then.
    expect(result).toMatchObject({ cut_short: false });
    expect((result as { samples: number }).samples).toBeGreaterThanOrEqual(150);
    await expect
      .poll(async () => (await state.metrics.latest({ metricName: 'synthetic_load', agentId: id }, { limit: 100 })).items.length, {
        timeout: 40_000,
      })
      .toBe(10);
    const { items } = await state.metrics.latest({ metricName: 'synthetic_load', agentId: id }, { limit: 100 });
    expect(items.every(({ labels }) => labels['synthetic'] === 'true')).toBe(true);
  });
});
