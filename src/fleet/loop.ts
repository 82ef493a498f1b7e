import type { Clock } from '../base/clock.ts';
import type { Service } from '../base/service.ts';

export interface LoopOptions {
  readonly everyMs: number;
  /** Wake-ups come no closer together than this. */
  readonly minGapMs: number;
  /** What happens within this time of a wake-up goes with the step it leads to. Default 0. */
  readonly gatherMs?: number;
  /** After a step the loop rests this many times as long as the step took, also when woken: a slow database is not pressed harder. Default 0. */
  readonly rest?: number;
  readonly clock: Clock;
  /** One step. Its errors go to `failed`; the loop goes on. */
  readonly step: () => Promise<void>;
  readonly failed: (error: unknown) => void;
}

/** Takes a step every so often, or sooner when woken; never two at once. */
export class Loop implements Service {
  readonly #options: LoopOptions;
  readonly #stop = new AbortController();
  #wake = new AbortController();
  #woken = false;
  #running: Promise<void> | undefined;

  constructor(options: LoopOptions) {
    this.#options = options;
  }

  start(): Promise<void> {
    this.#running ??= this.#run();
    return Promise.resolve();
  }

  /** Takes the next step as soon as it may. */
  wake(): void {
    this.#woken = true;
    this.#wake.abort();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#wake.abort();
    await this.#running;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #run(): Promise<void> {
    const { clock, everyMs, gatherMs = 0, minGapMs, rest = 0, step, failed } = this.#options;
    while (!this.#stop.signal.aborted) {
      const startedAt = clock.monotonic();
      this.#woken = false;
      try {
        await step();
      } catch (error) {
        failed(error);
      }
      const endedAt = clock.monotonic();
      if (!this.#woken) await this.#sleep(startedAt + everyMs - endedAt);
      const restedAt = Math.max(startedAt + minGapMs, endedAt + rest * (endedAt - startedAt));
      await this.#pause(Math.max(restedAt - clock.monotonic(), this.#woken ? gatherMs : 0));
    }
  }

  /** Until the time is over, the loop is woken or stopped. */
  async #sleep(ms: number): Promise<void> {
    if (ms <= 0 || this.#stop.signal.aborted) return;
    this.#wake = new AbortController();
    // Waking is the only way this fails.
    await this.#options.clock.sleep(ms, this.#wake.signal).catch(() => undefined);
  }

  async #pause(ms: number): Promise<void> {
    if (ms > 0) await this.#options.clock.sleep(ms, this.#stop.signal).catch(() => undefined);
  }
}
