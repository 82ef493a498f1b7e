import { MAX_ERROR_LENGTH } from '../agent/run-ledger.ts';
import { storable } from '../agent/storable.ts';
import { priorityOf } from '../agent/define-agent.ts';
import type { AnyAgentDefinition } from '../agent/definition.ts';
import type { RunOutcome } from '../agent/runner.ts';
import { toSample } from '../agent/sample.ts';
import type { Clock } from '../base/clock.ts';
import type { MusterError } from '../base/errors.ts';
import type { AgentId, Epoch, HostId } from '../base/ids.ts';
import type { Logger } from '../base/logger.ts';
import type { Wake } from '../base/wake.ts';
import type { Outbound } from '../outbound/index.ts';
import type { AgentRecord } from '../state/agents.ts';
import type { Fence } from '../state/fence.ts';
import type { AgentBeat } from '../state/hosts.ts';
import type { SharedState } from '../state/shared-state.ts';
import { contextsOf } from './agent-context.ts';
import type { FaultLog } from './fault-log.ts';
import type { EventFeed } from './event-feed.ts';
import type { AgentEvent } from './fleet-event.ts';
import type { IsolationTerms } from './isolated/isolated-runner.ts';
import type { Leftovers } from './leftovers.ts';
import { misplaced } from './movers.ts';
import type { Outbox } from './outbox.ts';
import { Refusals } from './refusals.ts';
import { AgentTicks } from './agent-ticks.ts';
import { paceOf } from './shedding.ts';
import type { SlotCode } from './slot-code.ts';
import { Supervisor } from './supervisor.ts';
import { Arrivals, idleBeat } from './arrivals.ts';
import { placementsOf } from './type-placements.ts';
import type { TickClaims } from './tick-claims.ts';

/** An agent has this long to end before its lease is given back without waiting for it any longer. */
const LET_GO_MS = 15_000;
/** What was moved is left to other hosts for so long, which may have to look a few times before they take more than their share. */
const OTHERS_FIRST_MS = 15_000;
/** A thread or process that has to be ended by force is gone within this. */
const FORCE_MS = 250;
/** What ended agents said last has this long to be written before their leases are given back. */
const FLUSH_MS = 500;
/** That an agent has left can be told only while it is ours: so long of the time it has for that, where the database is slow. */
const TOLD_MS = 5_000;

export interface RosterOptions {
  readonly state: SharedState;
  readonly hostId: HostId;
  readonly types: ReadonlyMap<string, AnyAgentDefinition>;
  /** Of agents that are slots. */
  readonly slotCode: SlotCode | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly faults: FaultLog;
  readonly outbox: Outbox;
  readonly leftovers: Leftovers;
  readonly trusted: () => boolean;
  readonly wake: Wake | undefined;
  readonly outbound: Outbound;
  readonly labels: Readonly<Record<string, string>>;
  /** How far runs are stretched to spare the database, 0 to 3. */
  readonly shedLevel: () => number;
  /** Something changed that the next beat should tell soon. */
  readonly changed: () => void;
  readonly claims: TickClaims;
  readonly feed: EventFeed;
  /** The database's time, milliseconds since 1970. */
  readonly now: () => number;
  readonly isolation: IsolationTerms;
}

interface Entry {
  readonly supervisor: Supervisor;
  readonly fence: Fence;
  leaving: boolean;
}

/** The agents one host holds, each under its supervisor. */
export class Roster {
  readonly #options: RosterOptions;
  readonly #entries = new Map<AgentId, Entry>();
  /** The epochs at which agents were given back: a row read before that still shows them as ours. */
  readonly #released = new Map<AgentId, Epoch>();
  readonly #leaving = new Set<Promise<void>>();
  /** Until when agents that were moved are left to other hosts, by the monotonic clock. */
  readonly #movedAway = new Map<AgentId, number>();
  /** Slots that are ours and whose code is on its way. */
  readonly #arrivals: Arrivals;
  #unreleased: AgentBeat[] = [];
  #releasing: Promise<void> | undefined;

  constructor(options: RosterOptions) {
    this.#options = options;
    this.#arrivals = new Arrivals({
      ...options,
      arrived: (record) => this.#adopt(record),
      failed: (record, error) => void this.#refuse(record, error),
    });
  }

  get size(): number {
    return this.#entries.size + this.#arrivals.size;
  }

  /** Slots taken: by agents held, and by code of former ones that has not ended. */
  get occupied(): number {
    return this.size + this.#options.leftovers.size;
  }

  get(agent: AgentId): Supervisor | undefined {
    return this.#entries.get(agent)?.supervisor;
  }

  beats(): readonly AgentBeat[] {
    return [...[...this.#entries.values()].map((entry) => entry.supervisor.beat()), ...this.#arrivals.beats()];
  }

  /** Takes up agents under their epochs. */
  add(agents: readonly AgentRecord[]): void {
    for (const record of agents) {
      const former = this.#entries.get(record.agentId);
      // Deleted and made anew between two beats: the former one must end before this one starts.
      if (former !== undefined) this.#forget(former, 'the agent was deleted and made anew');
      this.#emit(this.#fence(record), { type: 'agent:claimed', data: { agent_type: record.type } });
      this.#adopt(record);
    }
    if (agents.length > 0) this.#options.changed();
  }

  /** Makes what runs here agree with the rows of the agents this host holds. */
  reconcile(held: readonly AgentRecord[]): void {
    this.#arrivals.reconcile(held);
    for (const record of held) {
      const entry = this.#entries.get(record.agentId);
      if (entry === undefined) {
        // Claimed, but the answer never arrived. Unless it was given back after the row was read.
        if (record.epoch > (this.#released.get(record.agentId) ?? 0) && !this.#arrivals.has(record.agentId)) this.#adopt(record);
        const adopted = this.#entries.get(record.agentId);
        // Nobody wants it any more: its row will not change again to say so.
        if (adopted !== undefined && record.state === 'inactive') void this.#leave(adopted, 'inactive', 'agent:stopped');
      } else if (!entry.leaving) this.#follow(entry, record);
    }
    this.#giveAwayMisplaced(held);
  }

  /** What may not run here any more, because its placement has changed, goes to where it may. */
  #giveAwayMisplaced(held: readonly AgentRecord[]): void {
    const { hostId, labels, types } = this.#options;
    const staying = held.filter((record) => record.state !== 'inactive' && this.#entries.get(record.agentId)?.leaving === false);
    for (const [agent, reason] of misplaced(staying, { hostId, labels, types: placementsOf(types.values()) }))
      void this.move(agent as AgentId, reason);
  }

  #follow(entry: Entry, record: AgentRecord): void {
    const { supervisor } = entry;
    if (record.epoch !== supervisor.epoch) {
      this.#forget(entry, 'another holder had it meanwhile');
      this.#adopt(record);
    } else if (record.state === 'inactive') void this.#leave(entry, 'inactive', 'agent:stopped');
    else if (record.type !== supervisor.record.type) void this.#leave(entry, `its type changed to ${record.type}`, 'agent:stopped');
    else if (record.implementation?.hash !== supervisor.record.implementation?.hash)
      void this.#leave(entry, `its code changed to ${nameOf(record)}`, 'agent:stopped');
    else if (record.type === 'slot' && isolationIn(record) !== isolationIn(supervisor.record))
      // Whether its code is loaded into the host is decided when it arrives.
      void this.#leave(entry, 'its isolation changed', 'agent:stopped');
    else {
      // Not awaited: an agent may take its time over it, and the others must not wait.
      void supervisor.take(record);
      if (record.state === 'paused') this.#pause(entry);
      else if (this.#options.trusted()) supervisor.start();
    }
  }

  /** Gives back the agents of these types, whose code has changed: whoever takes them, this host as a rule, starts them with the new. */
  renew(types: ReadonlySet<string>): void {
    for (const entry of this.#entries.values())
      if (types.has(entry.supervisor.record.type) && !entry.leaving) void this.#leave(entry, 'its code has changed', 'agent:stopped');
  }

  /** A paused agent stays where it is, at rest. */
  #pause(entry: Entry): void {
    if (!entry.supervisor.busy || entry.supervisor.status === 'stopping') return;
    void entry.supervisor.stop('paused', LET_GO_MS).then(() => {
      this.#emit(entry.fence, { type: 'agent:stopped', data: { reason: 'paused' } });
      this.#options.changed();
    });
  }

  #adopt(record: AgentRecord): void {
    const { changed, claims, clock, feed, leftovers, log, now, outbound, outbox, random, slotCode, state, trusted, types, wake } =
      this.#options;
    const fence = this.#fence(record);
    const hash = record.type === 'slot' ? record.implementation?.hash : undefined;
    const definition = hash === undefined ? types.get(record.type) : slotCode?.get(hash, record.metadata);
    if (definition === undefined && hash !== undefined && slotCode !== undefined) {
      this.#arrivals.expect(record);
      return;
    }
    if (definition === undefined) {
      this.#giveBack({
        ...idleBeat(record),
        reason: record.state === 'inactive' ? 'inactive' : `this host does not know the type ${record.type}`,
      });
      return;
    }
    const agentLog = log.child({ agent_id: record.agentId, agent_type: record.type, epoch: record.epoch });
    const refusals = new Refusals({ clock, log: agentLog, emit: (event) => this.#emit(fence, event) });
    const contexts = contextsOf({ state, fence, agentType: record.type, outbox, refusals, clock, log: agentLog, trusted, wake, outbound });
    const lane = outbox.lane(fence);
    const isHeld = (): boolean => this.#entries.get(record.agentId)?.supervisor.epoch === record.epoch;
    const ticks = new AgentTicks({ fence, claims, progress: record.ticks, ended: changed });
    const supervisor = new Supervisor({
      definition,
      record,
      epoch: record.epoch,
      clock,
      random,
      log: agentLog,
      contexts,
      ticks,
      events: feed.source(fence, isHeld, () => ticks.progress.activeSince),
      now,
      emit: (event) => {
        this.#emit(fence, event);
        if (event.type === 'agent:started' || event.type === 'agent:crash_looping') this.#options.changed();
      },
      began: (run) => outbox.runBegan(fence, run),
      ran: (outcome, run) => {
        outbox.sample(lane, runSample(outcome, clock.now()));
        outbox.runEnded(run, outcome);
      },
      pace: () => paceOf(priorityOf(definition), this.#options.shedLevel()),
      refused: () => refusals.current,
      after: leftovers.endOf(record.agentId),
      isolation: this.#options.isolation,
    });
    this.#released.delete(record.agentId);
    this.#entries.set(record.agentId, { supervisor, fence, leaving: false });
    if (record.state === 'active' && trusted()) supervisor.start();
    else void supervisor.stop(record.state === 'active' ? 'its host waits for its lease to be confirmed' : record.state);
  }

  /** Trust is back: what should run, runs. */
  resume(): void {
    for (const { supervisor, leaving } of this.#entries.values()) if (!leaving && supervisor.record.state === 'active') supervisor.start();
  }

  /** Trust has ended: nothing may run. What runs apart is ended by force after so long. */
  suspend(reason: string, forceAfterMs: number): void {
    for (const { supervisor } of this.#entries.values()) void supervisor.stop(reason, forceAfterMs);
  }

  /** Trust was extended. */
  renewed(): void {
    for (const { supervisor } of this.#entries.values()) supervisor.renewed();
  }

  /** Agents that are somebody else's now, or gone: ended without being given back. */
  lose(agents: readonly { readonly agentId: AgentId; readonly epoch: Epoch }[], reason: string): void {
    for (const { agentId, epoch } of agents) {
      this.#arrivals.forget(agentId, epoch);
      const entry = this.#entries.get(agentId);
      if (entry !== undefined && entry.supervisor.epoch === epoch && !entry.leaving) this.#forget(entry, reason);
    }
  }

  /** The host's lease was taken: nothing here is ours any more. */
  loseAll(reason: string): void {
    this.#arrivals.clear();
    for (const entry of this.#entries.values()) this.#forget(entry, reason);
  }

  /** The code of a slot cannot run: the slot is free again and says why, and its lease is given back. */
  async #refuse(record: AgentRecord, error: MusterError): Promise<void> {
    const { faults, log, state } = this.#options;
    // Read rows of before still show it as ours.
    this.#released.set(record.agentId, record.epoch);
    const reason = storable(`${nameOf(record)}: ${error.message}. ${error.remedy}`, MAX_ERROR_LENGTH);
    log.warn({ agent_id: record.agentId, err: error }, `the code of slot ${record.agentId} cannot run: ${error.message}`);
    try {
      await state.slots.refuse(this.#fence(record), record.implementation?.hash ?? '', reason);
    } catch (fault) {
      // Whoever holds it next finds the same.
      faults.failed('slot', fault);
    }
    this.#giveBack({ ...idleBeat(record), reason });
    await this.flushReleases().catch((fault: unknown) => faults.failed('release', fault));
  }

  #forget(entry: Entry, reason: string): void {
    void entry.supervisor.stop(reason, this.#options.isolation.lapseGraceMs);
    this.#options.leftovers.add(entry.supervisor);
    this.#entries.delete(entry.supervisor.agentId);
  }

  /** Gives one agent to whoever has room, to another host first. */
  async move(agent: AgentId, reason: string): Promise<void> {
    const entry = this.#entries.get(agent);
    if (entry === undefined || entry.leaving) return;
    this.#movedAway.set(agent, Infinity);
    await this.#leave(entry, reason, 'agent:moved');
    this.#movedAway.set(agent, this.#options.clock.monotonic() + OTHERS_FIRST_MS);
  }

  /** Agents that this host does not take back for now; none where there is nobody else to take them. */
  movedAway(hasOthers: boolean): readonly AgentId[] {
    const now = this.#options.clock.monotonic();
    for (const [agent, until] of this.#movedAway) if (until <= now) this.#movedAway.delete(agent);
    return hasOthers ? [...this.#movedAway.keys()] : [];
  }

  /** Ends an agent and gives its lease back; resolves when that is done. */
  #leave(entry: Entry, reason: string, event: 'agent:stopped' | 'agent:moved', deadlineMs = LET_GO_MS): Promise<void> {
    entry.leaving = true;
    const left = this.#letGo(entry, reason, event, deadlineMs)
      // It stays among what is to be given back, and the next poll tries again.
      .catch((error: unknown) => this.#options.faults.failed('release', error))
      .finally(() => this.#leaving.delete(left));
    this.#leaving.add(left);
    return left;
  }

  async #letGo(entry: Entry, reason: string, event: 'agent:stopped' | 'agent:moved', deadlineMs: number): Promise<void> {
    const { clock, outbox } = this.#options;
    const { supervisor } = entry;
    const until = clock.monotonic() + deadlineMs;
    const ended = new AbortController();
    // What can be ended by force has ended by the deadline.
    void supervisor.stop(reason, Math.max(0, deadlineMs - FORCE_MS)).finally(() => ended.abort());
    // Ends early when the agent does.
    await clock.sleep(deadlineMs, ended.signal).catch(() => undefined);
    this.#emit(entry.fence, { type: event, data: { reason } });
    await outbox.flushEventsWithin(Math.min(TOLD_MS, Math.max(0, until - clock.monotonic())));
    const note = supervisor.busy ? `${reason}; its code ignores its abort signal and still runs in the process of its last host` : reason;
    const beat = supervisor.beat();
    if (this.#entries.get(supervisor.agentId) === entry) {
      this.#entries.delete(supervisor.agentId);
      this.#giveBack({ ...beat, status: 'stopped', healthScore: null, reason: note });
    }
    this.#options.leftovers.add(supervisor);
    await this.flushReleases();
  }

  #giveBack(beat: AgentBeat): void {
    this.#released.set(beat.agentId, beat.epoch);
    this.#unreleased.push(beat);
  }

  /** Agents that ended and could not be given back yet. */
  get unreleased(): number {
    return this.#unreleased.length;
  }

  /** Gives back what waits to be: all that ended in the same moment in one statement. */
  flushReleases(): Promise<void> {
    this.#releasing ??= this.#release().finally(() => (this.#releasing = undefined));
    return this.#releasing;
  }

  async #release(): Promise<void> {
    const { clock, feed, outbox, state, hostId } = this.#options;
    await clock.sleep(5);
    while (this.#unreleased.length > 0) {
      // While the agents are ours what they said last can still be written in their names; but that must not hold them up.
      await Promise.all([outbox.flushWithin(FLUSH_MS), feed.flushWithin(FLUSH_MS)]);
      const batch = this.#unreleased;
      this.#unreleased = [];
      let left = batch;
      try {
        const locked = new Set(await state.hosts.release(hostId, batch));
        left = batch.filter((beat) => locked.has(beat.agentId));
      } finally {
        this.#unreleased.unshift(...left);
      }
      // Somebody else has their rows locked: the next poll tries again.
      if (left.length === this.#unreleased.length) return;
    }
  }

  /**
   * Ends all agents, those of the lowest priority first, and gives each group back as soon as it has ended. Each group may use
   * an even part of the time that is left. What has not begun when the signal aborts stays.
   */
  async drain(
    deadlineMs: number,
    reason: string,
    event: 'agent:stopped' | 'agent:moved' = 'agent:stopped',
    signal?: AbortSignal,
  ): Promise<void> {
    const { clock } = this.#options;
    const until = clock.monotonic() + deadlineMs;
    for (const record of this.#arrivals.clear()) this.#giveBack({ ...idleBeat(record), reason });
    const priorities = [...new Set([...this.#entries.values()].map(priorityOfEntry))].toSorted((a, b) => a - b);
    for (const [n, priority] of priorities.entries()) {
      if (signal?.aborted === true) return;
      const partMs = Math.max(0, until - clock.monotonic()) / (priorities.length - n);
      const group = [...this.#entries.values()].filter((entry) => priorityOfEntry(entry) === priority && !entry.leaving);
      await Promise.all(group.map((entry) => this.#leave(entry, reason, event, partMs)));
    }
    if (this.#unreleased.length > 0)
      this.#leaving.add(this.flushReleases().catch((error: unknown) => this.#options.faults.failed('release', error)));
    const over = new AbortController();
    void Promise.all(this.#leaving).finally(() => over.abort());
    await clock.sleep(Math.max(0, until - clock.monotonic()), over.signal).catch(() => undefined);
  }

  #fence(record: AgentRecord): Fence {
    return { hostId: this.#options.hostId, agentId: record.agentId, epoch: record.epoch };
  }

  #emit(fence: Fence, event: AgentEvent): void {
    this.#options.outbox.agentEvent(fence, event.type, event.data);
  }
}

const nameOf = ({ implementation }: AgentRecord): string =>
  implementation === null || implementation === undefined ? 'nothing' : `${implementation.name}@${implementation.hash.slice(0, 12)}`;

const priorityOfEntry = (entry: Entry): number => priorityOf(entry.supervisor.definition);

/** How long runs take and whether they succeed, of every agent and without its doing. */
function runSample(outcome: RunOutcome, now: number) {
  return toSample('agent_run_seconds', outcome.durationMs / 1_000, { unit: 'seconds', labels: { outcome: outcome.kind } }, now);
}

const isolationIn = ({ metadata }: AgentRecord): string => JSON.stringify(metadata['isolation'] ?? null);
