import type { AgentId, Epoch, HostId } from '../base/ids.ts';

/** What is desired; plain SQL may write it. */
export type AgentState = 'active' | 'inactive' | 'paused';
/** What is observed. `lost`: its host stopped renewing and nobody has taken over yet. */
export type AgentStatus = 'starting' | 'running' | 'degraded' | 'stopping' | 'stopped' | 'crash_looping' | 'lost';
export type SlotStatus = 'available' | 'occupied';

/** One agent, desired and observed, as the API shows it. Times are milliseconds since 1970. */
export interface AgentRecord {
  readonly agentId: AgentId;
  readonly name: string;
  readonly type: string;
  readonly state: AgentState;
  readonly slotStatus: SlotStatus | null;
  readonly config: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly status: AgentStatus;
  readonly healthScore: number | null;
  readonly lastHeartbeatAt: number | null;
  readonly hostId: HostId | null;
  readonly epoch: Epoch;
  readonly acquiredAt: number | null;
  readonly errorCount: number;
  readonly runCount: number;
  readonly lastError: string | null;
  readonly reason: string | null;
}

export interface AgentFilter {
  readonly state?: AgentState;
  readonly status?: AgentStatus;
  readonly type?: string;
  readonly hostId?: HostId;
  /** Part of the id or name, any case. */
  readonly search?: string;
}

export interface NewAgent {
  readonly agentId: string;
  readonly name: string;
  readonly type: string;
  readonly state?: AgentState;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

export interface Agents {
  /** In order of agent_id, after `after`. */
  list(filter: AgentFilter, page: { readonly limit: number; readonly after?: string }): Promise<readonly AgentRecord[]>;
  get(id: AgentId): Promise<AgentRecord | undefined>;
  /** Throws CONFLICT where the id is taken. */
  create(agent: NewAgent): Promise<AgentRecord>;
  /** Inserts those that are not there; touches no existing row. */
  ensure(agents: readonly NewAgent[]): Promise<void>;
  /** Throws NOT_FOUND. */
  setState(id: AgentId, state: AgentState): Promise<AgentRecord>;
  setConfig(id: AgentId, config: Readonly<Record<string, unknown>>): Promise<AgentRecord>;
  remove(id: AgentId): Promise<boolean>;
  /** How many there are by state and status. */
  count(): Promise<readonly { readonly state: AgentState; readonly status: AgentStatus; readonly count: number }[]>;
}
