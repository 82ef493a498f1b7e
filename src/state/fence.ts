import type { AgentId, Epoch, HostId } from '../base/ids.ts';
import type { Database, Transaction, TransactionOptions } from '../db/database.ts';
import { sql } from '../db/sql.ts';

/** In whose name a write is made. Every write on an agent's behalf takes one; there is no way to write without. */
export interface Fence {
  readonly hostId: HostId;
  readonly agentId: AgentId;
  readonly epoch: Epoch;
}

/**
 * Runs `work` in a transaction that holds the host's row FOR KEY SHARE, after it has proved that every fence is current.
 * Whoever takes an agent away needs that row FOR UPDATE and so waits for `work`, or has gone before and the proof fails:
 * no write of a former holder is ever accepted. Beats are not held up: they update the row without its key.
 * Throws LEASE_LOST, with nothing written.
 */
export async function fenced<T>(
  database: Database,
  host: HostId,
  fences: readonly Fence[],
  work: (tx: Transaction) => Promise<T>,
  options?: TransactionOptions,
): Promise<T> {
  return database.transaction(async (tx) => {
    await tx.query(sql`select muster.fence(${host}, ${fences.map((f) => f.agentId)}::text[], ${fences.map((f) => f.epoch)}::bigint[])`);
    return work(tx);
  }, options);
}
