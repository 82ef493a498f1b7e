import type { Clock } from '../base/clock.ts';
import type { AgentId, Epoch, HostId } from '../base/ids.ts';
import type { Logger } from '../base/logger.ts';
import type { Wake } from '../base/wake.ts';
import type { Result, Transaction } from '../db/database.ts';
import type { Sql } from '../db/sql.ts';
import type { Outbound } from '../outbound/index.ts';
import type { EventRecord, EventType } from '../state/events.ts';
import type { SharedState } from '../state/shared-state.ts';
import type { RunRecord } from './health.ts';
import type { RunTrigger } from './run.ts';

export interface MetricOptions {
  /** A base unit: seconds, bytes, ratio, or nothing for a count. */
  readonly unit?: string;
  /** Few distinct values each: every combination is a series. */
  readonly labels?: Readonly<Record<string, string>>;
  /** When it was measured, milliseconds since 1970. Default: now. */
  readonly at?: number;
  /**
   * Leaves the host at once, with all that waits, and not with the next batch, which may be two seconds away: for what alerts
   * are made of. Each time costs the database a transaction, so not for figures that only charts show.
   */
  readonly soon?: boolean;
}

/** Shared state: small JSON documents by key, the table system_state. Writes are fenced. */
export interface AgentState {
  get<T = unknown>(key: string): Promise<T | undefined>;
  /** The value with the revision that {@link compareAndSet} takes. */
  read<T = unknown>(key: string): Promise<{ readonly value: T; readonly revision: number } | undefined>;
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
}

/** What an agent is given: everything it needs and nothing else. */
export interface AgentContext<Config = unknown> {
  readonly agentId: AgentId;
  readonly agentType: string;
  readonly hostId: HostId;
  /** The fencing token: pass it to whatever outside the database can refuse an older one. */
  readonly epoch: Epoch;
  readonly config: Config;
  /** Aborts when the call must end: told to, host draining, lease lost, run timed out. */
  readonly signal: AbortSignal;
  /** The process's log, and, bounded, the agent's own: what it says is kept with its run and shown beside it. */
  readonly log: Logger;
  readonly clock: Clock;
  readonly state: AgentState;
  readonly sql: AgentSql;
  /** What the fleet knows, typed: agents, hosts, metrics, events, commands. Whatever is written through it is fenced. */
  readonly fleet: SharedState;
  /** Records one sample; buffered, leaves with the host's next batch. NaN and infinities are refused and counted. */
  metric(name: string, value: number, options?: MetricOptions): void;
  /** Records an event `noun:verb` under this agent's id and epoch; buffered like samples. */
  emit(type: EventType, data?: Readonly<Record<string, unknown>>): void;
  /** Calls what lies outside: addresses are checked, answers bounded, as this installation allows (MUSTER_ALLOWED_NETWORKS). */
  readonly outbound: Outbound;
  /** Hints among the fleet. An agent in a thread or process of its own hears none, and gives none. */
  readonly wake: Wake;
  /** Why this run takes place; null outside of runs. */
  readonly trigger: RunTrigger | null;
  /** The instant of the schedule this run is for, milliseconds since 1970 by the database's clock; null where it is for none. */
  readonly tick: number | null;
  /** Ticks since the run before that get no run of their own; of a cron expression, after long, so many at least. */
  readonly missed: number;
  /** The events that set this run off, oldest first, {@link MOST_EVENTS_A_RUN} at most; none where it runs for other reasons. */
  readonly events: readonly EventRecord[];
  /** Numbers every run under this lease from 1; 0 in startup and shutdown before the first. */
  readonly runNumber: number;
  /** Names this run in the ledger of runs and its logs; undefined in startup, shutdown and commands. */
  readonly runId: string | undefined;
  readonly runs: RunRecord;
  /** The same object from startup to shutdown, another one after a restart: a key for what lives that long. */
  readonly life: object;
}
