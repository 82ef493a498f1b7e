import pg from 'pg';
import { MusterError, messageOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Connection } from './connection.ts';
import type { PoolTotals } from './database.ts';
import { failureOf } from './failure.ts';
import { openSession, type SessionFacts, type SessionLimits } from './session.ts';
import { tlsFor } from './tls-offer.ts';
import { typeParsers } from './types.ts';

export interface PoolOptions extends SessionLimits {
  readonly connection: Connection;
  readonly max: number;
  readonly min: number;
  readonly connectTimeoutMs: number;
  readonly queryTimeoutMs: number;
  readonly applicationName: string;
  readonly log: Logger;
}

export interface PoolFigures {
  readonly max: number;
  /** Open connections, busy or idle. */
  readonly total: number;
  readonly idle: number;
  /** Callers that wait for a connection. */
  readonly waiting: number;
  /** Connections thrown away since the start because they broke or their state was in doubt. */
  readonly discarded: number;
  readonly totals: PoolTotals;
}

/** Connections to one server. Each is set up before its first use and thrown away when its state is in doubt. */
export class ConnectionPool {
  readonly #options: PoolOptions;
  readonly #sessions = new WeakMap<pg.ClientBase, SessionFacts>();
  #pool: Promise<pg.Pool> | undefined;
  #opened: pg.Pool | undefined;
  #discarded = 0;
  readonly #totals = { uses: 0, waitMs: 0, useMs: 0, failures: 0 };
  #ended: Promise<void> | undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** Made at the first use, when the server can be asked whether it offers TLS. */
  #open(): Promise<pg.Pool> {
    if (this.#ended !== undefined)
      return Promise.reject(new MusterError('DATABASE_UNREACHABLE', 'The connections to the database are closed.'));
    this.#pool ??= this.#make().catch((error: unknown) => {
      this.#pool = undefined;
      throw error;
    });
    return this.#pool;
  }

  async #make(): Promise<pg.Pool> {
    const { connection, log, ...options } = this.#options;
    const pool = new pg.Pool({
      host: connection.host,
      port: connection.port,
      user: connection.user,
      password: connection.password,
      database: connection.database,
      ssl: await tlsFor(connection, options.connectTimeoutMs),
      application_name: options.applicationName,
      max: options.max,
      min: options.min,
      connectionTimeoutMillis: options.connectTimeoutMs,
      query_timeout: options.queryTimeoutMs,
      idleTimeoutMillis: 30_000,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      types: typeParsers,
      // The pool waits for the promise before it hands the connection out; its type does not say so.
      // oxlint-disable-next-line typescript/no-misused-promises
      onConnect: (client) => this.#prepare(client),
    });
    // An idle connection that breaks is replaced at the next use; without a listener it would end the process.
    pool.on('error', (error) => {
      this.#discarded += 1;
      log.debug({ error: messageOf(error) }, 'an idle database connection ended');
    });
    this.#opened = pool;
    return pool;
  }

  async #prepare(client: pg.ClientBase): Promise<void> {
    this.#sessions.set(client, await openSession(client, this.#options, this.#options.connectTimeoutMs));
  }

  /** Runs `work` on a connection that nobody else uses meanwhile. */
  async use<T>(work: (client: pg.PoolClient, session: SessionFacts) => Promise<T>): Promise<T> {
    const askedAt = performance.now();
    const client = await this.#connect();
    const gotAt = performance.now();
    this.#totals.uses += 1;
    this.#totals.waitMs += gotAt - askedAt;
    const session = this.#sessions.get(client);
    if (session === undefined) throw new MusterError('INTERNAL', 'A connection was handed out before it was set up.');
    // The statement under way rejects by itself; between statements nobody would listen.
    let broken: Error | undefined;
    const onError = (error: Error): void => {
      broken ??= error;
    };
    client.on('error', onError);
    try {
      const result = await work(client, session);
      this.#release(client, onError, broken ?? inTransaction(client));
      return result;
    } catch (error) {
      this.#release(client, onError, broken ?? (failureOf(error).discard ? error : inTransaction(client)));
      throw error;
    } finally {
      this.#totals.useMs += performance.now() - gotAt;
    }
  }

  async #connect(): Promise<pg.PoolClient> {
    try {
      return await (await this.#open()).connect();
    } catch (error) {
      this.#totals.failures += 1;
      throw error;
    }
  }

  #release(client: pg.PoolClient, onError: (error: Error) => void, reason: unknown): void {
    client.removeListener('error', onError);
    if (reason === undefined) return client.release();
    this.#discarded += 1;
    client.release(true);
    // `end` waits for the peer; one that no longer answers would hold the socket, and the pool's end, for minutes.
    (client as unknown as { readonly connection: { readonly stream: { destroy(): void } } }).connection.stream.destroy();
  }

  figures(): PoolFigures {
    const { totalCount = 0, idleCount = 0, waitingCount = 0 } = this.#opened ?? {};
    return {
      max: this.#options.max,
      total: totalCount,
      idle: idleCount,
      waiting: waitingCount,
      discarded: this.#discarded,
      totals: { ...this.#totals },
    };
  }

  /** Refuses new work and resolves when every connection is closed. Idempotent. */
  end(): Promise<void> {
    this.#ended ??= Promise.resolve(this.#pool?.catch(() => undefined)).then((pool) => pool?.end());
    return this.#ended;
  }
}

/** A connection that comes back inside a transaction would hand it to the next user. */
function inTransaction(client: pg.PoolClient): Error | undefined {
  const status = client.getTransactionStatus();
  return status === 'I' ? undefined : new Error(`returned with transaction status ${status ?? 'unknown'}`);
}
