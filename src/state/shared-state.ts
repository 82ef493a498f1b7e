import type { Database } from '../db/database.ts';
import type { KnownTypes } from './agent-types.ts';
import type { Agents } from './agents.ts';
import type { Commands } from './commands.ts';
import type { EventCursors } from './event-cursors.ts';
import type { Events } from './events.ts';
import type { Heartbeats } from './heartbeats.ts';
import type { Hosts } from './hosts.ts';
import type { Implementations } from './implementations.ts';
import type { Ledger } from './ledger.ts';
import type { Leases } from './leases.ts';
import type { MaintenanceJob } from './maintenance.ts';
import type { Metrics } from './metrics/metrics.ts';
import type { Secrets } from './secrets.ts';
import type { Slots } from './slots.ts';
import type { SystemState } from './system-state.ts';
import type { Ticks } from './ticks.ts';

/** What the fleet knows, by concept. The only way to the truth for the rooms above. */
export interface SharedState {
  readonly database: Database;
  readonly agents: Agents;
  readonly types: KnownTypes;
  readonly implementations: Implementations;
  readonly slots: Slots;
  readonly hosts: Hosts;
  readonly leases: Leases;
  readonly heartbeats: Heartbeats;
  readonly metrics: Metrics;
  readonly events: Events;
  readonly eventCursors: EventCursors;
  readonly commands: Commands;
  readonly systemState: SystemState;
  readonly ledger: Ledger;
  readonly ticks: Ticks;
  readonly secrets: Secrets;

  readonly maintenance: readonly MaintenanceJob[];
}
