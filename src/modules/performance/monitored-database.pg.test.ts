import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testDatabase, type TestDatabase } from '../../../test/support/database.ts';
import { runAgent } from '../../agent/index.ts';
import { performanceMonitor } from './agent.ts';

const ONLY_OTHERS = { host: false, process: false, postgres: false, fleet: false };

let other: TestDatabase;
beforeAll(async () => {
  other = await testDatabase();
});
afterAll(() => other[Symbol.asyncDispose]());

describe('databases besides the fleet’s own', () => {
  it('are measured under their names, and one that is away keeps nobody waiting and says why', async () => {
    await using agent = await runAgent(performanceMonitor, {
      config: {
        ...ONLY_OTHERS,
        databases: [
          { name: 'orders', url: other.url, labels: { team: 'shop' } },
          { name: 'gone', url: 'postgresql://nobody:secret@127.0.0.1:1/nowhere' },
        ],
      },
      patienceMs: 5_000,
    });
    const upOf = (database: string): number | undefined =>
      agent.metrics.findLast(({ name, labels }) => name === 'postgres_up' && labels['database'] === database)?.value;
    await expect
      .poll(
        async () => {
          expect((await agent.tick()).kind).toBe('succeeded');
          return [upOf('orders'), upOf('gone'), agent.metrics.some(({ name }) => name === 'postgres_table_live_tuples')];
        },
        { timeout: 30_000 },
      )
      .toEqual([1, 0, true]);
    const connections = agent.metrics.find(({ name }) => name === 'postgres_connections_limit');
    expect(connections?.labels).toMatchObject({ database: 'orders', team: 'shop' });
    expect(agent.refusedMetrics).toEqual([]);
    const report = agent.state.value<{ databases: { database: string; up: boolean; collectors: { reason: string | null }[] }[] }>(
      'performance:performance_monitor_under_test',
    );
    expect(report?.databases.map(({ database, up }) => [database, up])).toEqual([
      ['orders', true],
      ['gone', false],
    ]);
    expect(report?.databases[1]?.collectors[0]?.reason).toContain('127.0.0.1:1');
    expect(JSON.stringify(report)).not.toContain('secret');
    expect(agent.health().reasons?.join()).toContain('gone: postgres_probe');
    expect(agent.state.value('performance:performance_monitor_under_test:advice:orders')).toBeDefined();
  });

  it.each([
    [
      [
        { name: 'a', url: 'x' },
        { name: 'a', url: 'y' },
      ],
      /name of its own/,
    ],
    [[{ name: 'not a name', url: 'x' }], /letters, digits/],
  ])('are refused where %j', async (databases, message) => {
    await expect(runAgent(performanceMonitor, { config: { ...ONLY_OTHERS, databases } })).rejects.toThrow(message);
  });
});
