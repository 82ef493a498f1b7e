import type { Clock } from '../base/clock.ts';
import type { AgentId, Epoch, HostId } from '../base/ids.ts';
import type { Logger } from '../base/logger.ts';
import type { PoolStatus, Result, Transaction } from '../db/database.ts';
import type { Sql } from '../db/sql.ts';

export interface MetricOptions {
  /** A base unit: seconds, bytes, ratio, or nothing for a count. */
  readonly unit?: string;
  /** Few distinct values each: every combination is a series. */
  readonly labels?: Readonly<Record<string, string>>;
  /** When it was measured, milliseconds since 1970. Default: now. */
  readonly at?: number;
}

/** Shared state: small JSON documents by key, the table system_state. Writes are fenced. */
export interface AgentState {
  get<T = unknown>(key: string): Promise<T | undefined>;
  set(key: string, value: unknown): Promise<void>;
  /** Writes only if the value is still at `revision` (0: must not exist). Returns the new revision, or undefined. */
  compareAndSet(key: string, value: unknown, revision: number): Promise<number | undefined>;
  delete(key: string): Promise<void>;
}

export interface ReadOptions {
  /** The server cancels the statement after this. Default: what the host is configured with. */
  readonly statementTimeoutMs?: number;
  /** The longest wait for a lock. */
  readonly lockTimeoutMs?: number;
}

/** SQL on the fleet's database. Reads are free; a write is fenced: it is refused once the lease is lost. */
export interface AgentSql {
  /** Reads, in a read-only transaction. */
  read<Row = Record<string, unknown>>(statement: Sql, options?: ReadOptions): Promise<Result<Row>>;
  /** One fenced statement. */
  write<Row = Record<string, unknown>>(statement: Sql): Promise<Result<Row>>;
  /** Several fenced statements, all or none. */
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  /** The connection pools of this process, as they are now. Empty where the host does not know. */
  pools(): readonly PoolStatus[];
}

/** What an agent is given: everything it needs and nothing else. */
export interface AgentContext<Config = unknown> {
  readonly agentId: AgentId;
  readonly agentType: string;
  readonly hostId: HostId;
  /** The fencing token: pass it to whatever outside the database can refuse an older one. */
  readonly epoch: Epoch;
  readonly config: Config;
  /** Aborts when the agent must stop: told to, host draining, lease lost, run timed out. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly clock: Clock;
  readonly state: AgentState;
  readonly sql: AgentSql;
  /** Records one sample; buffered, leaves with the host's next batch. NaN and infinities are refused and counted. */
  metric(name: string, value: number, options?: MetricOptions): void;
  /** Records an event `noun:verb` under this agent's id and epoch. */
  emit(type: `${string}:${string}`, data?: Readonly<Record<string, unknown>>): void;
  /** Numbers every run under this lease from 1. */
  readonly runNumber: number;
}

