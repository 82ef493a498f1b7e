import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Outbound } from '../outbound/index.ts';
import type { Access } from '../state/access.ts';
import type { SharedState } from '../state/shared-state.ts';
import type { Authenticator } from './access/authenticator.ts';
import type { AgentTypes } from './agent-types.ts';
import type { AgentBoard } from './live/agent-board.ts';
import type { EventStreams } from './live/event-streams.ts';
import type { WakeSource } from './live/event-tail.ts';
import type { RouteTable } from './route-table.ts';

/** What the routes of one server share. */
export interface Services {
  readonly state: SharedState;
  readonly access: Access;
  readonly authenticator: Authenticator;
  readonly types: AgentTypes;
  readonly board: AgentBoard;
  readonly streams: EventStreams;
  readonly wake: WakeSource;
  readonly table: RouteTable;
  readonly cookie: { readonly name: string; readonly secure: boolean };
  readonly outbound: Outbound;
  readonly clock: Clock;
  readonly log: Logger;
  readonly dataDir: string | null;
  readonly version: string;
}
