import { agentId, epoch, hostId } from '../../src/base/ids.ts';
import type { AgentRecord } from '../../src/state/agents.ts';
import type { HostRecord } from '../../src/state/hosts.ts';
import type { Facts } from '../../src/modules/health/facts.ts';
import { Readings, type LatestReading } from '../../src/modules/health/readings.ts';

export const NOW = Date.UTC(2026, 0, 1, 12);
const HOST_ID = hostId('8d3c7c2e-0000-4000-8000-000000000001');

/** A running agent; a test changes what it is about. */
export const anAgent = (change: Partial<Omit<AgentRecord, 'agentId'>> & { readonly agentId?: string } = {}): AgentRecord => ({
  name: 'An agent',
  type: 'some_type',
  state: 'active',
  slotStatus: null,
  config: {},
  metadata: {},
  createdAt: NOW - 3_600_000,
  updatedAt: NOW - 3_600_000,
  status: 'running',
  healthScore: 100,
  lastHeartbeatAt: NOW - 1_000,
  hostId: HOST_ID,
  epoch: epoch(1),
  acquiredAt: NOW - 3_600_000,
  errorCount: 0,
  runCount: 100,
  lastError: null,
  reason: null,
  ticks: { begun: null, done: null, schedule: null, activeSince: 0 },
  ...change,
  agentId: agentId(change.agentId ?? 'an_agent'),
});

export const aHost = (change: Partial<HostRecord> = {}): HostRecord => ({
  hostId: HOST_ID,
  hostname: 'alpha',
  pid: 100,
  processKey: null,
  watchable: true,
  version: '1',
  labels: {},
  capacity: 100,
  status: 'live',
  load: { cpuCores: 0.1, rssBytes: 1e8, eventLoopLagSeconds: 0.001 },
  agents: 1,
  startedAt: NOW - 3_600_000,
  lastBeatAt: NOW - 1_000,
  expiresAt: NOW + 7_000,
  stoppedAt: null,
  desired: 'run',
  desiredBy: null,
  desiredAt: null,
  ...change,
});

const reading = (name: string, value: number, labels: Readonly<Record<string, string>> = {}, at = NOW - 1_000): LatestReading => ({
  name,
  value,
  labels,
  at,
});

/** A machine and a database that are well. */
export const GOOD_READINGS: readonly LatestReading[] = [
  reading('memory_usage', 0.5, { host: 'alpha' }),
  reading('host_load5', 0.5, { host: 'alpha' }),
  reading('host_cpu_cores', 4, { host: 'alpha' }),
  reading('host_filesystem_usage_ratio', 0.5, { host: 'alpha', mountpoint: '/' }),
  reading('host_filesystem_available_bytes', 5e9, { host: 'alpha', mountpoint: '/' }),
  reading('postgres_query_response_seconds', 0.001),
  reading('postgres_connections_usage_ratio', 0.1),
  reading('postgres_pool_usage_ratio', 0.1, { host: 'alpha', pool: 'main' }),
  reading('postgres_longest_transaction_seconds', 0),
  reading('postgres_longest_idle_in_transaction_seconds', 0),
  reading('postgres_longest_lock_wait_seconds', 0),
  reading('postgres_wraparound_usage_ratio', 0.01),
  reading('postgres_deadlocks_total', 3),
  reading('postgres_blocks_total', 1_000, { source: 'hit' }),
  reading('postgres_blocks_total', 10, { source: 'read' }),
];

/** The same with some values changed or, with undefined, missing. */
export function readingsWith(changes: Readonly<Record<string, number | undefined>> = {}, more: readonly LatestReading[] = []): Readings {
  const changed = GOOD_READINGS.flatMap((each) => {
    const value = each.name in changes ? changes[each.name] : each.value;
    return value === undefined ? [] : [{ ...each, value }];
  });
  return new Readings([...changed, ...more], NOW, { fast: 20_000, slow: 90_000, rare: 900_000 });
}

/** A fleet of one host, one agent and a coordinator, all well. */
export const goodFacts = (change: Partial<Facts> = {}): Facts => ({
  now: NOW,
  inGrace: false,
  agents: [anAgent(), anAgent({ agentId: 'agent_coordinator', type: 'agent_coordinator' })],
  paused: [],
  hosts: [aHost()],
  readings: readingsWith(),
  databases: [],
  history: { change: (counter) => (counter.startsWith('runs ') ? 10 : 0) },
  ...change,
});
