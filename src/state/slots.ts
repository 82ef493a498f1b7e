import type { Database } from '../db/database.ts';
import { sql } from '../db/sql.ts';
import { fenced, type Fence } from './fence.ts';

/** What the holder of a slot says about it. Everything else about slots is their row in agents, and the triggers on it. */
export interface Slots {
  /** The code cannot run, so the slot is free again, and says why. Throws LEASE_LOST. */
  refuse(fence: Fence, hash: string, reason: string): Promise<void>;
}

export function createSlots(database: Database, changed: () => void): Slots {
  return {
    async refuse(fence, hash, reason) {
      await fenced(database, fence.hostId, [fence], async (tx) => {
        const { count } = await tx.query(sql`update muster.agents a set state = 'inactive' from muster.slots s
          where a.agent_id = ${fence.agentId} and s.agent_id = a.agent_id and s.hash = ${hash} and a.state <> 'inactive'`);
        // It runs something else by now, or nothing: there is nothing to refuse.
        if (count === 0) return;
        await tx.query(sql`update muster.slots set refusal = ${reason} where agent_id = ${fence.agentId}`);
        await tx.query(sql`insert into muster.events (type, agent_id, host_id, epoch, data)
          values ('agent:implementation_failed', ${fence.agentId}, ${fence.hostId}, ${fence.epoch},
                  jsonb_build_object('reason', ${reason}::text, 'hash', ${hash}::text))`);
      });
      changed();
    },
  };
}
