import type { AgentId, Epoch, HostId } from '../base/ids.ts';

export type CommandState = 'pending' | 'running' | 'done' | 'failed' | 'expired';

export interface CommandRecord {
  readonly commandId: string;
  readonly agentId: AgentId;
  readonly command: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly state: CommandState;
  readonly requestedBy: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  readonly result: unknown;
  readonly error: string | null;
}

export interface NewCommand {
  readonly agentId: AgentId;
  readonly command: string;
  readonly payload?: Readonly<Record<string, unknown>>;
  readonly requestedBy: string;
  /** While a command with this key is open, a second one is the same command. */
  readonly dedupeKey?: string;
  readonly ttlMs?: number;
}

/** The durable inbox of each agent. */
export interface Commands {
  /** Throws NOT_FOUND where the agent does not exist. */
  submit(command: NewCommand): Promise<CommandRecord>;
  /** Claims the pending commands of the agents this host holds, under their epochs. */
  claim(host: HostId, limit: number): Promise<readonly (CommandRecord & { readonly epoch: Epoch })[]>;
  /** Refused with LEASE_LOST where the agent has moved on. */
  finish(host: HostId, commandId: string, outcome: { readonly result?: unknown; readonly error?: string }): Promise<void>;
  get(commandId: string): Promise<CommandRecord | undefined>;
  list(filter: { readonly agentId?: AgentId; readonly state?: CommandState }, page: { readonly limit: number; readonly cursor?: string }): Promise<{ readonly items: readonly CommandRecord[]; readonly nextCursor: string | null }>;
  /** Expires what nobody claimed in time, and hands back what a lost host had claimed. */
  sweep(): Promise<number>;
}
