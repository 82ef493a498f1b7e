import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { MusterError } from '../base/errors.ts';
import { silentLogger, type Logger } from '../base/logger.ts';
import type { Service } from '../base/service.ts';
import { openClient, type DedicatedClient } from './client.ts';
import { parseConnection, type Connection } from './connection.ts';
import type { Database, MaintenanceLimits, PoolName, PoolStatus, Result, Transaction, TransactionOptions } from './database.ts';
import { failureOf, isSerializationFailure } from './failure.ts';
import { ConnectionPool, type PoolFigures, type PoolOptions } from './pool.ts';
import type { SessionFacts, SessionLimits } from './session.ts';
import type { Sql } from './sql.ts';
import { CommitUnknown, READ_GRACE_MS, runTransaction, send } from './transaction.ts';
import { translate } from './translate.ts';

export interface PostgresAdapterOptions {
  readonly url: string;
  /** The same database without a pooler between, for LISTEN and migrations; `url` by default. */
  readonly directUrl?: string | undefined;
  /** Default 20. */
  readonly poolMax?: number | undefined;
  /** Idle connections that are kept. Default 5: with one for beats, one for wake-ups and two for the watch, ten hosts at rest take 90 of 100. */
  readonly poolMin?: number | undefined;
  /** Reserved for beats, so that a full pool never costs a lease. Default 2. */
  readonly heartbeatPoolMax?: number | undefined;
  /**
   * How long a beat waits for its answer before its connection is thrown away. Default 4 s, half a default lease: two beats that
   * hang in connections which a firewall has forgotten must leave time for a third.
   */
  readonly heartbeatTimeoutMs?: number | undefined;
  readonly connectTimeoutMs?: number | undefined;
  /** How long we wait for an answer before the connection is thrown away. Default: statementTimeoutMs + 5 s. */
  readonly queryTimeoutMs?: number | undefined;
  readonly statementTimeoutMs?: number | undefined;
  readonly lockTimeoutMs?: number | undefined;
  readonly idleInTransactionTimeoutMs?: number | undefined;
  readonly applicationName?: string | undefined;
  /** Default false: a server that takes no writes is refused. */
  readonly acceptsStandby?: boolean | undefined;
  readonly log?: Logger | undefined;
}

export interface AdapterStatus {
  readonly pools: Readonly<Record<PoolName, PoolFigures>>;
  /** Undefined before the first connection. */
  readonly session: SessionFacts | undefined;
}

/** How long `stop` waits for statements under way before it says so. */
const STOP_DEADLINE_MS = 10_000;
/** What one statement of maintenance may give: nobody needs more, and it is kept in memory. */
const MOST_MAINTENANCE_BYTES = 16 * 1_048_576;

/** The database through two pools: one for everything, one reserved for heartbeats. */
export class PostgresAdapter implements Database, Service {
  readonly connection: Connection;
  /** Where LISTEN and migrations connect: past a pooler, if `directUrl` says how. */
  readonly directConnection: Connection;
  /** What the application_name of every connection in its pools ends in, and of no other process's. */
  readonly sessionTag = `#${randomBytes(4).toString('hex')}`;
  readonly #limits: SessionLimits;
  readonly #queryTimeoutMs: Readonly<Record<PoolName, number>>;
  readonly #pools: Readonly<Record<PoolName, ConnectionPool>>;
  readonly #log: Logger;
  #session: SessionFacts | undefined;

  constructor(options: PostgresAdapterOptions) {
    this.connection = parseConnection(options.url);
    this.directConnection = options.directUrl === undefined ? this.connection : parseConnection(options.directUrl);
    this.#log = options.log ?? silentLogger;
    this.#limits = {
      statementTimeoutMs: options.statementTimeoutMs ?? 30_000,
      lockTimeoutMs: options.lockTimeoutMs ?? 10_000,
      idleInTransactionTimeoutMs: options.idleInTransactionTimeoutMs ?? 60_000,
      acceptsStandby: options.acceptsStandby ?? false,
    };
    const main = options.queryTimeoutMs ?? this.#limits.statementTimeoutMs + READ_GRACE_MS;
    this.#queryTimeoutMs = { main, heartbeat: Math.min(main, options.heartbeatTimeoutMs ?? 4_000) };
    const connectTimeoutMs = options.connectTimeoutMs ?? 5_000;
    const max = options.poolMax ?? 20;
    const shared = {
      ...this.#limits,
      connection: this.connection,
      connectTimeoutMs,
      queryTimeoutMs: main,
      log: this.#log,
    } satisfies Partial<PoolOptions>;
    const name = options.applicationName ?? 'muster';
    this.#pools = {
      main: new ConnectionPool({ ...shared, max, min: Math.min(options.poolMin ?? 5, max), applicationName: `${name} ${this.sessionTag}` }),
      heartbeat: new ConnectionPool({
        ...shared,
        connectTimeoutMs: Math.min(connectTimeoutMs, this.#queryTimeoutMs.heartbeat),
        queryTimeoutMs: this.#queryTimeoutMs.heartbeat,
        max: options.heartbeatPoolMax ?? 2,
        min: 1,
        applicationName: `${name} heartbeat ${this.sessionTag}`,
      }),
    };
  }

  /** Connects once, so that a wrong URL, an old server or a standby is told at once and precisely. */
  async start(): Promise<void> {
    await this.#use('main', (_, session) => {
      if (session.pooled && this.directConnection === this.connection) {
        this.#log.info(
          'the database is reached through a connection pooler: changes are found by polling, unless MUSTER_DIRECT_DATABASE_URL leads past it',
        );
      }
      return Promise.resolve();
    });
  }

  query<Row = Record<string, unknown>>(statement: Sql, options: { readonly pool?: PoolName } = {}): Promise<Result<Row>> {
    const pool = options.pool ?? 'main';
    return this.#use(pool, (client, session) => send<Row>(client, statement, session, this.#queryTimeoutMs[pool]));
  }

  async one<Row = Record<string, unknown>>(statement: Sql, options: { readonly pool?: PoolName } = {}): Promise<Row | undefined> {
    const { rows } = await this.query<Row>(statement, options);
    if (rows.length > 1)
      throw new MusterError('INTERNAL', `A statement that should give one row gave ${rows.length}: ${statement.text.slice(0, 200)}`);
    return rows[0];
  }

  async transaction<T>(work: (tx: Transaction) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    const attempts = options.attempts ?? 1;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#use(options.pool ?? 'main', (client, session) => runTransaction(client, session, this.#limits, options, work));
      } catch (error) {
        if (attempt >= attempts || !isSerializationFailure(error)) throw error;
        // Full jitter: those who collided should not meet again.
        await delay(Math.random() * 10 * 2 ** Math.min(attempt, 6));
      }
    }
  }

  async maintain<Row = Record<string, unknown>>(statement: Sql, limits: MaintenanceLimits): Promise<Result<Row>> {
    const { lockTimeoutMs, signal, statementTimeoutMs } = limits;
    signal?.throwIfAborted();
    const queryTimeoutMs = statementTimeoutMs + READ_GRACE_MS;
    await using dedicated = await openClient(this.directConnection, {
      applicationName: 'muster maintenance',
      limits: { statementTimeoutMs, lockTimeoutMs },
      queryTimeoutMs,
    });
    if (dedicated.session.pooled)
      throw new MusterError('DATABASE_POOLED', 'A pooler stands between: the limits of this statement cannot be set there.', {
        remedy: 'Set MUSTER_DIRECT_DATABASE_URL to the server itself.',
      });
    // The server notices a connection that is gone twice a second.
    const abort = (): void => dedicated.destroy();
    signal?.addEventListener('abort', abort, { once: true });
    const isTooLarge = cutOffBeyond(MOST_MAINTENANCE_BYTES, dedicated);
    try {
      return await send<Row>(dedicated.client, statement, dedicated.session, queryTimeoutMs);
    } catch (error) {
      signal?.throwIfAborted();
      if (isTooLarge())
        throw new MusterError('TOO_LARGE', `the statement gave more than ${MOST_MAINTENANCE_BYTES / 1_048_576} MB, and was cancelled`, {
          remedy: 'Let it give a count, or nothing.',
        });
      throw this.#translated(error);
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  status(): AdapterStatus {
    return { pools: { main: this.#pools.main.figures(), heartbeat: this.#pools.heartbeat.figures() }, session: this.#session };
  }

  pools(): readonly PoolStatus[] {
    return (['main', 'heartbeat'] as const).map((pool) => ({ pool, ...this.#pools[pool].figures() }));
  }

  async stop(): Promise<void> {
    const ended = Promise.all([this.#pools.main.end(), this.#pools.heartbeat.end()]);
    const deadline = new AbortController();
    const late = delay(STOP_DEADLINE_MS, 'late' as const, { signal: deadline.signal, ref: false }).catch(() => undefined);
    if ((await Promise.race([ended, late])) === 'late')
      this.#log.warn({ pools: this.status().pools }, 'database connections were still in use at the deadline');
    deadline.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #use<T>(pool: PoolName, work: Parameters<typeof ConnectionPool.prototype.use<T>>[0]): Promise<T> {
    try {
      return await this.#pools[pool].use((client, session) => {
        this.#session = session;
        return work(client, session);
      });
    } catch (error) {
      throw this.#translated(error);
    }
  }

  #translated(error: unknown): unknown {
    if (!(error instanceof CommitUnknown)) return translate(error, this.connection);
    const { code } = failureOf(error.cause);
    return new MusterError(
      code ?? 'DATABASE_UNREACHABLE',
      'The connection broke during a commit: the change may or may not have been made.',
      {
        remedy: 'Read before you write again.',
        data: { transient: true, outcomeUnknown: true },
        cause: error.cause,
      },
    );
  }
}

/** Ends the connection once it has received more; tells whether it did. */
function cutOffBeyond(most: number, dedicated: DedicatedClient): () => boolean {
  let received = 0;
  dedicated.onReceived((bytes) => {
    received += bytes;
    if (received > most) dedicated.destroy();
  });
  return () => received > most;
}
