import { messageOf } from '../../../base/errors.ts';
import type { Logger } from '../../../base/logger.ts';

/** Without word of a change it is read again so often. */
const FRESH_MS = 5_000;

/** Something of the database that every request needs, in memory: a request waits for it only where it is known to have changed. */
export class Fresh<T> {
  readonly #load: () => Promise<T>;
  readonly #what: string;
  readonly #log: Logger;
  #known: { readonly value: T; readonly at: number } | undefined;
  #reading: Promise<T> | undefined;
  /** Counts changes: what was read before one is not taken for what is there after it. */
  #changes = 0;
  #readChanges = 0;

  constructor(load: () => Promise<T>, { log, what }: { readonly what: string; readonly log: Logger }) {
    this.#load = load;
    this.#what = what;
    this.#log = log;
  }

  /** As it was a few seconds ago at most, or when the database was last there. */
  async value(): Promise<T> {
    const known = this.#known;
    if (known === undefined) return this.#read();
    const isOutdated = this.#readChanges !== this.#changes;
    if (!isOutdated && performance.now() - known.at < FRESH_MS) return known.value;
    const reading = this.#read().catch((error: unknown) => {
      this.#log.warn({ error: messageOf(error) }, `${this.#what} could not be read again`);
      return known.value;
    });
    return isOutdated ? reading : known.value;
  }

  /** It was changed: the next request waits for what it is now. */
  forget(): void {
    this.#changes += 1;
    this.#reading = undefined;
  }

  #read(): Promise<T> {
    if (this.#reading !== undefined) return this.#reading;
    const changes = this.#changes;
    const reading = this.#load().then(
      (value) => {
        if (this.#reading === reading) this.#reading = undefined;
        if (changes < this.#readChanges) return value;
        this.#known = { value, at: performance.now() };
        this.#readChanges = changes;
        return value;
      },
      (error: unknown) => {
        if (this.#reading === reading) this.#reading = undefined;
        throw error;
      },
    );
    this.#reading = reading;
    return reading;
  }
}
