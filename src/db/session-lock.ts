import { createHash } from 'node:crypto';
import { MusterError } from '../base/errors.ts';
import type { PostgresAdapter } from './adapter.ts';
import { openClient, type DedicatedClient } from './client.ts';

/** An advisory lock of the two-number kind: ours have a space of their own, seen as `classid` in pg_locks. */
export interface LockKey {
  readonly space: number;
  readonly key: number;
}

const SPACE = 0x6d757374; // 'must'

/** The lock on a name. Two names that share one (1 in 4 billion) do not harm each other: one of them is not watched. */
export function lockKeyOf(name: string): LockKey {
  return { space: SPACE, key: createHash('sha256').update(name).digest().readInt32BE(0) };
}

/** How long an answer may take, and a connection to open. */
export const ANSWER_MS = 5_000;
/** A server process that waits for us looks so often whether we are still there. */
const LOOK_FOR_CLIENT_MS = 500;

export interface SessionLockOptions {
  readonly database: PostgresAdapter;
  readonly applicationName: string;
  /** The connection of a machine that vanished without a word is ended by the server after this time at the earliest. */
  readonly vanishedMs: number;
  /** How long the server may wait for a lock on this connection. */
  readonly lockTimeoutMs?: number;
}

/**
 * Opens a connection past a pooler whose end is to mean something. Throws DATABASE_POOLED where a pooler is in the way after
 * all: its server connections outlive those who used them.
 */
export async function openLockSession(options: SessionLockOptions): Promise<DedicatedClient> {
  const { applicationName, database, lockTimeoutMs = 0, vanishedMs } = options;
  const connection = await openClient(database.directConnection, {
    applicationName,
    connectTimeoutMs: ANSWER_MS,
    limits: { lockTimeoutMs },
  });
  try {
    if (connection.session.pooled) {
      throw new MusterError('DATABASE_POOLED', 'The death of a host is seen by its connections, and a connection pooler hides them.');
    }
    // Five probes without an answer, and the first of them after two of their intervals.
    const interval = Math.max(1, Math.ceil(vanishedMs / 5_000));
    await connection.client.query({
      text: `select set_config('tcp_keepalives_idle', $1, false), set_config('tcp_keepalives_interval', $2, false),
               set_config('tcp_keepalives_count', '5', false),
               -- Refused where the server's system cannot tell a closed socket while it waits.
               case when version() like '%linux%' then set_config('client_connection_check_interval', $3, false) end`,
      values: [`${interval * 2}`, `${interval}`, `${LOOK_FOR_CLIENT_MS}`],
      query_timeout: ANSWER_MS,
    } as { text: string });
    return connection;
  } catch (error) {
    connection.destroy();
    throw error;
  }
}
