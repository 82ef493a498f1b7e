import { MusterError } from '../base/errors.ts';
import { agentId } from '../base/ids.ts';
import type { Database } from '../db/database.ts';
import { sql } from '../db/sql.ts';
import type { AgentRecord, Agents } from './agents.ts';
import { fenced, type Fence } from './fence.ts';
import type { Implementations } from './implementations.ts';
import { requireRow } from './rows.ts';

/** The agents that are what their implementation makes them. Plain SQL may do all of this too: triggers see to the rest. */
export interface Slots {
  /**
   * Lets a slot run a registered implementation, by name or name@hash. Without a configuration it keeps its own where it ran
   * the same name before, else it starts with none. Throws NOT_FOUND, or CONFLICT where the agent is no slot.
   */
  activate(slot: string, implementation: string, config?: Readonly<Record<string, unknown>>): Promise<AgentRecord>;
  /** Frees a slot. It remembers what it ran. */
  deactivate(slot: string): Promise<AgentRecord>;
  /** In the name of the host that holds it: the code cannot run, so the slot is free again, and says why. Throws LEASE_LOST. */
  refuse(fence: Fence, hash: string, reason: string): Promise<void>;
}

export function createSlots(
  database: Database,
  { agents, implementations, changed }: { readonly agents: Agents; readonly implementations: Implementations; readonly changed: () => void },
): Slots {
  const slotOf = async (id: string): Promise<AgentRecord> => {
    const agent = requireRow(await agents.get(agentId(id)), `agent ${id}`);
    if (agent.type === 'slot') return agent;
    throw new MusterError('CONFLICT', `agent ${id} is no slot: its type is ${agent.type}`, {
      remedy: 'Start it with `muster agents start`; `muster agents list --type slot` shows the slots.',
    });
  };
  return {
    async activate(id, implementation, config) {
      const slot = await slotOf(id);
      if ((await implementations.find(implementation)) === undefined) {
        throw new MusterError('NOT_FOUND', `there is no implementation "${implementation}"`, {
          remedy: 'Register it first (`muster implementations add ./my-agent.ts`), or name one that `muster implementations list` shows.',
        });
      }
      const kept = nameIn(slot.metadata['implementation']) === nameIn(implementation) ? slot.config : {};
      return agents.update(slot.agentId, {
        state: 'active',
        config: config ?? kept,
        metadata: { ...slot.metadata, implementation },
      });
    },

    async deactivate(id) {
      return agents.setState((await slotOf(id)).agentId, 'inactive');
    },

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

const nameIn = (implementation: unknown): unknown => (typeof implementation === 'string' ? implementation.split('@')[0] : undefined);
