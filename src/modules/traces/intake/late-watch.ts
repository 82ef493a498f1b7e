import { messageOf } from '../../../base/errors.ts';
import type { Logger } from '../../../base/logger.ts';

const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;
const MOST_REMEMBERED = 10_000;

interface Work {
  /** Gives what waits to its runs; to how many. */
  readonly settle: (runIds?: readonly string[]) => Promise<number>;
  /** To how many still wait. */
  readonly expire: () => Promise<number>;
  readonly log: Logger;
}

/** Looks after what came before its run: at once where this server sees the run come, and by and by where another one did. */
export class LateWatch {
  readonly #work: Work;
  readonly #waiting = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #pause = FIRST_MS;
  #isStopped = false;
  #under: Promise<void> = Promise.resolve();

  constructor(work: Work) {
    this.#work = work;
  }

  /** To be told of patches whose run is not known. */
  expect(runIds: readonly string[]): void {
    for (const runId of runIds) if (this.#waiting.size < MOST_REMEMBERED) this.#waiting.add(runId);
    this.#pause = FIRST_MS;
    this.#schedule();
  }

  /** To be told which runs were written. Resolves when what waited for them is theirs. */
  async came(runIds: Iterable<string>): Promise<void> {
    if (this.#waiting.size === 0) return;
    const found = [...runIds].filter((runId) => this.#waiting.delete(runId));
    if (found.length > 0) await this.#work.settle(found);
  }

  /** Looks now, and again later while something waits. */
  start(): void {
    this.#schedule();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#under;
  }

  #schedule(): void {
    if (this.#isStopped || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#under = this.#look();
    }, this.#pause);
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    try {
      await this.#work.settle();
      if ((await this.#work.expire()) === 0) {
        this.#waiting.clear();
        return;
      }
    } catch (error) {
      this.#work.log.debug({ error: messageOf(error) }, 'what came before its run could not be looked after');
    }
    this.#pause = Math.min(this.#pause * 2, LONGEST_MS);
    this.#schedule();
  }
}
