import type { AgentRecord } from '../../state/agents.ts';
import type { HostRecord } from '../../state/hosts.ts';
import type { History } from './history.ts';
import type { Readings } from './readings.ts';

/** A database that is monitored besides the fleet's own. */
export interface OtherDatabase {
  readonly name: string;
  readonly readings: Readings;
  /** Why it does not answer, as the monitor says; null where it does, or does not say. */
  readonly reason: string | null;
}

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
  /** Of machines and of the fleet's own database. */
  readonly readings: Readings;
  readonly databases: readonly OtherDatabase[];
  readonly history: Pick<History, 'change'>;
}

/** The counters whose change is judged, from what was gathered. */
export function countersOf(facts: Omit<Facts, 'history'>): ReadonlyMap<string, number> {
  const counters = new Map<string, number>();
  for (const agent of facts.agents) {
    counters.set(`runs ${agent.agentId}`, agent.runCount);
    counters.set(`errors ${agent.agentId}`, agent.errorCount);
  }
  addDatabase(counters, facts.readings);
  for (const { name, readings } of facts.databases) addDatabase(counters, readings, name);
  return counters;
}

export type DatabaseCounter = 'deadlocks' | 'blocks hit' | 'blocks read';

/** The fleet's own database has no name. */
export const databaseCounter = (counter: DatabaseCounter, database?: string): string =>
  database === undefined ? counter : `${counter} ${database}`;

function addDatabase(counters: Map<string, number>, readings: Readings, database?: string): void {
  const add = (counter: DatabaseCounter, value: number | undefined): void =>
    void (value === undefined || counters.set(databaseCounter(counter, database), value));
  add('deadlocks', readings.value('postgres_deadlocks_total'));
  add('blocks hit', readings.value('postgres_blocks_total', { source: 'hit' }));
  add('blocks read', readings.value('postgres_blocks_total', { source: 'read' }));
}
