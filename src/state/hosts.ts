import type { AgentId, Epoch, HostId } from '../base/ids.ts';
import type { AgentRecord, AgentStatus } from './agents.ts';

export interface HostLoad {
  /** Share of one core this process used since the last beat. */
  readonly cpuCores?: number;
  readonly rssBytes?: number;
  /** Event-loop delay, 99th percentile since the last beat, seconds. */
  readonly eventLoopLagSeconds?: number;
}

export interface NewHost {
  readonly hostId: HostId;
  readonly hostname: string;
  readonly pid: number;
  /** Boot id, PID namespace, pid and start time of the process; null where the system does not tell. */
  readonly processKey: string | null;
  readonly version: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly capacity: number;
  readonly leaseMs: number;
}

export interface HostRecord extends Omit<NewHost, 'leaseMs'> {
  readonly status: 'live' | 'lost' | 'stopped';
  readonly load: HostLoad;
  readonly agents: number;
  readonly startedAt: number;
  readonly lastBeatAt: number;
  readonly expiresAt: number;
}

/** What one agent reports with a beat. */
export interface AgentBeat {
  readonly agentId: AgentId;
  readonly epoch: Epoch;
  readonly status: AgentStatus;
  readonly healthScore: number | null;
  readonly errorCount: number;
  readonly runCount: number;
  readonly lastError: string | null;
  readonly reason: string | null;
}

export interface BeatResult {
  /** False: the host's lease was taken. It must stop everything and join again as a new host. */
  readonly held: boolean;
  /** Agents of the beat that this host no longer holds at that epoch: stop them, their writes are refused. */
  readonly lost: readonly AgentId[];
}

/** An agent this host has just taken: run it under this epoch. */
export interface ClaimedAgent {
  readonly agent: AgentRecord;
  readonly epoch: Epoch;
}

export interface Hosts {
  join(host: NewHost): Promise<void>;
  /**
   * Renews the host's lease and writes the beats of all its agents, in one statement. Also ticks the fleet clock and, where
   * it finds a gap of more than three beats, opens a grace period of one lease.
   */
  beat(host: HostId, leaseMs: number, load: HostLoad, beats: readonly AgentBeat[]): Promise<BeatResult>;
  /**
   * Takes up to `limit` active agents of these types that nobody holds or whose holder is lost, each with a new epoch.
   * Skips rows that another host is taking.
   */
  claim(host: HostId, types: readonly string[], limit: number): Promise<readonly ClaimedAgent[]>;
  /** Gives agents back, each still at its epoch, with the status they ended in. */
  release(host: HostId, agents: readonly (AgentBeat & { readonly reason: string | null })[]): Promise<void>;
  /** Declares hosts lost whose lease has run out (none during a grace period), frees their agents as `lost`, and tells which. */
  expire(): Promise<readonly HostId[]>;
  /** A neighbour's death certificate: the process behind these hosts is gone, so their leases end now. */
  certifyDead(hosts: readonly HostId[]): Promise<readonly HostId[]>;
  /** Leaves: releases everything that is still held and marks the host stopped. */
  leave(host: HostId): Promise<void>;
  list(filter?: { readonly live?: boolean }): Promise<readonly HostRecord[]>;
  /** The desired rows of the agents this host holds: what to reconcile with. */
  held(host: HostId): Promise<readonly AgentRecord[]>;
  /** Forgets hosts that ended longer ago than this. */
  prune(olderThanMs: number): Promise<number>;
}
