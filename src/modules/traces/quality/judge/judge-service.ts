import type { Clock } from '../../../../base/clock.ts';
import { messageOf } from '../../../../base/errors.ts';
import type { Service } from '../../../../base/service.ts';
import { Loop } from '../../../../fleet/loop.ts';
import type { ModuleServices } from '../../../module.ts';
import { factsOf } from '../../content/index.ts';
import { FeedReader } from '../../feed/feed-reader.ts';
import { FEED_TOPIC } from '../../feed/feed-service.ts';
import { intakeOf } from '../../intake/index.ts';
import { priceBookOf } from '../../prices/index.ts';
import { completerOf } from '../../gateway/completer.ts';
import { Judge } from './judge.ts';

/** The name of the judges' cursor. */
export const JUDGES_READER = 'quality:judges';

const LOOK_EVERY_MS = 10_000;
const STEP_AT_MOST_EVERY_MS = 250;
const PRUNE_EVERY_MS = 3_600_000;

/** Lets models judge on every host; rows of the database say who judges what. */
export class JudgeService implements Service {
  readonly #services: ModuleServices;
  readonly #clock: Clock;
  readonly #loop: Loop;
  readonly #over = new AbortController();
  #door: ReturnType<typeof completerOf> | undefined;
  #judge: Judge | undefined;
  #unlisten: () => void = () => undefined;
  #prunedAt: number;
  #failing = false;

  constructor(services: ModuleServices, clock: Clock) {
    this.#services = services;
    this.#clock = clock;
    this.#prunedAt = clock.monotonic();
    this.#loop = new Loop({
      everyMs: LOOK_EVERY_MS,
      minGapMs: STEP_AT_MOST_EVERY_MS,
      clock,
      step: () => this.#step(),
      failed: (error) => this.#failed(error),
    });
  }

  async start(): Promise<void> {
    const { database } = this.#services.state;
    const book = priceBookOf(this.#services);
    this.#door = completerOf(this.#services);
    this.#judge = new Judge({
      database,
      feed: new FeedReader(database, JUDGES_READER),
      door: this.#door,
      intake: intakeOf(this.#services),
      costOf: (call) => {
        const { totalCost } = factsOf({ runType: 'llm', ...call }, book);
        return totalCost === undefined ? undefined : Number(totalCost);
      },
    });
    this.#unlisten = this.#services.wake.on(FEED_TOPIC, () => this.#loop.wake());
    await this.#loop.start();
  }

  async stop(): Promise<void> {
    this.#unlisten();
    this.#over.abort(new Error('the host stops'));
    await this.#loop.stop();
    this.#door?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #step(): Promise<void> {
    const judge = this.#judge;
    if (judge === undefined) return;
    const isFull = await judge.queue();
    const judged = await judge.judge(this.#over.signal);
    this.#failing = false;
    if (isFull || judged > 0) this.#loop.wake();
    const now = this.#clock.monotonic();
    if (now - this.#prunedAt < PRUNE_EVERY_MS) return;
    this.#prunedAt = now;
    await judge.prune();
  }

  #failed(error: unknown): void {
    if (!this.#failing && !this.#over.signal.aborted)
      this.#services.log.warn({ err: error }, `runs could not be judged by models, it is tried again: ${messageOf(error)}`);
    this.#failing = true;
  }
}
