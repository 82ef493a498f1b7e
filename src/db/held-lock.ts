import { setTimeout as delay } from 'node:timers/promises';
import type { Service } from '../base/service.ts';
import { fullJitter } from './back-off.ts';
import { sqlStateOf } from './failure.ts';
import { ANSWER_MS, openLockSession, type LockKey, type SessionLockOptions } from './session-lock.ts';

export interface HeldLockOptions extends SessionLockOptions {
  readonly key: LockKey;
  /** The lock is held, for the first time or again. */
  readonly onHeld: () => void;
  /**
   * The connection that held it has ended: whoever waits for the lock may believe that this process did. Silent: the server did
   * not say so, and may not have ended it.
   */
  readonly onLost: (how: { readonly silent: boolean }) => void;
  /** It could not be taken; it is tried again. */
  readonly onFailed: (error: unknown) => void;
}

/** While it waits, so often it makes sure that the server is still there. Rare: a session that is asked something ends late. */
const PROVE_EVERY_MS = 30_000;
/** The lock is not free yet: a former session of ours is ending, or a neighbour looks whether it is. */
const TAKEN_PAUSE_MS = 50;

/** A lock that lasts exactly as long as the process: held by a connection of its own that stays idle, made again when it breaks. */
export class HeldLock implements Service {
  readonly #options: HeldLockOptions;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: HeldLockOptions) {
    this.#options = options;
  }

  start(): Promise<void> {
    this.#running ??= this.#run();
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      let held = false;
      try {
        await this.#hold(() => {
          held = true;
          this.#options.onHeld();
        });
      } catch (error) {
        if (signal.aborted) return;
        if (held) {
          // At once the first time: a neighbour is already asking whether we live.
          attempt = -1;
          this.#options.onLost({ silent: sqlStateOf(error) === undefined });
        } else this.#options.onFailed(error);
      }
      // Stopped: the loop's condition sees it.
      await delay(fullJitter(attempt, 50, 10_000), undefined, { signal }).catch(() => undefined);
    }
  }

  /** Takes the lock and keeps it. Rejects when the connection breaks or this is stopped. */
  async #hold(onHeld: () => void): Promise<never> {
    const { key } = this.#options;
    const { signal } = this.#stopping;
    const connection = await openLockSession(this.#options);
    const { client } = connection;
    const ended = new Promise<never>((_, reject) => {
      client.once('error', reject);
      client.once('end', () => reject(new Error('the connection ended')));
    });
    ended.catch(() => undefined); // raced below; nobody may listen in between
    const ask = <Row>(text: string) => client.query<Row & object>({ text, query_timeout: ANSWER_MS } as { text: string });
    try {
      for (;;) {
        signal.throwIfAborted();
        const { rows } = await ask<{ mine: boolean }>(`select pg_try_advisory_lock(${key.space}, ${key.key}) as mine`);
        if (rows[0]?.mine === true) break;
        await delay(TAKEN_PAUSE_MS, undefined, { signal });
      }
      onHeld();
      for (;;) {
        const pause = new AbortController();
        try {
          await Promise.race([ended, delay(PROVE_EVERY_MS, undefined, { signal: AbortSignal.any([signal, pause.signal]) })]);
        } finally {
          pause.abort();
        }
        await ask('select');
      }
    } finally {
      connection.destroy();
    }
  }
}
