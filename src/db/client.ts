import type { Socket } from 'node:net';
import pg from 'pg';
import type { Connection } from './connection.ts';
import { openSession, type SessionFacts, type SessionLimits } from './session.ts';
import { translate } from './translate.ts';
import { tlsFor } from './tls-offer.ts';
import { typeParsers } from './types.ts';

/** A connection of its own, outside the pools: for LISTEN, and for migrations, which may take hours. */
export interface DedicatedClient extends AsyncDisposable {
  readonly client: pg.Client;
  readonly session: SessionFacts;
  /** Closes at once, without waiting for the peer. */
  destroy(): void;
  /** Calls with the size of whatever arrives. */
  onReceived(listener: (bytes: number) => void): void;
}

export interface DedicatedClientOptions {
  readonly applicationName: string;
  readonly connectTimeoutMs?: number;
  /** No limit where left out. */
  readonly limits?: Partial<SessionLimits>;
  /** How long to wait for an answer; 0, the default, is for ever. */
  readonly queryTimeoutMs?: number;
}

/** Opens a connection and sets its session up. Errors are translated. */
export async function openClient(connection: Connection, options: DedicatedClientOptions): Promise<DedicatedClient> {
  const limits = { statementTimeoutMs: 0, lockTimeoutMs: 0, idleInTransactionTimeoutMs: 0, ...options.limits };
  const connectTimeoutMs = options.connectTimeoutMs ?? 5_000;
  const ssl = await tlsFor(connection, connectTimeoutMs).catch((error: unknown) => {
    throw translate(error, connection);
  });
  const client = new pg.Client({
    host: connection.host,
    port: connection.port,
    user: connection.user,
    password: connection.password,
    database: connection.database,
    ssl,
    application_name: options.applicationName,
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: options.queryTimeoutMs ?? 0,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types: typeParsers,
  });
  // The statement under way rejects by itself; without a listener an idle connection that breaks would end the process.
  client.on('error', () => undefined);
  const stream = (): Socket => (client as unknown as { readonly connection: { readonly stream: Socket } }).connection.stream;
  const destroy = (): void => void stream().destroy();
  const onReceived: DedicatedClient['onReceived'] = (listener) => void stream().on('data', ({ length }: Buffer) => listener(length));
  try {
    await client.connect();
    const session = await openSession(client, limits, connectTimeoutMs);
    return { client, session, destroy, onReceived, [Symbol.asyncDispose]: () => close(client, destroy) };
  } catch (error) {
    destroy();
    throw translate(error, connection);
  }
}

/** Says goodbye, but does not wait for a peer that is gone. */
async function close(client: pg.Client, destroy: () => void): Promise<void> {
  const timer = setTimeout(destroy, 1_000);
  await client.end().finally(() => clearTimeout(timer));
}
