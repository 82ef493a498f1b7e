import type { Clock } from '../../../base/clock.ts';
import { isMusterError } from '../../../base/errors.ts';
import type { Settlement } from './outbox.ts';

export interface SettlerOptions {
  readonly clock: Clock;
  readonly write: (settlements: readonly Settlement[]) => Promise<void>;
  readonly failed: (error: unknown) => void;
}

const RETRY_MS = 250;
const MOST_AT_ONCE = 200;

/**
 * Writes down what came of attempts, together with whatever else ended meanwhile. What was delivered is written as soon as the
 * database lets it, so that it is not delivered twice; only a lost lease ends that: then it is for the next holder to say.
 */
export class Settler {
  readonly #options: SettlerOptions;
  #waiting: { readonly settlements: readonly Settlement[]; readonly done: () => void }[] = [];
  #writing = false;
  #lost = false;

  constructor(options: SettlerOptions) {
    this.#options = options;
  }

  /** Resolves when these are written, or never will be. */
  settle(settlements: readonly Settlement[]): Promise<void> {
    return new Promise((done) => {
      this.#waiting.push({ settlements, done });
      if (!this.#writing) void this.#write();
    });
  }

  /** Nothing will be written any more. */
  giveUp(): void {
    this.#lost = true;
  }

  async #write(): Promise<void> {
    this.#writing = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, MOST_AT_ONCE);
      await this.#writeBatch(batch.flatMap(({ settlements }) => settlements));
      for (const { done } of batch) done();
    }
    this.#writing = false;
  }

  async #writeBatch(settlements: readonly Settlement[]): Promise<void> {
    while (!this.#lost) {
      try {
        await this.#options.write(settlements);
        return;
      } catch (error) {
        if (isMusterError(error, 'LEASE_LOST')) this.#lost = true;
        else this.#options.failed(error);
        await this.#options.clock.sleep(this.#lost ? 0 : RETRY_MS);
      }
    }
  }
}
