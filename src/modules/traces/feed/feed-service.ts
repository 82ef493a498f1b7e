import type { Clock } from '../../../base/clock.ts';
import { messageOf } from '../../../base/errors.ts';
import type { Service } from '../../../base/service.ts';
import type { Transaction } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { Loop } from '../../../fleet/loop.ts';
import type { ModuleServices } from '../../module.ts';

/** The intake says so after each of its transactions. */
export const FEED_TOPIC = 'traces:feed';

/** Hints come at once; this is for where none gets through, behind a pooler say. */
const LOOK_EVERY_MS = 10_000;
/** After a step twice as long a rest: in a flood what follows the feed may lag, and what comes in is not held up by it. */
const REST = 2;
const PRUNE_EVERY_MS = 3_600_000;

/** What follows the feed. Any number of processes may try a step; the work itself sees to it that one does it. */
export interface FeedWork {
  /** For the log: `counted` in "runs could not be counted". */
  readonly done: string;
  /** Steps come no closer together: few large ones cost less than many small ones. */
  readonly atMostEveryMs: number;
  /** After a step so many times as long a rest; default 2. */
  readonly rest?: number;
  /** Takes the next part of the feed. Whether there may be more to do at once. */
  step(): Promise<{ readonly isFull: boolean }>;
  /** Once an hour: lets go of what need not be kept. */
  prune?(): Promise<unknown>;
  /** Ends a step that is under way: the host stops. */
  stop?(): void | Promise<void>;
}

/** Whether this transaction is the one of all processes that does this work; until it ends. */
export async function isMine(tx: Transaction, work: string): Promise<boolean> {
  const { rows } = await tx.query<{ mine: boolean }>(
    sql`select pg_try_advisory_xact_lock(hashtextextended(${`muster.traces ${work}`}, 0)) as mine`,
  );
  return rows[0]?.mine === true;
}

/** Takes step after step as the feed grows, on every host. */
export class FeedService implements Service {
  readonly #services: Pick<ModuleServices, 'wake' | 'log'>;
  readonly #clock: Clock;
  readonly #work: FeedWork;
  readonly #loop: Loop;
  #unlisten: () => void = () => undefined;
  #prunedAt: number;
  #failing = false;

  constructor(services: Pick<ModuleServices, 'wake' | 'log'>, clock: Clock, work: FeedWork) {
    this.#services = services;
    this.#clock = clock;
    this.#work = work;
    this.#prunedAt = clock.monotonic();
    this.#loop = new Loop({
      everyMs: LOOK_EVERY_MS,
      minGapMs: work.atMostEveryMs,
      rest: work.rest ?? REST,
      clock,
      step: () => this.#step(),
      failed: (error) => this.#failed(error),
    });
  }

  async start(): Promise<void> {
    this.#unlisten = this.#services.wake.on(FEED_TOPIC, () => this.#loop.wake());
    await this.#loop.start();
  }

  async stop(): Promise<void> {
    this.#unlisten();
    const stopped = this.#work.stop?.();
    await this.#loop.stop();
    await stopped;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #step(): Promise<void> {
    const { isFull } = await this.#work.step();
    this.#failing = false;
    if (isFull) this.#loop.wake();
    const now = this.#clock.monotonic();
    if (this.#work.prune === undefined || now - this.#prunedAt < PRUNE_EVERY_MS) return;
    this.#prunedAt = now;
    await this.#work.prune();
  }

  /** Said once; how far the work is behind says its lag. */
  #failed(error: unknown): void {
    if (!this.#failing)
      this.#services.log.warn({ err: error }, `runs could not be ${this.#work.done}, it is tried again: ${messageOf(error)}`);
    this.#failing = true;
  }
}
