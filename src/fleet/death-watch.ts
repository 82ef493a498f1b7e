import { randomBytes } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { isMusterError } from '../base/errors.ts';
import type { HostId } from '../base/ids.ts';
import type { Logger } from '../base/logger.ts';
import type { Service } from '../base/service.ts';
import type { PostgresAdapter } from '../db/adapter.ts';
import { HeldLock } from '../db/held-lock.ts';
import { LockWatch, type LockRelease } from '../db/lock-watch.ts';
import { lockKeyOf, type LockKey } from '../db/session-lock.ts';
import type { LifeSigns } from '../state/life-signs.ts';
import type { SharedState } from '../state/shared-state.ts';
import type { SurveyedHost } from '../state/survey.ts';
import { judge, neighbourOf } from './death-verdict.ts';
import type { FaultLog } from './fault-log.ts';
import { processOf } from './process-key.ts';

/** Between two looks at a host that may have died: a living one has spoken by then. */
const PAUSE_MS = 150;
/** A host that lost its connections to the network has stopped by itself before its neighbour concludes its death. */
const STOPPED_AFTER_MS = 100;
/** A neighbour that lives without its lock is asked about again after pauses that grow from here. */
const FIRST_PATIENCE_MS = 500;
const LONGEST_PATIENCE_MS = 10_000;

export interface DeathWatchOptions {
  readonly database: PostgresAdapter;
  readonly state: SharedState;
  readonly hostId: HostId;
  readonly leaseMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly faults: FaultLog;
  readonly trusted: () => boolean;
  /**
   * Our own connection broke, and a neighbour may think us dead: a beat now says otherwise. Where even the server did not tell
   * why, the network may be gone, and the neighbour may be right after so many milliseconds.
   */
  readonly suspected: (rightAfterMs: number | undefined) => void;
  /** A neighbour's lease was ended: its agents are free. */
  readonly buried: () => void;
}

export interface DeathWatchStatus {
  /** `off`: a pooler is in the way, so that deaths are found by leases alone. `alone`: nobody else can be watched. */
  readonly state: 'watching' | 'connecting' | 'alone' | 'off';
  readonly watching: HostId | null;
  /** Whether the others can watch this host. */
  readonly watched: boolean;
  /** Times the neighbour's lock was let go of. */
  readonly hints: number;
  /** Hints after which the neighbour's lease was ended. */
  readonly confirmed: number;
  /** Hints about a host that lived, or could not be judged by its connections. */
  readonly refuted: number;
}

const lockOf = (host: HostId): LockKey => lockKeyOf(`muster host ${host}`);

/**
 * Finds the common death, that of a killed process, in milliseconds: its connections end with it, and with one of them a lock
 * that the neighbour waits for. Only ever a hint; without it, and for everything else, the lease decides.
 */
export class DeathWatch implements Service {
  readonly #options: DeathWatchOptions;
  /** What the names of the connections by which this process is told end in. */
  readonly #sessions: string;
  readonly #lock: HeldLock;
  readonly #watch: LockWatch;
  readonly #stopping = new AbortController();
  #neighbour: HostId | undefined;
  /** Aborts when the neighbour is another. */
  #change = new AbortController();
  #running: Promise<void> | undefined;
  #declaring: Promise<void> = Promise.resolve();
  #waiting = false;
  #watched = false;
  #pooled = false;
  #counts = { hints: 0, confirmed: 0, refuted: 0 };

  constructor(options: DeathWatchOptions) {
    const { database, faults, hostId, leaseMs } = options;
    this.#options = options;
    // A pooler's server connections keep the name of a client that is gone: only those past it tell anything.
    this.#sessions = database.status().session?.pooled === true ? `#${randomBytes(4).toString('hex')}` : database.sessionTag;
    const failed = (error: unknown): void => this.#failed(error);
    // Beyond half the lease, where no hint is taken for a death any more.
    const common = { database, vanishedMs: leaseMs * 0.625, onFailed: failed };
    this.#lock = new HeldLock({
      ...common,
      key: lockOf(hostId),
      applicationName: `muster holder ${hostId} ${this.#sessions}`,
      onHeld: () => {
        faults.worked('death watch');
        this.#declare(true);
      },
      onLost: ({ silent }) => {
        this.#declare(false);
        options.suspected(silent ? STOPPED_AFTER_MS : undefined);
      },
    });
    this.#watch = new LockWatch({
      ...common,
      applicationName: `muster watcher ${hostId} ${this.#sessions}`,
      onWaiting: () => {
        faults.worked('death watch');
        this.#waiting = true;
      },
    });
  }

  get status(): DeathWatchStatus {
    const watching = this.#waiting ? (this.#neighbour ?? null) : null;
    const state = this.#pooled ? 'off' : this.#neighbour === undefined ? 'alone' : watching === null ? 'connecting' : 'watching';
    return { state, watching, watched: this.#watched, ...this.#counts };
  }

  start(): Promise<void> {
    const { database } = this.#options;
    // Known beforehand: then nothing is tried in vain.
    if (database.status().session?.pooled === true && database.directConnection === database.connection) {
      this.#off();
      return Promise.resolve();
    }
    this.#running ??= this.#run();
    return this.#lock.start();
  }

  /** Takes the hosts as they are now: another neighbour is watched at once. */
  follow(hosts: readonly SurveyedHost[]): void {
    const neighbour = neighbourOf(hosts, this.#options.hostId);
    if (neighbour === this.#neighbour) return;
    this.#neighbour = neighbour;
    this.#waiting = false;
    this.#change.abort();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#change.abort();
    await Promise.all([this.#lock.stop(), this.#running]);
    await this.#declaring;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #run(): Promise<void> {
    const { clock, faults } = this.#options;
    let patienceMs = FIRST_PATIENCE_MS;
    while (!this.#stopping.signal.aborted) {
      this.#change = new AbortController();
      const { signal } = this.#change;
      const neighbour = this.#neighbour;
      const release = neighbour === undefined ? await aborted(signal) : await this.#watch.wait(lockOf(neighbour), signal);
      this.#waiting = false;
      if (neighbour === undefined || release === undefined) {
        patienceMs = FIRST_PATIENCE_MS;
        continue;
      }
      if (release.wasHeld) patienceMs = FIRST_PATIENCE_MS;
      const settled = await this.#ask(neighbour, release, signal).catch((error: unknown) => {
        faults.failed('confirming a death', error);
        return false;
      });
      if (settled) continue;
      // Ends early when the neighbour changes.
      await clock.sleep(patienceMs, signal).catch(() => undefined);
      patienceMs = Math.min(patienceMs * 2, LONGEST_PATIENCE_MS);
    }
    this.#watch.close();
  }

  /** Looks until it is clear whether the neighbour died. Returns whether it is out of the ring. */
  async #ask(neighbour: HostId, release: LockRelease, signal: AbortSignal): Promise<boolean> {
    const { clock, log, state } = this.#options;
    this.#counts.hints += 1;
    let before: LifeSigns | undefined;
    for (let looks = 1; !signal.aborted; looks += 1) {
      const signs = await state.hosts.lifeSigns(neighbour, release);
      const process = await processOf(signs?.processKey ?? '');
      const verdict = judge({ signs, process, before, looks });
      switch (verdict) {
        case 'left':
          this.#leave(neighbour);
          return true;
        case 'alive':
        case 'undecided':
          this.#counts.refuted += 1;
          log.info({ neighbour, verdict, looks }, 'the connection of a host ended, and it was not taken for dead');
          return false;
        case 'dead':
          if (signs !== undefined && (await this.#bury(neighbour, process, signs))) return true;
          // A write of its that is still under way holds it, or it has beaten this moment.
          break;
        case 'look again':
          break;
      }
      before = signs;
      await clock.sleep(PAUSE_MS, signal).catch(() => undefined);
    }
    // Another is the neighbour now: this one said that it lives, or left.
    if (!this.#stopping.signal.aborted && (await state.hosts.lifeSigns(neighbour, release))?.live === true) this.#counts.refuted += 1;
    return false;
  }

  async #bury(neighbour: HostId, process: 'gone' | 'there' | 'unknown', signs: LifeSigns): Promise<boolean> {
    const { buried, log, state, trusted } = this.#options;
    if (!trusted()) return false;
    const taken =
      process === 'gone'
        ? (await state.hosts.certifyDead([neighbour])).length > 0
        : await state.hosts.certifyDisconnected(neighbour, signs.lastBeat);
    if (!taken) return false;
    this.#counts.confirmed += 1;
    log.warn({ hosts: [neighbour] }, 'a host died; its agents are free to be taken');
    this.#leave(neighbour);
    buried();
    return true;
  }

  /** Until the next look at the fleet nobody is watched. */
  #leave(neighbour: HostId): void {
    if (this.#neighbour === neighbour) this.#neighbour = undefined;
  }

  /** Says whether this host may be judged by its connections. */
  #declare(watched: boolean): void {
    const { faults, hostId, state } = this.#options;
    this.#watched = watched;
    // One after the other: on different connections the second might be there first.
    this.#declaring = this.#declaring
      .then(() => state.hosts.setSessions(hostId, watched ? this.#sessions : null))
      .then(
        () => faults.worked('telling of the death watch'),
        (error: unknown) => faults.failed('telling of the death watch', error),
      );
  }

  #failed(error: unknown): void {
    if (isMusterError(error, 'DATABASE_POOLED')) this.#off();
    else this.#options.faults.failed('death watch', error);
  }

  #off(): void {
    if (this.#pooled) return;
    this.#pooled = true;
    this.#stopping.abort();
    this.#change.abort();
    void this.#lock.stop();
    this.#options.log.warn(
      'the death of a host is found by its lease alone: a connection pooler hides its connections. Set MUSTER_DIRECT_DATABASE_URL to the server itself',
    );
  }
}

const aborted = (signal: AbortSignal): Promise<undefined> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve(undefined);
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
