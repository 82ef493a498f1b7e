import { isMusterError, messageOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';

/** Tells of faults once a change and counts them all: a database that is away for an hour is two lines, not two thousand. */
export class FaultLog {
  readonly #log: Logger;
  readonly #current = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  constructor(log: Logger) {
    this.#log = log;
  }

  failed(what: string, error: unknown): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
    const kind = isMusterError(error) ? error.code : messageOf(error);
    if (this.#current.get(what) === kind) return;
    this.#current.set(what, kind);
    this.#log.warn(
      { err: error, ...(isMusterError(error) && { code: error.code, remedy: error.remedy }) },
      `${what} failed: ${messageOf(error)}`,
    );
  }

  worked(what: string): void {
    if (this.#current.delete(what)) this.#log.info(`${what} works again after ${this.#counts.get(what) ?? 0} failures in all`);
  }

  /** Failures so far, by what failed. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }
}
