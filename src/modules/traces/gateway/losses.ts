import { messageOf } from '../../../base/errors.ts';
import type { Logger } from '../../../base/logger.ts';
import type { Database } from '../../../db/database.ts';
import { addTally } from '../settings/index.ts';

/** What a server could not keep since it began. */
export interface Lost {
  /** Conversations that are in no log. */
  readonly runs: number;
  /** Requests that are in no account. */
  readonly requests: number;
}

const EVERY_MS = 15_000;

/** Adds what is lost to the sum of all servers, which the bridge measures. Asks nothing of the database while nothing is. */
export class Losses {
  readonly #db: Database;
  readonly #lost: () => Lost;
  readonly #log: Logger;
  readonly #timer: NodeJS.Timeout;
  #told: Lost = { runs: 0, requests: 0 };

  constructor({ database, log, lost }: { readonly database: Database; readonly lost: () => Lost; readonly log: Logger }) {
    this.#db = database;
    this.#lost = lost;
    this.#log = log;
    this.#timer = setInterval(() => void this.tell(), EVERY_MS);
    this.#timer.unref();
  }

  async tell(): Promise<void> {
    const [now, told] = [this.#lost(), this.#told];
    if (now.runs === told.runs && now.requests === told.requests) return;
    this.#told = now;
    try {
      await addTally(this.#db, [
        { name: 'gateway_unlogged', label: '', count: now.runs - told.runs },
        { name: 'gateway_unaccounted', label: '', count: now.requests - told.requests },
      ]);
    } catch (error) {
      this.#told = told;
      this.#log.warn({ error: messageOf(error), ...now }, 'what the gateway lost cannot be counted now');
    }
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.tell();
  }
}
