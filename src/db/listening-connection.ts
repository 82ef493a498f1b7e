import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { MusterError } from '../base/errors.ts';
import type { PostgresAdapter } from './adapter.ts';
import { fullJitter } from './back-off.ts';
import { openClient, type DedicatedClient } from './client.ts';
import { sql } from './sql.ts';

export const CHANNEL = 'muster';
const SELF_TEST = 'self-test:';

/** `listening`: notifications arrive. `connecting`: the connection is being made (again). `polling`: a pooler is in the way, so LISTEN cannot work. */
export type ListenMode = 'listening' | 'connecting' | 'polling' | 'stopped';

export interface ListeningOptions {
  readonly database: PostgresAdapter;
  /** A payload from another process. */
  readonly onPayload: (payload: string) => void;
  /** The connection works, for the first time or again: something may have been missed. */
  readonly onListening: () => void;
  /** It broke or could not be made; told once, however often it is tried before it works again. */
  readonly onLost: (error: unknown) => void;
  /** How often the connection has to show that it lives. Default 15 s. */
  readonly beatMs?: number | undefined;
  /** How long an answer may take. Default 5 s. */
  readonly answerMs?: number | undefined;
  /** How long a pooler is left alone before LISTEN is tried again. Default 5 min. */
  readonly pollingMs?: number | undefined;
}

/** One LISTEN for the process, made again whenever it breaks. */
export class ListeningConnection {
  readonly #options: ListeningOptions;
  readonly #answerMs: number;
  readonly #stopping = new AbortController();
  #loop: Promise<void> | undefined;
  #connection: DedicatedClient | undefined;
  #mode: ListenMode = 'connecting';

  constructor(options: ListeningOptions) {
    this.#options = options;
    this.#answerMs = options.answerMs ?? 5_000;
  }

  get mode(): ListenMode {
    return this.#mode;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Sends a payload to the other processes. Rejects where there is no connection. */
  async notify(payload: string): Promise<void> {
    const connection = this.#connection;
    if (connection === undefined)
      throw new MusterError('DATABASE_UNREACHABLE', 'The wake-up connection is not there.', { data: { transient: true } });
    await connection.client.query('select pg_notify($1, $2)', [CHANNEL, payload]);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#connection?.destroy();
    await this.#loop;
    this.#mode = 'stopped';
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      this.#mode = 'connecting';
      let pause: number;
      try {
        if (await this.#listenUntilBroken(() => (attempt = -1))) continue;
        pause = this.#options.pollingMs ?? 300_000;
        this.#mode = 'polling';
      } catch (error) {
        attempt = Math.max(attempt, 0);
        if (!signal.aborted && attempt === 0) this.#options.onLost(error);
        pause = fullJitter(attempt, 100, 10_000);
      }
      await delay(pause, undefined, { signal }).catch(() => undefined); // stopped: the loop's condition sees it
    }
  }

  /** Rejects when the connection breaks; resolves to false where notifications do not arrive, true when stopped. */
  async #listenUntilBroken(onWorking: () => void): Promise<boolean> {
    const { database, onPayload, onListening } = this.#options;
    const over = new AbortController();
    const signal = AbortSignal.any([this.#stopping.signal, over.signal]);
    const connection = await openClient(database.directConnection, {
      applicationName: 'muster wake-ups',
      queryTimeoutMs: this.#answerMs,
      connectTimeoutMs: this.#answerMs,
    });
    const { client } = connection;
    const token = `${SELF_TEST}${randomUUID()}`;
    let passed: (() => void) | undefined;
    let broken: ((error: Error) => void) | undefined;
    const ended = new Promise<never>((_, reject) => {
      broken = reject;
    });
    ended.catch(() => undefined); // raced below; nobody may listen in between
    client.on('error', (error) => broken?.(error));
    client.on('end', () => broken?.(new Error('the connection ended')));
    client.on('notification', ({ processId, payload }: pg.Notification) => {
      if (payload === token) passed?.();
      else if (payload !== undefined && processId !== connection.session.pid && !payload.startsWith(SELF_TEST)) onPayload(payload);
    });
    try {
      signal.throwIfAborted();
      // A lost hint costs a poll, so it need not wait for the disk. Behind a pooler the session is not ours to set.
      if (!connection.session.pooled) await client.query('set synchronous_commit = off');
      await client.query(`listen ${CHANNEL}`);
      const arrived = new Promise<boolean>((resolve) => {
        passed = () => resolve(true);
      });
      // From another connection: a pooler would pass our own straight back and look as if it worked.
      await database.query(sql`select pg_notify(${CHANNEL}, ${token})`);
      const working = await Promise.race([arrived, ended, delay(2_000, false, { signal, ref: false })]);
      if (!working) return false;
      onWorking();
      this.#connection = connection;
      this.#mode = 'listening';
      onListening();
      for (;;) {
        await Promise.race([ended, delay(this.#options.beatMs ?? 15_000, undefined, { signal })]);
        await client.query('select');
      }
    } catch (error) {
      if (this.#stopping.signal.aborted) return true;
      throw error;
    } finally {
      over.abort();
      this.#connection = undefined;
      connection.destroy();
    }
  }
}
