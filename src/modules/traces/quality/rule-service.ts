import type { Clock } from '../../../base/clock.ts';
import { messageOf } from '../../../base/errors.ts';
import type { Service } from '../../../base/service.ts';
import { Loop } from '../../../fleet/loop.ts';
import type { ModuleServices } from '../../module.ts';
import { FeedReader } from '../feed/feed-reader.ts';
import { FEED_TOPIC } from '../figures/figure-service.ts';
import { RuleKeeper } from './rule-keeper.ts';

/** The name of the rules' cursor. */
export const RULES_READER = 'quality:rules';

const LOOK_EVERY_MS = 1_000;
/** With what a step judges at most: about a tenth of a core. */
const STEP_AT_MOST_EVERY_MS = 500;
const PRUNE_EVERY_MS = 3_600_000;

/** Judges runs by rules as they complete. It runs on every host; the hosts agree in the database on who judges. */
export class RuleService implements Service {
  readonly #services: Pick<ModuleServices, 'state' | 'wake' | 'log'>;
  readonly #clock: Clock;
  readonly #keeper: RuleKeeper;
  readonly #loop: Loop;
  #unlisten: () => void = () => undefined;
  #prunedAt: number;
  #failing = false;

  constructor(services: Pick<ModuleServices, 'state' | 'wake' | 'log'>, clock: Clock) {
    this.#services = services;
    this.#clock = clock;
    this.#prunedAt = clock.monotonic();
    const { database } = services.state;
    this.#keeper = new RuleKeeper(database, new FeedReader(database, RULES_READER));
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
    const { isFull } = await this.#keeper.step();
    this.#failing = false;
    if (isFull) this.#loop.wake();
    const now = this.#clock.monotonic();
    if (now - this.#prunedAt < PRUNE_EVERY_MS) return;
    this.#prunedAt = now;
    await this.#keeper.prune();
  }

  #failed(error: unknown): void {
    if (!this.#failing) this.#services.log.warn({ err: error }, `runs could not be judged, it is tried again: ${messageOf(error)}`);
    this.#failing = true;
  }
}
