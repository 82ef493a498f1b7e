import type { Clock } from '../../../base/clock.ts';
import { messageOf } from '../../../base/errors.ts';
import type { Service } from '../../../base/service.ts';
import { Loop } from '../../../fleet/loop.ts';
import type { ModuleServices } from '../../module.ts';
import { FeedReader } from '../feed/feed-reader.ts';
import { priceBookOf } from '../prices/index.ts';
import { FigureKeeper } from './figure-keeper.ts';

/** The intake says so after each of its transactions. */
export const FEED_TOPIC = 'traces:feed';
/** The name of the figures' cursor. */
export const FIGURES_READER = 'figures';

const LOOK_EVERY_MS = 1_000;
/** Few large steps cost less than many small ones: a row of figures is read and written once a step, however many runs it counts. */
const STEP_AT_MOST_EVERY_MS = 250;
const PRUNE_EVERY_MS = 3_600_000;

/** Keeps the figures up to date. It runs on every host; the hosts agree in the database on who counts. */
export class FigureService implements Service {
  readonly #services: Pick<ModuleServices, 'state' | 'wake' | 'log'>;
  readonly #clock: Clock;
  readonly #keeper: FigureKeeper;
  readonly #loop: Loop;
  #unlisten: () => void = () => undefined;
  #prunedAt: number;
  #failing = false;

  constructor(services: Pick<ModuleServices, 'state' | 'wake' | 'log'>, clock: Clock) {
    this.#services = services;
    this.#clock = clock;
    this.#prunedAt = clock.monotonic();
    const { database } = services.state;
    this.#keeper = new FigureKeeper(database, new FeedReader(database, FIGURES_READER), priceBookOf(services));
    this.#loop = new Loop({
      everyMs: LOOK_EVERY_MS,
      minGapMs: STEP_AT_MOST_EVERY_MS,
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
    await this.#loop.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #step(): Promise<void> {
    await priceBookOf(this.#services).fresh();
    const { isFull } = await this.#keeper.step();
    this.#failing = false;
    if (isFull) this.#loop.wake();
    const now = this.#clock.monotonic();
    if (now - this.#prunedAt < PRUNE_EVERY_MS) return;
    this.#prunedAt = now;
    await this.#keeper.prune();
  }

  /** Said once; the figures say themselves up to which time they count. */
  #failed(error: unknown): void {
    if (!this.#failing) this.#services.log.warn({ err: error }, `runs could not be counted, it is tried again: ${messageOf(error)}`);
    this.#failing = true;
  }
}
