import { hostname } from 'node:os';
import { checkDefinition } from '../agent/define-agent.ts';
import { cardOf } from '../agent/type-card.ts';
import type { AnyAgentDefinition } from '../agent/definition.ts';
import { systemClock, type Clock } from '../base/clock.ts';
import { MusterError } from '../base/errors.ts';
import type { HostId } from '../base/ids.ts';
import type { Logger } from '../base/logger.ts';
import type { Service } from '../base/service.ts';
import type { PostgresAdapter } from '../db/adapter.ts';
import { createOutbound, type Outbound } from '../outbound/index.ts';
import type { SharedState } from '../state/shared-state.ts';
import { FaultLog } from './fault-log.ts';
import { Leftovers } from './leftovers.ts';
import { Membership, type MembershipCounts, type MembershipOptions } from './membership.ts';
import { ProcessLoad, type LoadMeter } from './process-load.ts';
import { ownProcessKey } from './process-key.ts';
import { isolatedEntry } from './isolated/entry.ts';
import { SlotCode } from './slot-code.ts';
import { placementsOf } from './type-placements.ts';

export interface FleetHostOptions {
  readonly state: SharedState;
  /** Early word of changes; without it the host polls every beat. */
  readonly wake?: MembershipOptions['wake'];
  /**
   * The adapter behind `state`: two connections of its own, past a pooler, by which hosts notice each other's death at once.
   * Without it a death is found when the lease runs out.
   */
  readonly direct?: PostgresAdapter | undefined;
  /** How its agents reach the outside. Default: the public internet alone, and no commands. */
  readonly outbound?: Outbound | undefined;
  /** The kinds of agents this host can run. */
  readonly types: readonly AnyAgentDefinition[];
  /** Where the code of slots lies as files. Without it the host runs no slots. */
  readonly codeFolder?: string | undefined;
  /** Agents it runs at most. Default 1,000. */
  readonly capacity?: number;
  /** Default 2,000. */
  readonly beatMs?: number;
  /** Default 8,000; at least three beats. */
  readonly leaseMs?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly version: string;
  readonly log: Logger;
  /** How long agents may take to end when the host stops. Default 10,000 ms. */
  readonly drainMs?: number;
  readonly isolation?: MembershipOptions['isolation'];
  readonly clock?: Clock;
  /** In [0, 1). */
  readonly random?: () => number;
  /** Says how busy the host is: one that is overloaded takes less than its share. Default: it measures this process and its machine. */
  readonly meter?: () => LoadMeter;
}

export interface HostStatus extends MembershipCounts {
  readonly hostId: HostId;
  /** Whether it may believe in its lease now. */
  readonly trusted: boolean;
  readonly agents: number;
  /** Times it had to join again because its lease was taken. */
  readonly rejoined: number;
}

const REJOIN_FIRST_MS = 250;
const REJOIN_LONGEST_MS = 10_000;

/**
 * Runs agents on this process for the fleet: joins, takes its share of the agents, keeps them running and its lease renewed,
 * and stops them all before anybody else can have them. When its lease was taken it joins again as a new host.
 */
export class FleetHost implements Service {
  readonly #options: FleetHostOptions;
  readonly #clock: Clock;
  readonly #types: Map<string, AnyAgentDefinition>;
  readonly #slotCode: SlotCode | undefined;
  readonly #leftovers = new Leftovers();
  readonly #faults: FaultLog;
  readonly #stopping = new AbortController();
  #membership: Membership | undefined;
  #host: MembershipOptions['host'] | undefined;
  #rejoining: Promise<void> = Promise.resolve();
  #rejoined = 0;
  #stopped: Promise<void> | undefined;
  #dismiss: () => void = () => undefined;
  /** Resolves when an operator has told this host to stop and it has left the fleet. */
  readonly dismissed: Promise<void> = new Promise((resolve) => (this.#dismiss = resolve));

  constructor(options: FleetHostOptions) {
    const beatMs = options.beatMs ?? 2_000;
    const leaseMs = options.leaseMs ?? 8_000;
    if (leaseMs < 3 * beatMs) {
      throw new MusterError('CONFIG_INVALID', `a lease of ${leaseMs} ms with a beat of ${beatMs} ms leaves no room for a beat that fails`, {
        remedy: 'Make the lease at least three beats long.',
      });
    }
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#faults = new FaultLog(options.log);
    this.#types = byType(options.types);
    const { codeFolder, state } = options;
    if (codeFolder === undefined) return;
    const entry = options.isolation?.entry ?? isolatedEntry();
    this.#slotCode = new SlotCode({ implementations: state.implementations, folder: codeFolder, entry });
  }

  /** The UUID under which the host is known now; another one after its lease was taken. */
  get hostId(): HostId {
    if (this.#membership === undefined) throw new MusterError('INTERNAL', 'the host has not joined yet');
    return this.#membership.hostId;
  }

  get status(): HostStatus | undefined {
    const member = this.#membership;
    if (member === undefined) return undefined;
    return { ...member.counts, hostId: member.hostId, trusted: member.trusted, agents: member.agents, rejoined: this.#rejoined };
  }

  /** Joins, takes agents, and goes on by itself. Throws where the database cannot be reached: only later faults heal in silence. */
  async start(): Promise<void> {
    await this.join();
    await this.#membership?.begin();
  }

  /** Joins without going on by itself: the caller decides when to {@link tick}. */
  async join(): Promise<void> {
    const { capacity, labels, leaseMs, version } = this.#options;
    this.#host = {
      hostname: hostname(),
      pid: process.pid,
      processKey: (await ownProcessKey()) ?? null,
      version,
      labels: labels ?? {},
      capacity: capacity ?? 1_000,
      leaseMs: leaseMs ?? 8_000,
      types: placementsOf(this.#types.values()),
    };
    this.#membership = await this.#join(this.#host);
    await this.#membership.poll();
  }

  /** Everything the host does in a period, once and in order. */
  async tick(): Promise<void> {
    await this.#membership?.tick();
    await this.#rejoining;
  }

  /** Runs these types from now on, in place of those of the same name: agents whose code has changed are started anew. */
  adopt(types: readonly AnyAgentDefinition[]): void {
    const changed = types.filter((type) => this.#types.get(type.type) !== type);
    for (const [name, type] of byType(changed)) this.#types.set(name, type);
    if (changed.length === 0) return;
    this.#membership?.renew(new Set(changed.map(({ type }) => type)));
    if (this.#membership !== undefined)
      void this.#tell(this.#membership.hostId, changed).catch((error: unknown) => this.#faults.failed('telling of types', error));
  }

  /** Ends the agents in order, gives their leases back and leaves. Idempotent. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #stop(): Promise<void> {
    this.#stopping.abort();
    await this.#rejoining;
    if (this.#membership !== undefined) await this.#leave(this.#membership);
  }

  async #leave(member: Membership): Promise<void> {
    try {
      await member.leave(this.#options.drainMs ?? 10_000);
    } catch (error) {
      // The database is away: the lease runs out by itself, and the agents have ended.
      this.#faults.failed('leaving the fleet', error);
    }
  }

  async #join(host: MembershipOptions['host']): Promise<Membership> {
    const { beatMs, direct, isolation, log, meter, outbound, random, state, wake } = this.#options;
    const member: Membership = new Membership({
      state,
      wake,
      outbound: outbound ?? createOutbound(),
      direct,
      types: this.#types,
      slotCode: this.#slotCode,
      host,
      beatMs: beatMs ?? 2_000,
      clock: this.#clock,
      random: random ?? Math.random,
      meter: meter ?? (() => new ProcessLoad()),
      log,
      leftovers: this.#leftovers,
      isolation,
      taken: () => {
        if (this.#membership !== member) return;
        log.warn({ host_id: member.hostId }, 'the lease was taken: joining again as a new host');
        this.#rejoining = this.#rejoin(member, host, () => member.abandon());
      },
      dismissed: (desired) => {
        if (this.#membership !== member || this.#stopping.signal.aborted) return;
        if (desired === 'stop') void this.stop().finally(() => this.#dismiss());
        else this.#rejoining = this.#rejoin(member, host, () => this.#leave(member));
      },
    });
    await member.join();
    await this.#tell(member.hostId, [...this.#types.values()]);
    return member;
  }

  /** Whoever shows these agents need not run them. */
  #tell(host: HostId, types: readonly AnyAgentDefinition[]): Promise<void> {
    return this.#options.state.types.tell(host, types.map(cardOf));
  }

  /** Comes back as a new host, as soon as the former one has ended and the database lets it. */
  async #rejoin(former: Membership, host: MembershipOptions['host'], end: () => Promise<void>): Promise<void> {
    const wasRunning = former.running;
    await end();
    for (let pauseMs = REJOIN_FIRST_MS; !this.#stopping.signal.aborted; pauseMs = Math.min(pauseMs * 2, REJOIN_LONGEST_MS)) {
      try {
        const member = await this.#join(host);
        this.#membership = member;
        this.#rejoined += 1;
        if (wasRunning) await member.begin();
        else await member.poll();
        this.#faults.worked('joining');
        return;
      } catch (error) {
        this.#faults.failed('joining', error);
        await this.#clock.sleep(pauseMs, this.#stopping.signal).catch(() => undefined);
      }
    }
  }
}

function byType(types: readonly AnyAgentDefinition[]): Map<string, AnyAgentDefinition> {
  const map = new Map<string, AnyAgentDefinition>();
  for (const definition of types) {
    checkDefinition(definition);
    if (map.has(definition.type)) {
      throw new MusterError('AGENT_INVALID', `two definitions have the type "${definition.type}"`, {
        remedy: 'Give one of them another type.',
      });
    }
    map.set(definition.type, definition);
  }
  return map;
}
