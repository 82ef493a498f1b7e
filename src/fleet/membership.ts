import type { AnyAgentDefinition } from '../agent/definition.ts';
import type { Clock } from '../base/clock.ts';
import { newHostId, type HostId } from '../base/ids.ts';
import type { Logger } from '../base/logger.ts';
import type { Wake } from '../base/wake.ts';
import type { PostgresAdapter } from '../db/adapter.ts';
import type { Outbound } from '../outbound/index.ts';
import type { DesiredOfHost, HostLoad, NewHost } from '../state/hosts.ts';
import type { SharedState } from '../state/shared-state.ts';
import { surveyFleet, type Survey } from '../state/survey.ts';
import { CommandInbox } from './command-inbox.ts';
import { databaseNow, hear, type DatabaseTime } from './database-time.ts';
import { DeathWatch, type DeathWatchStatus } from './death-watch.ts';
import { EventFeed } from './event-feed.ts';
import { FaultLog } from './fault-log.ts';
import { HostLease, type BeatCounts } from './host-lease.ts';
import type { Leftovers } from './leftovers.ts';
import { judgeLoad, RESTED, weightOf, type LoadStanding } from './load-weight.ts';
import { Loop } from './loop.ts';
import { Maintenance } from './maintenance.ts';
import { nextExpiry } from './next-expiry.ts';
import { Outbox, type OutboxCounts } from './outbox.ts';
import { claimLimit } from './placement.ts';
import { isGone } from './process-key.ts';
import type { LoadMeter } from './process-load.ts';
import { Roster } from './roster.ts';
import { isolatedEntry } from './isolated/entry.ts';
import type { SlotCode } from './slot-code.ts';
import { TickClaims } from './tick-claims.ts';
import { lapseGraceOf } from './trust-window.ts';

/** Samples leave at this pace; the newest is this old at most when it is written. */
const SAMPLES_EVERY_MS = 2_000;
/** Those that leave at once come no closer together than this, however many agents have some. */
const SAMPLES_GAP_MS = 250;
/** Runs and log lines leave at this pace, and at once where a run failed. */
const LEDGER_EVERY_MS = 2_000;
/** Events leave at once, but not more often than this. */
const EVENTS_GAP_MS = 500;
const POLL_GAP_MS = 50;
const FEED_GAP_MS = 20;
/** Telling that a host leaves may take this long. */
const ANNOUNCE_MS = 500;
/** What is left to say when a host leaves has this long to be written. */
const LAST_FLUSH_MS = 1_000;
/** Looks at the fleet in one poll: agents that a dead host leaves are taken in the same poll. */
const MOST_LOOKS = 2;
/** An agent of a drained host has this long to end. */
const DRAIN_MS = 15_000;

export interface IsolationOptions {
  /** The file that plays the agent's side. */
  readonly entry?: URL;
  /** How long an isolated agent may ignore its abort before it is ended by force. Default 5,000 ms. */
  readonly graceMs?: number;
}

export interface MembershipOptions {
  readonly state: SharedState;
  readonly wake: Wake | undefined;
  readonly outbound: Outbound;
  /** The way to the server past a pooler: without it deaths are found by leases alone. */
  readonly direct: PostgresAdapter | undefined;
  readonly types: ReadonlyMap<string, AnyAgentDefinition>;
  /** Without it the host runs no slots. */
  readonly slotCode: SlotCode | undefined;
  readonly host: Omit<NewHost, 'hostId'>;
  readonly beatMs: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly meter: () => LoadMeter;
  readonly log: Logger;
  readonly leftovers: Leftovers;
  readonly isolation?: IsolationOptions | undefined;
  /** The lease was taken: this membership is over, its agents are told to end. */
  readonly taken: () => void;
  /** An operator wants the host to leave: for good, or to join again. */
  readonly dismissed: (desired: 'stop' | 'restart') => void;
}

export interface MembershipCounts {
  readonly beats: BeatCounts;
  readonly outbox: OutboxCounts;
  readonly faults: Readonly<Record<string, number>>;
  /** Undefined where the host has no way to watch others. */
  readonly deathWatch: DeathWatchStatus | undefined;
}

/** One life of a host in the fleet, under one UUID: from joining until it leaves or its lease is taken. */
export class Membership {
  readonly hostId: HostId = newHostId();
  readonly #options: MembershipOptions;
  readonly #log: Logger;
  readonly #faults: FaultLog;
  readonly #load: LoadMeter;
  readonly #outbox: Outbox;
  readonly #roster: Roster;
  readonly #inbox: CommandInbox;
  readonly #lease: HostLease;
  readonly #maintenance: Maintenance;
  readonly #deathWatch: DeathWatch | undefined;
  readonly #poll: Loop;
  readonly #samples: Loop;
  readonly #events: Loop;
  readonly #feed: EventFeed;
  readonly #reading: Loop;
  readonly #ledger: Loop;
  #time: DatabaseTime | undefined;
  #subscriptions: (() => void)[] = [];
  /** Aborts the wait for a lease of another host to run out. */
  #expiring = new AbortController();
  #heldDigest = '';
  #waited = 0;
  #claiming = true;
  #shedLevel = 0;
  #standing: LoadStanding = RESTED;
  /** Aborts when the host may keep its agents again. */
  #draining: AbortController | undefined;
  #givingAway: Promise<void> | undefined;
  #dismissed = false;
  #left: Promise<void> | undefined;
  /** Whether it beats and polls by itself. */
  running = false;

  constructor(options: MembershipOptions) {
    const { beatMs, clock, direct, host, leftovers, random, slotCode, state, types, wake } = options;
    this.#options = options;
    this.#load = options.meter();
    this.#log = options.log.child({ host_id: this.hostId });
    this.#faults = new FaultLog(this.#log);
    const { hostId } = this;
    const trusted = (): boolean => this.#lease.trusted;
    const common = { state, hostId, clock, random, faults: this.#faults, log: this.#log, trusted };
    const claims = new TickClaims({ ...common, ticks: state.ticks });
    // Agents run after the first beat was answered; until then there is only the host's own clock.
    const now = (): number => (this.#time === undefined ? clock.now() : databaseNow(this.#time, clock.monotonic()));
    this.#outbox = new Outbox({
      ...common,
      filled: () => this.#events.wake(),
      urgent: () => this.#ledger.wake(),
      soon: () => this.#samples.wake(),
    });
    this.#feed = new EventFeed({ ...common, events: state.events, cursors: state.eventCursors, wake: () => this.#reading.wake() });
    this.#roster = new Roster({
      ...common,
      types,
      slotCode,
      leftovers,
      wake,
      outbound: options.outbound,
      outbox: this.#outbox,
      changed: () => this.#lease.wake(),
      claims,
      feed: this.#feed,
      now,
      labels: host.labels,
      shedLevel: () => this.#shedLevel,
      isolation: {
        entry: options.isolation?.entry ?? isolatedEntry(),
        ...(options.isolation?.graceMs !== undefined && { graceMs: options.isolation.graceMs }),
        trustedUntil: () => this.#lease.trustedUntil,
        lapseGraceMs: lapseGraceOf(host.leaseMs),
      },
    });
    this.#inbox = new CommandInbox({ ...common, roster: this.#roster, more: () => this.#poll.wake() });
    this.#maintenance = new Maintenance(common);
    this.#lease = new HostLease({
      ...common,
      beatMs,
      leaseMs: host.leaseMs,
      load: () => (this.#claiming ? this.#measure() : { ...this.#measure(), leaving: true }),
      beats: () => this.#roster.beats(),
      heard: (answer) => (this.#time = hear(this.#time, answer)),
      lost: (agents) => this.#roster.lose(agents, 'another holder has the agent, or it was deleted'),
      lapsed: (why) => this.#lapsed(why),
      confirmed: () => this.#confirmed(),
      renewed: () => this.#roster.renewed(),
      taken: () => {
        this.#roster.loseAll('the lease of its host was taken');
        options.taken();
      },
    });
    this.#deathWatch =
      direct === undefined
        ? undefined
        : new DeathWatch({
            ...common,
            database: direct,
            leaseMs: host.leaseMs,
            suspected: (rightAfterMs) => (rightAfterMs === undefined ? this.#lease.wake() : this.#lease.doubt(rightAfterMs)),
            buried: () => this.#poll.wake(),
          });
    const loop = (everyMs: number, minGapMs: number, what: string, step: () => Promise<void>): Loop =>
      new Loop({
        everyMs,
        minGapMs,
        rest: 1,
        clock,
        step: async () => {
          await step();
          this.#faults.worked(what);
        },
        failed: (error) => this.#faults.failed(what, error),
      });
    this.#poll = loop(beatMs, POLL_GAP_MS, 'poll', () => this.poll());
    this.#samples = loop(SAMPLES_EVERY_MS, SAMPLES_GAP_MS, 'metrics', () => this.#outbox.flushSamples());
    this.#events = loop(beatMs * 5, EVENTS_GAP_MS, 'events', () => this.#outbox.flushEvents());
    this.#reading = loop(beatMs, FEED_GAP_MS, 'event stream', () => this.#feed.step());
    this.#ledger = loop(LEDGER_EVERY_MS, LEDGER_EVERY_MS / 2, 'runs and logs', () => this.#outbox.flushLedger());
  }

  get trusted(): boolean {
    return this.#lease.trusted;
  }

  get agents(): number {
    return this.#roster.size;
  }

  get counts(): MembershipCounts {
    return { beats: this.#lease.counts, outbox: this.#outbox.counts, faults: this.#faults.counts, deathWatch: this.#deathWatch?.status };
  }

  /** Joins the fleet and takes the first agents. Throws what the database throws. */
  async join(): Promise<void> {
    const { host, state } = this.#options;
    await state.hosts.join({ ...host, hostId: this.hostId });
    this.#outbox.hostEvent({
      type: 'host:joined',
      data: { hostname: host.hostname, pid: host.pid, capacity: host.capacity, version: host.version },
    });
    this.#load.start();
    await this.#lease.beat();
    this.#log.info({ capacity: host.capacity, pid: host.pid }, 'joined the fleet');
    await this.#tellOtherVersions();
  }

  /** Hosts of several versions run side by side, as during an upgrade; but somebody should know. */
  async #tellOtherVersions(): Promise<void> {
    const { version } = this.#options.host;
    const others = (await this.#options.state.hosts.list({ live: true })).filter((host) => host.version !== version);
    if (others.length === 0) return;
    const versions = [...new Set(others.map((host) => host.version))].toSorted();
    this.#log.warn(
      { version, other_versions: versions, hosts: others.length },
      `this host is of version ${version}, others are of ${versions.join(', ')}: they run side by side; bring all to one version when you can`,
    );
  }

  #measure(): HostLoad {
    const load = this.#load.read();
    this.#standing = judgeLoad(this.#standing, load, this.#options.clock.monotonic());
    const { lastMs } = this.#lease.counts;
    return { ...load, weight: weightOf(this.#standing), ...(lastMs === undefined ? {} : { beatSeconds: lastMs / 1_000 }) };
  }

  /** Begins to beat and poll by itself. */
  async begin(): Promise<void> {
    const { wake } = this.#options;
    this.running = true;
    const poll = (): void => this.#poll.wake();
    const read = (): void => this.#reading.wake();
    if (wake !== undefined) {
      const heard = [wake.on('agents', poll), wake.on('commands', poll), wake.on('hosts', poll), wake.on('events', read)];
      this.#subscriptions = heard;
    }
    await Promise.all([
      this.#lease.start(),
      this.#poll.start(),
      this.#samples.start(),
      this.#events.start(),
      this.#reading.start(),
      this.#ledger.start(),
      this.#maintenance.start(),
      this.#deathWatch?.start(),
    ]);
  }

  /** Everything a host does in a period, once and in order. */
  async tick(): Promise<void> {
    await this.#lease.beat();
    await this.poll();
    await this.#feed.step();
    await this.#inbox.settled();
    await this.#outbox.flushEvents();
    await this.#outbox.flushSamples();
    await this.#outbox.flushLedger();
  }

  /** Looks at the fleet and does what there is to do: nothing, nearly always, and then this is one statement. */
  async poll(): Promise<void> {
    if (!this.trusted) return;
    const { state } = this.#options;
    if (this.#roster.unreleased > 0) await this.#roster.flushReleases();
    let survey = await this.#survey();
    for (let looks = 1; looks < MOST_LOOKS && (await this.#buryTheDead(survey)); looks += 1) survey = await this.#survey();
    this.#deathWatch?.follow(survey.hosts);
    this.#awaitExpiry(survey.hosts);
    if (survey.heldDigest !== this.#heldDigest) {
      this.#roster.reconcile(await state.hosts.held(this.hostId));
      this.#heldDigest = survey.heldDigest;
    }
    this.#shedLevel = survey.shedLevel;
    this.#obey(survey.hosts.find((host) => host.hostId === this.hostId)?.desired ?? 'run');
    await this.#claim(survey);
    if (survey.commands) await this.#inbox.poll();
  }

  /** The code of these types has changed, or is there for the first time. */
  renew(types: ReadonlySet<string>): void {
    this.#roster.renew(types);
    if (this.running) this.#poll.wake();
  }

  /** A slot is active only with an implementation, and any host can run any of those. */
  get #typeNames(): readonly string[] {
    const { slotCode, types } = this.#options;
    return slotCode === undefined ? [...types.keys()] : [...types.keys(), 'slot'];
  }

  /** Does what an operator wants of this host. Nothing here is awaited: agents take their time, and the host goes on meanwhile. */
  #obey(desired: DesiredOfHost): void {
    if (desired === 'stop' || desired === 'restart') {
      if (this.#dismissed) return;
      this.#dismissed = true;
      this.#claiming = false;
      this.#log.info(`told to ${desired}: the agents are given away`);
      this.#options.dismissed(desired);
    } else if (desired === 'run' && this.#draining !== undefined) {
      this.#log.info('told to resume: takes agents again');
      this.#draining.abort();
      this.#draining = undefined;
    } else if (desired === 'drain') this.#giveAway();
  }

  /** As long as there is something to give away, one round after the other: an answer to a claim may come in late. */
  #giveAway(): void {
    if (this.#draining === undefined) this.#log.info({ agents: this.#roster.size }, 'told to drain: the agents are given away');
    this.#draining ??= new AbortController();
    if (this.#roster.size === 0 || this.#givingAway !== undefined) return;
    this.#givingAway = this.#roster
      .drain(DRAIN_MS, 'its host is drained', 'agent:moved', this.#draining.signal)
      .catch((error: unknown) => this.#faults.failed('drain', error))
      .finally(() => (this.#givingAway = undefined));
  }

  #survey(): Promise<Survey> {
    return surveyFleet(this.#options.state.database, this.hostId, this.#typeNames);
  }

  /**
   * Declares hosts lost whose process on this machine is gone, or whose lease has run out, and frees agents that were left
   * behind when their hosts ended. Returns whether there was anything to do.
   */
  async #buryTheDead(survey: Survey): Promise<boolean> {
    const { hosts } = this.#options.state;
    const others = survey.hosts.filter((host) => host.hostId !== this.hostId);
    const gone: HostId[] = [];
    for (const host of others) if (host.processKey !== null && (await isGone(host.processKey))) gone.push(host.hostId);
    const taken = gone.length > 0 ? await hosts.certifyDead(gone) : [];
    const expired = others.some((host) => host.overdue) ? await hosts.expire() : [];
    const dead = [...taken, ...expired];
    const freed = survey.adrift ? await hosts.freeAdrift() : 0;
    if (dead.length > 0)
      this.#log.warn(
        { hosts: dead },
        `${dead.length === 1 ? 'a host is' : `${dead.length} hosts are`} lost; the agents are free to be taken`,
      );
    return dead.length > 0 || freed > 0;
  }

  /** A host that misses beats: the moment when its lease runs out is looked at, not the next poll after it. */
  #awaitExpiry(hosts: Survey['hosts']): void {
    this.#expiring.abort();
    const { beatMs, clock, random } = this.#options;
    const waitMs = nextExpiry(hosts, this.hostId, beatMs, random());
    if (waitMs === undefined || !this.running) return;
    this.#expiring = new AbortController();
    clock.sleep(waitMs, this.#expiring.signal).then(
      () => this.#poll.wake(),
      // Looked at sooner, or the host leaves.
      () => undefined,
    );
  }

  async #claim(survey: Survey): Promise<void> {
    if (!this.#claiming || this.#draining !== undefined || survey.claimable === 0) {
      this.#waited = 0;
      return;
    }
    const { host, state } = this.#options;
    const limit = claimLimit({
      active: survey.active,
      claimable: survey.claimable,
      hosts: survey.hosts,
      host: this.hostId,
      capacity: host.capacity,
      occupied: this.#roster.occupied,
      waited: this.#waited,
    });
    const hasOthers = survey.hosts.some(({ hostId, overdue, weight }) => hostId !== this.hostId && !overdue && weight > 0);
    const claimed = limit === 0 ? [] : await state.hosts.claim(this.hostId, this.#typeNames, limit, this.#roster.movedAway(hasOthers));
    this.#waited = claimed.length < survey.claimable ? this.#waited + 1 : 0;
    this.#roster.add(claimed.map(({ agent }) => agent));
  }

  #lapsed(why: 'unconfirmed' | 'doubted'): void {
    const agents = this.#roster.size;
    this.#log.warn({ agents }, 'the lease could not be confirmed in time: all agents are stopped until it is');
    const lapseGraceMs = why === 'doubted' ? 0 : lapseGraceOf(this.#options.host.leaseMs);
    this.#roster.suspend('its host could not confirm its lease in time', lapseGraceMs);
    this.#outbox.hostEvent({ type: 'host:isolated', data: { agents } });
  }

  #confirmed(): void {
    if (this.#roster.size > 0) {
      this.#log.info({ agents: this.#roster.size }, 'the lease is confirmed again: the agents are started');
      this.#outbox.hostEvent({ type: 'host:confirmed', data: { agents: this.#roster.size } });
    }
    this.#roster.resume();
  }

  /** Ends all loops; agents are left as they are. */
  async #end(): Promise<void> {
    for (const unsubscribe of this.#subscriptions.splice(0)) unsubscribe();
    this.#expiring.abort();
    await Promise.all([
      this.#poll.stop(),
      this.#samples.stop(),
      this.#events.stop(),
      this.#reading.stop(),
      this.#ledger.stop(),
      this.#maintenance.stop(),
    ]);
    this.#inbox.stop();
    await this.#lease.stop();
    this.#load.stop();
  }

  /** Leaves in good order: ends the agents within the deadline, beats until then, gives everything back. Idempotent. */
  leave(deadlineMs: number): Promise<void> {
    this.#left ??= this.#leave(deadlineMs);
    return this.#left;
  }

  async #leave(deadlineMs: number): Promise<void> {
    const { state } = this.#options;
    const agents = this.#roster.size;
    this.#claiming = false;
    await this.#announceLeaving();
    if (this.#roster.size > 0) await this.#roster.drain(deadlineMs, 'its host stops');
    this.#outbox.hostEvent({ type: 'host:stopped', data: { agents } });
    await this.#outbox.flushWithin(LAST_FLUSH_MS);
    await this.#end();
    this.#roster.loseAll('its host stops');
    // Left before the lock is let go of, which would look like a death.
    await state.hosts.leave(this.hostId).finally(() => this.#deathWatch?.stop());
    this.#log.info({ agents }, 'left the fleet');
  }

  /** Others count on this host for its share until they hear that it leaves: before it gives back anything, and not waited for long. */
  async #announceLeaving(): Promise<void> {
    const told = new AbortController();
    void this.#lease
      .beat()
      .catch((error: unknown) => this.#faults.failed('beat', error))
      .finally(() => told.abort());
    await this.#options.clock.sleep(ANNOUNCE_MS, told.signal).catch(() => undefined);
  }

  /** After the lease was taken: ends without a word to the database. */
  async abandon(): Promise<void> {
    await this.#end();
    await this.#deathWatch?.stop();
    await this.#outbox.flushWithin(LAST_FLUSH_MS);
  }
}
