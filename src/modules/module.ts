import type { FastifyInstance } from 'fastify';
import type { AgentDefinition } from '../agent/definition.ts';
import type { HostId } from '../base/ids.ts';
import type { Logger } from '../base/logger.ts';
import type { Service } from '../base/service.ts';
import type { Wake } from '../base/wake.ts';
import type { Outbound } from '../outbound/index.ts';
import type { SharedState } from '../state/shared-state.ts';
import type { RecoveryAction } from './recovery/action.ts';

/** An agent that a module wants to exist: inserted once, afterwards its row belongs to the operator. */
export interface DefaultAgent {
  readonly agentId: string;
  readonly name: string;
  readonly type: string;
  readonly config?: Readonly<Record<string, unknown>>;
  /** What `--demo` lays over `config`. */
  readonly demoConfig?: Readonly<Record<string, unknown>>;
  /** Default active. */
  readonly state?: 'active' | 'inactive';
}

export interface ModuleServices {
  readonly state: SharedState;
  /** Hints to agents and other servers, after the commit. */
  readonly wake: Wake;
  readonly outbound: Outbound;
  readonly log: Logger;
  /** Where this server may keep files of its own; null: nowhere. */
  readonly dataDir: string | null;
}

/** What a module's own services are given on a host. */
export interface HostSite extends ModuleServices {
  /** The host as the fleet knows it now; undefined before it has joined. */
  readonly hostId: () => HostId | undefined;
  /** Aborts when the database of this process will not come back and the process ends for that. */
  readonly databaseLost: AbortSignal;
  /** Absolute. */
  readonly dataDir: string;
}

/**
 * One capability, all of it in one folder: its agents, tables and routes. Built-in modules and a user's own
 * have the same rights.
 */
export interface Module {
  readonly name: string;
  /** A folder of numbered .sql files. */
  readonly migrations?: URL;
  readonly agentTypes?: readonly AgentDefinition<never>[];
  readonly defaultAgents?: readonly DefaultAgent[];
  /** What can cure alerts: the self-healing agent carries them out, within its rails. */
  readonly recoveryActions?: readonly RecoveryAction[];
  /** What runs beside the agents in every process that is a host, also while the database is away. */
  services?(site: HostSite): readonly Service[];
  /** Mounts routes below /api/v1. Each states the permission it needs. */
  routes?(app: FastifyInstance, services: ModuleServices): void;
  /** Mounts routes at the root, in a scope of their own: doors for the public, or for jobs that carry a token of theirs. */
  doors?(app: FastifyInstance, services: ModuleServices): void;
  /** The path of one of its routes for another spelling of it, which clients that are not ours use; any other path as it is. */
  rewrite?(path: string): string;
}
