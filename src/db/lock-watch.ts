import { setTimeout as delay } from 'node:timers/promises';
import { fullJitter } from './back-off.ts';
import type { DedicatedClient } from './client.ts';
import { sqlStateOf } from './failure.ts';
import { ANSWER_MS, openLockSession, type LockKey, type SessionLockOptions } from './session-lock.ts';
import { sql } from './sql.ts';

/** A watched lock that nobody holds. Times are the database's, as it writes them. */
export interface LockRelease {
  /** When it was found free. */
  readonly at: string;
  /** When the connection that found it so was made. */
  readonly connectedAt: string;
  /** Somebody was seen to hold it before. */
  readonly wasHeld: boolean;
}

export interface LockWatchOptions extends Omit<SessionLockOptions, 'lockTimeoutMs'> {
  /** The connection could not be made or broke; it is tried again. */
  readonly onFailed: (error: unknown) => void;
  readonly onWaiting: () => void;
}

/** One snapshot lasts no longer: old row versions are needed by nobody after that. Below the server's deadlock_timeout. */
const ROUND_MS = 500;
/** A wait is asked for anew so often, so that a connection that is dead without a word is found out. */
const ROUNDS = 120;
/** A wait that is called off ends by then. */
const COMPLY_MS = 1_000;

interface Session {
  readonly connection: DedicatedClient;
  readonly connectedAt: string;
}

/** Waits, on a connection of its own, until whoever holds a lock lets go of it: milliseconds after a process was killed. */
export class LockWatch {
  readonly #options: LockWatchOptions;
  #session: Session | undefined;

  constructor(options: LockWatchOptions) {
    this.#options = options;
  }

  /** Resolves when nobody holds the lock, or with undefined once the signal aborts. Survives broken connections. One at a time. */
  async wait(key: LockKey, signal: AbortSignal): Promise<LockRelease | undefined> {
    let wasHeld = false;
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      try {
        this.#session ??= await this.#open();
        const { outcome, at } = await this.#ask(this.#session.connection, key, signal);
        if (outcome !== 'held') return { at, connectedAt: this.#session.connectedAt, wasHeld: wasHeld || outcome === 'freed' };
        wasHeld = true;
        attempt = -1;
      } catch (error) {
        // Cancelled: by ourselves, or a cancellation that came too late for the wait before.
        if (sqlStateOf(error) === '57014') continue;
        this.close();
        if (signal.aborted) return undefined;
        this.#options.onFailed(error);
        // Aborted: the loop's condition sees it.
        await delay(fullJitter(attempt, 100, 10_000), undefined, { signal }).catch(() => undefined);
      }
    }
    return undefined;
  }

  close(): void {
    this.#session?.connection.destroy();
    this.#session = undefined;
  }

  async #open(): Promise<Session> {
    const connection = await openLockSession({ ...this.#options, lockTimeoutMs: ROUND_MS });
    try {
      const { rows } = await connection.client.query<{ at: string }>({
        text: 'select clock_timestamp()::text as at',
        query_timeout: ANSWER_MS,
      } as { text: string });
      return { connection, connectedAt: rows[0]?.at ?? 'infinity' };
    } catch (error) {
      connection.destroy();
      throw error;
    }
  }

  async #ask(connection: DedicatedClient, key: LockKey, signal: AbortSignal): Promise<{ readonly outcome: string; readonly at: string }> {
    const answered = new AbortController();
    const onAbort = (): void => this.#cancel(connection, answered.signal);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const asked = connection.client.query<{ p_outcome: string; p_at: string }>({
        text: `call muster.await_release(${key.space}, ${key.key}, ${ROUNDS}, null, null)`,
        query_timeout: ROUND_MS * ROUNDS + ANSWER_MS,
      } as { text: string });
      this.#options.onWaiting();
      if (signal.aborted) onAbort();
      const row = (await asked).rows[0];
      return { outcome: row?.p_outcome ?? 'held', at: row?.p_at ?? 'infinity' };
    } finally {
      answered.abort();
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Through the pool, by the process id; a server that does not comply in time loses the connection. */
  #cancel(connection: DedicatedClient, answered: AbortSignal): void {
    const timer = setTimeout(() => connection.destroy(), COMPLY_MS);
    answered.addEventListener('abort', () => clearTimeout(timer), { once: true });
    this.#options.database.query(sql`select pg_cancel_backend(${connection.session.pid})`).catch(() => connection.destroy());
  }
}
