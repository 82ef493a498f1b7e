import picocolors from 'picocolors';
import { describe, expect, it } from 'vitest';
import { agentId, epoch, hostId } from '../base/ids.ts';
import type { AgentRecord } from '../state/agents.ts';
import { callOrder, drawRollCall } from './roll-call.ts';

const colors = picocolors.createColors(false);
const NOW = 1_800_000_000_000;

const agent = (id: string, over: Partial<AgentRecord> = {}): AgentRecord => ({
  agentId: agentId(id),
  name: id,
  type: 'test_agent',
  state: 'active',
  slotStatus: null,
  config: {},
  metadata: {},
  createdAt: NOW,
  updatedAt: NOW,
  status: 'running',
  healthScore: 100,
  lastHeartbeatAt: NOW - 1_000,
  hostId: hostId('00000000-0000-4000-8000-000000000000'),
  epoch: epoch(1),
  acquiredAt: NOW,
  errorCount: 0,
  runCount: 3,
  lastError: null,
  reason: null,
  ticks: { begun: null, done: null, schedule: null, activeSince: 0 },
  ...over,
});
const slot = agent('slot_x', { state: 'inactive', slotStatus: 'available', status: 'stopped', hostId: null });

describe('the roll call', () => {
  it('puts those that need a person first', () => {
    const ids = callOrder([
      agent('fine'),
      agent('ill', { status: 'degraded' }),
      slot,
      agent('gone', { status: 'lost' }),
      agent('asleep', { status: 'stopped', state: 'inactive' }),
      agent('unclaimed', { status: 'stopped' }),
    ]).map((each) => each.agentId);
    expect(ids.slice(0, 4)).toEqual(['gone', 'ill', 'unclaimed', 'fine']);
  });

  it('shows as many rows as the terminal has, and counts the rest', () => {
    const agents = Array.from({ length: 30 }, (_, index) => agent(`agent_${String(index).padStart(2, '0')}`));
    const text = drawRollCall({ agents, hosts: [], more: false, now: NOW }, { columns: 100, rows: 14 }, colors);
    expect(text.split('\n')).toHaveLength(12);
    expect(text).toContain('20 not shown');
    expect(text).toContain('30 of 30 agents at work');
  });

  it('leaves open slots out of the table and counts them', () => {
    const text = drawRollCall({ agents: [agent('one'), slot], hosts: [], more: false, now: NOW }, { columns: 100, rows: 20 }, colors);
    expect(text).not.toContain('slot_x');
    expect(text).toContain('1 slot open');
    expect(text).toMatch(/one\s+● running\s+100\s+1s ago\s+3/);
  });

  it('fits a narrow terminal', () => {
    const text = drawRollCall(
      { agents: [agent('a'.repeat(80), { reason: 'b'.repeat(80) })], hosts: [], more: false, now: NOW },
      { columns: 80, rows: 20 },
      colors,
    );
    expect(text.split('\n').every((line) => line.length <= 80)).toBe(true);
  });
});
