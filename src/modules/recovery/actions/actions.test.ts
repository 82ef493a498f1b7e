import { expect, it } from 'vitest';
import { isFor } from '../action.ts';
import { findTargets } from '../targets.ts';
import { SHIPPED_ACTIONS } from './index.ts';

const boundTo = (rule: string, labels: Readonly<Record<string, string>> = {}): readonly string[] =>
  SHIPPED_ACTIONS.filter((action) => isFor(action, rule, labels)).map(({ name }) => name);

it('is called for by the rules it is for, and by no other', () => {
  expect(boundTo('database_idle_in_transaction')).toEqual(['end_idle_in_transaction']);
  expect(boundTo('database_lock_wait')).toEqual(['cancel_blocking_backend', 'terminate_blocking_backend']);
  expect(boundTo('database_transaction_old')).toEqual(['cancel_runaway_query']);
  expect(boundTo('database_slot_retains')).toEqual(['clear_stuck_slot']);
  expect(boundTo('host_disk_full')).toEqual(['drop_old_history']);
  expect(boundTo('agent_crash_looping', { agent: 'a1' })).toEqual(['restart_agent', 'move_agent']);
  for (const rule of [
    'database_deadlocks',
    'database_wraparound',
    'database_checksum_failures',
    'host_cpu_busy',
    'muster_measures_nothing',
  ])
    expect([rule, boundTo(rule)]).toEqual([rule, []]);
  // The agent of such an alert is the one that measured it.
  expect(boundTo('agent_errors', { agent: 'performance_monitor' })).toEqual([]);
});

it('is called for by any rule that carries its name as the label heal', () => {
  expect(boundTo('orders_bloated', { heal: 'vacuum_table' })).toEqual(['vacuum_table']);
});

it('does not act here for an alert about another database', async () => {
  const database = { query: () => Promise.reject(new Error('must not be asked')) } as never;
  for (const action of SHIPPED_ACTIONS)
    expect(await findTargets({ database }, action, { labels: { database: 'other', pid: '1', agent: 'a1' }, level: 'critical' }, 5)).toEqual(
      {
        targets: [],
        refused: { kind: 'elsewhere', reason: expect.stringContaining('about the database "other"') as string },
      },
    );
});

it('does not restart an agent whose code hangs and does not listen: that one can only be moved', async () => {
  const row = { agent_id: 'a1', agent_type: 'worker', state: 'active', status: 'degraded', health_score: 10 };
  const found = async (reason: string | null): Promise<readonly string[]> => {
    const database = { one: () => Promise.resolve({ ...row, reason }) } as never;
    const about = { labels: { agent: 'a1' }, level: 'critical' } as const;
    const agents = SHIPPED_ACTIONS.filter(({ name }) => name.endsWith('_agent'));
    const targets = await Promise.all(agents.map(async (action) => (await findTargets({ database }, action, about, 5)).targets));
    return agents.filter((_, index) => targets[index]?.length === 1).map(({ name }) => name);
  };
  expect(await found(null)).toEqual(['restart_agent', 'move_agent']);
  expect(await found('it ignores its abort signal in run')).toEqual(['move_agent']);
});

it('never offers to take data, or what cannot be had again, by itself', () => {
  const names = SHIPPED_ACTIONS.filter(({ ceiling }) => ceiling === 'approve').map(({ name }) => name);
  expect(names).toEqual(['clear_stuck_slot', 'drop_old_history']);
  const texts = SHIPPED_ACTIONS.map(({ description, name }) => `${name} ${description}`).join(' ');
  expect(texts).not.toMatch(/failover|drop index|promote/i);
});
