import type { AgentRecord } from '../../state/agents.ts';
import type { HostRecord } from '../../state/hosts.ts';
import type { History } from './history.ts';
import type { Readings } from './readings.ts';

/** All that is judged, gathered at one moment. Times are milliseconds since 1970 by the database's clock. */
export interface Facts {
  readonly now: number;
  /** The database or its clock was away a moment ago: nobody is late for that. */
  readonly inGrace: boolean;
  /** Agents whose desired state is active. */
  readonly agents: readonly AgentRecord[];
  /** Agents that somebody paused, by id. */
  readonly paused: readonly string[];
  readonly hosts: readonly HostRecord[];
  readonly readings: Readings;
  readonly history: Pick<History, 'change'>;
}

/** The counters whose change is judged, from what was gathered. */
export function countersOf(facts: Omit<Facts, 'history'>): ReadonlyMap<string, number> {
  const counters = new Map<string, number>();
  for (const agent of facts.agents) {
    counters.set(`runs ${agent.agentId}`, agent.runCount);
    counters.set(`errors ${agent.agentId}`, agent.errorCount);
  }
  const add = (key: string, value: number | undefined): void => void (value === undefined || counters.set(key, value));
  add('deadlocks', facts.readings.value('postgres_deadlocks_total'));
  add('blocks hit', facts.readings.value('postgres_blocks_total', { source: 'hit' }));
  add('blocks read', facts.readings.value('postgres_blocks_total', { source: 'read' }));
  return counters;
}
