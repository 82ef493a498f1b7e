import { agentId, type AgentId, type HostId } from '../base/ids.ts';
import type { Database } from '../db/database.ts';
import { sql } from '../db/sql.ts';
import type { EventCursor } from './events.ts';
import { fenced, type Fence } from './fence.ts';

/** The places of agents in the event stream. */
export interface EventCursors {
  /**
   * The places of these agents; one that has none yet begins at `present`. Agents this host does not hold are left out, and
   * those that somebody is about to delete.
   */
  open(host: HostId, agents: readonly Fence[], present: EventCursor): Promise<ReadonlyMap<AgentId, EventCursor>>;
  /** Moves agents on. Those this host no longer holds at their epoch stay where they are, and those whose rows are locked. */
  advance(host: HostId, places: readonly (Fence & { readonly cursor: EventCursor })[]): Promise<void>;
}

export function createEventCursors(database: Database): EventCursors {
  return {
    async open(host, agents, present) {
      if (agents.length === 0) return new Map();
      const { rows } = await fenced(database, host, [], (tx) =>
        tx.query<{ agent_id: string; cursor: string }>(sql`
          with held as (
            select l.agent_id
            from unnest(${agents.map((a) => a.agentId)}::text[], ${agents.map((a) => a.epoch)}::bigint[]) as a (agent_id, epoch)
            join muster.agent_leases l on l.agent_id = a.agent_id and l.host_id = ${host} and l.epoch = a.epoch
            join muster.agents d on d.agent_id = a.agent_id
            -- Whoever is about to delete one must not hold up the others.
            for key share of d skip locked
          ), added as (
            insert into muster.event_cursors (agent_id, cursor) select agent_id, ${present} from held
            on conflict (agent_id) do nothing returning agent_id, cursor
          )
          select agent_id, cursor from added
          union all
          select c.agent_id, c.cursor from muster.event_cursors c join held using (agent_id)`),
      );
      return new Map(rows.map((row) => [agentId(row.agent_id), row.cursor]));
    },

    async advance(host, places) {
      if (places.length === 0) return;
      await fenced(database, host, [], (tx) =>
        tx.query(sql`
          with free as materialized (
            select agent_id from muster.event_cursors where agent_id = any (${places.map((a) => a.agentId)}::text[])
            for no key update skip locked
          )
          update muster.event_cursors c set cursor = a.cursor, updated_at = clock_timestamp()
          from unnest(${places.map((a) => a.agentId)}::text[], ${places.map((a) => a.epoch)}::bigint[], ${places.map((a) => a.cursor)}::text[])
            as a (agent_id, epoch, cursor)
          join muster.agent_leases l on l.agent_id = a.agent_id and l.host_id = ${host} and l.epoch = a.epoch
          where c.agent_id = a.agent_id and c.agent_id in (select agent_id from free)`),
      );
    },
  };
}
