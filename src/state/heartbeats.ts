import type { AgentId } from '../base/ids.ts';
import type { AgentStatus } from './agents.ts';

export interface HeartbeatRecord {
  readonly agentId: AgentId;
  readonly timestamp: number;
  readonly status: AgentStatus;
  readonly healthScore: number | null;
  readonly metrics: Readonly<Record<string, unknown>> | null;
}

/** Heartbeat history: one row an agent and minute, one for each change of status. Hosts write it with their beats. */
export interface Heartbeats {
  /** Newest first. `cursor` as returned. */
  list(filter: { readonly agentId?: AgentId; readonly from?: number; readonly to?: number }, page: { readonly limit: number; readonly cursor?: string }): Promise<{ readonly items: readonly HeartbeatRecord[]; readonly nextCursor: string | null }>;
}
