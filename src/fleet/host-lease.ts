import type { Clock } from '../base/clock.ts';
import type { AgentId, Epoch, HostId } from '../base/ids.ts';
import type { AgentBeat, HostLoad } from '../state/hosts.ts';
import type { SharedState } from '../state/shared-state.ts';
import { BeatReports } from './beat-reports.ts';
import type { TimedAnswer } from './database-time.ts';
import type { FaultLog } from './fault-log.ts';
import { afterAnswer, afterDoubt, afterStop, afterTime, mayAct, NO_LEASE, type LeaseBelief } from './lease-belief.ts';
import { Loop } from './loop.ts';
import { isTrusted } from './trust-window.ts';

/** Two beats may be under way at once: one that hangs in a dead connection must not cost the lease. */
const MOST_IN_FLIGHT = 2;
/** Beats asked for out of turn come no closer than this. */
const SHORTEST_GAP_MS = 100;
/** Agents that were taken together start within this time of each other, and are told of in one beat. */
const GATHER_MS = 50;

export interface HostLeaseOptions {
  readonly state: SharedState;
  readonly hostId: HostId;
  readonly beatMs: number;
  readonly leaseMs: number;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly faults: FaultLog;
  readonly load: () => HostLoad;
  readonly beats: () => readonly AgentBeat[];
  /** A beat was answered: what the database's clock said, between two moments of the host's own. */
  readonly heard?: (answer: TimedAnswer) => void;
  /** Agents of a beat that were no longer this host's at that epoch. */
  readonly lost: (agents: readonly { readonly agentId: AgentId; readonly epoch: Epoch }[]) => void;
  /** Trust ended without a confirmed beat: nothing may run or be written. Doubted: others may take the agents at once, not only when the lease runs out. */
  readonly lapsed: (why: 'unconfirmed' | 'doubted') => void;
  /** Trust is back. */
  readonly confirmed: () => void;
  /** Trust reaches further than before. */
  readonly renewed?: () => void;
  /** Somebody took the lease: this host is no more. */
  readonly taken: () => void;
}

export interface BeatCounts {
  readonly confirmed: number;
  readonly failed: number;
  /** Times when more than one and a half periods passed between confirmed beats. */
  readonly missed: number;
  /** Longest time between two confirmed beats, milliseconds. */
  readonly longestGapMs: number;
  /** How long the last beat took, from sending it to its answer, milliseconds. */
  readonly lastMs: number | undefined;
}

/** A host's lease: renews it with every beat, and knows by its own clock until when to believe in it. */
export class HostLease {
  readonly #options: HostLeaseOptions;
  readonly #loop: Loop;
  readonly #reports: BeatReports;
  #belief: LeaseBelief = NO_LEASE;
  #inFlight = new Set<Promise<void>>();
  #expiry = new AbortController();
  #confirmedAt: number | undefined;
  #counts: { -readonly [Count in keyof BeatCounts]: BeatCounts[Count] } = {
    confirmed: 0,
    failed: 0,
    missed: 0,
    longestGapMs: 0,
    lastMs: undefined,
  };

  constructor(options: HostLeaseOptions) {
    this.#options = options;
    this.#reports = new BeatReports(options);
    this.#loop = new Loop({
      everyMs: options.beatMs,
      minGapMs: SHORTEST_GAP_MS,
      gatherMs: GATHER_MS,
      clock: options.clock,
      step: () => this.#step(),
      failed: (error) => options.faults.failed('beat', error),
    });
  }

  /** Whether the host may still run agents and write in their names. */
  get trusted(): boolean {
    return mayAct(this.#belief, this.#options.clock.monotonic());
  }

  /** Until when, monotonic milliseconds, unless the lease is lost before. */
  get trustedUntil(): number {
    return this.#belief.trust.until;
  }

  get counts(): BeatCounts {
    return this.#counts;
  }

  start(): Promise<void> {
    return this.#loop.start();
  }

  /** A beat sooner than the period: something changed that people wait to see. */
  wake(): void {
    this.#loop.wake();
  }

  /**
   * Others may take this host for dead in `ms`, before its lease runs out: until a beat sent from now on is confirmed, it
   * believes in its lease no longer than that.
   */
  doubt(ms: number): void {
    this.#belief = afterDoubt(this.#belief, ms, this.#options.clock.monotonic());
    if (this.#belief.phase === 'held') this.#watchExpiry();
    // At once, whatever the loop waits for.
    void this.#step();
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
    this.#belief = afterStop(this.#belief);
    this.#expiry.abort();
    await Promise.allSettled(this.#inFlight);
  }

  /**
   * One beat; resolves when it was answered. Where the agents held are not those the host knows, a second one follows at once
   * and has all of them compared. Throws what the database throws.
   */
  async beat(): Promise<void> {
    if (!(await this.#send())) await this.#send();
  }

  /** Returns false where the agents held must be compared. */
  async #send(): Promise<boolean> {
    const { clock, state, hostId, leaseMs } = this.#options;
    const sentAt = clock.monotonic();
    const reports = this.#reports.next(this.#options.beats(), sentAt);
    const { beats } = reports;
    const result = await state.hosts.beat(hostId, leaseMs, this.#options.load(), beats);
    const before = this.#belief.phase;
    if (before === 'taken' || before === 'over') return true;
    const answeredAt = clock.monotonic();
    this.#belief = afterAnswer(this.#belief, { held: result.held, sentAt, leaseMs }, answeredAt);
    if (!result.held) {
      this.#expiry.abort();
      this.#options.taken();
      return true;
    }
    this.#counts.lastMs = answeredAt - sentAt;
    this.#count(answeredAt);
    this.#options.heard?.({ sentAt, answeredAt, at: result.at });
    const agreed = this.#reports.confirmed(reports, result, sentAt);
    if (result.lost.length > 0) {
      const lost = new Set(result.lost);
      this.#options.lost(beats.filter((beat) => lost.has(beat.agentId)));
    }
    if (!isTrusted(this.#belief.trust, answeredAt)) return agreed;
    this.#watchExpiry();
    this.#options.renewed?.();
    if (before !== 'held') this.#options.confirmed();
    return agreed;
  }

  /** Sends a beat and waits a period for it at most: the next one may go out while this one hangs. */
  async #step(): Promise<void> {
    if (this.#inFlight.size >= MOST_IN_FLIGHT) return;
    const { clock, beatMs, faults } = this.#options;
    const sent = this.beat().then(
      () => faults.worked('beat'),
      (error: unknown) => {
        this.#counts.failed += 1;
        faults.failed('beat', error);
      },
    );
    this.#inFlight.add(sent);
    const answered = new AbortController();
    void sent.finally(() => {
      this.#inFlight.delete(sent);
      answered.abort();
    });
    // Ends early when the answer comes.
    await clock.sleep(beatMs, answered.signal).catch(() => undefined);
  }

  #watchExpiry(): void {
    this.#expiry.abort();
    this.#expiry = new AbortController();
    const { clock } = this.#options;
    clock.sleep(this.#belief.trust.until - clock.monotonic(), this.#expiry.signal).then(
      () => {
        if (this.#belief.phase !== 'held') return;
        this.#belief = afterTime(this.#belief, clock.monotonic());
        // Whatever the clock's timers are worth: trust that has not ended yet is watched until it has.
        if (this.#belief.phase === 'held') return this.#watchExpiry();
        this.#options.lapsed(this.#belief.doubted ? 'doubted' : 'unconfirmed');
      },
      // Confirmed anew, or over.
      () => undefined,
    );
  }

  #count(now: number): void {
    this.#counts.confirmed += 1;
    if (this.#confirmedAt !== undefined) {
      const gap = now - this.#confirmedAt;
      if (gap > this.#options.beatMs * 1.5) this.#counts.missed += 1;
      this.#counts.longestGapMs = Math.max(this.#counts.longestGapMs, gap);
    }
    this.#confirmedAt = now;
  }
}
