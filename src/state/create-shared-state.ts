import type { Database } from '../db/database.ts';
import { createKnownTypes } from './agent-types.ts';
import { createAgents } from './agents.ts';
import { createCommands } from './commands.ts';
import { createEventCursors } from './event-cursors.ts';
import { createEvents } from './events.ts';
import { createHeartbeats } from './heartbeats.ts';
import { createHosts } from './hosts.ts';
import { createImplementations } from './implementations.ts';
import { createLedger } from './ledger.ts';
import { createLeases } from './leases.ts';
import { DEFAULT_RETENTION, fleetMaintenance, type HistoryRetention } from './maintenance.ts';
import { createMetrics, metricsMaintenance, type MetricsOptions } from './metrics/index.ts';
import type { SharedState } from './shared-state.ts';
import { createSecrets, type Secrets } from './secrets.ts';
import { createSlots } from './slots.ts';
import { createSystemState } from './system-state.ts';
import { createTicks } from './ticks.ts';

export interface SharedStateOptions {
  /** The fleet's lease, milliseconds. Default 8,000. */
  readonly leaseMs?: number;
  /** How long history is kept. */
  readonly retention?: Partial<HistoryRetention>;
  readonly metrics?: MetricsOptions;
  /** What secrets are sealed with: keys, or somebody who has them. Default: a key in the database. */
  readonly secrets?: readonly string[] | Secrets;
  /** Told after commit what changed, so that others wake early. */
  readonly wake?: { hint(topic: string): void };
}

/** SharedState on a PostgreSQL database that has been migrated. */
export function createSharedState(database: Database, options: SharedStateOptions = {}): SharedState {
  const hint = (topic: string) => (): void => options.wake?.hint(topic);
  const agents = createAgents(database, hint('agents'));
  const hosts = createHosts(database, {
    leaseMs: options.leaseMs ?? 8_000,
    freed: () => {
      options.wake?.hint('agents');
      options.wake?.hint('events');
    },
    changed: hint('hosts'),
  });
  const commands = createCommands(database, agents, hint('commands'));
  const ledger = createLedger(database);
  const types = createKnownTypes(database);
  return {
    database,
    agents,
    types,
    implementations: createImplementations(database, hint('agents')),
    slots: createSlots(database, hint('agents')),
    hosts,
    leases: createLeases(database),
    heartbeats: createHeartbeats(database),
    metrics: createMetrics(database, { ...options.metrics, onNewest: hint('samples') }),
    events: createEvents(database, hint('events')),
    eventCursors: createEventCursors(database),
    commands,
    systemState: createSystemState(database, hint('system_state')),
    ledger,
    ticks: createTicks(database),
    secrets: options.secrets !== undefined && 'seal' in options.secrets ? options.secrets : createSecrets(database, options.secrets),
    maintenance: [
      ...fleetMaintenance(database, { commands, hosts, ledger, types }, { ...DEFAULT_RETENTION, ...options.retention }),
      ...metricsMaintenance(database, options.metrics),
    ],
  };
}
