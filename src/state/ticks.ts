import { agentId, type AgentId, type Epoch, type HostId } from '../base/ids.ts';
import type { Database } from '../db/database.ts';
import { named, sql, type Sql } from '../db/sql.ts';

/** A tick that a holder wants to begin, or, without one, a schedule under which it starts anew. */
export interface TickClaim {
  readonly agentId: AgentId;
  readonly epoch: Epoch;
  /** Milliseconds since 1970; null: nothing is begun, but up to now nothing is owed under this schedule. */
  readonly tick: number | null;
  readonly schedule: string;
}

export interface TickAnswer {
  readonly agentId: AgentId;
  readonly granted: boolean;
  /** How far the agent is, as the database knew it when it was asked. */
  readonly begun: number | null;
  readonly done: number | null;
}

/** The ticks of schedules that may not be begun twice. */
export interface Ticks {
  /**
   * Begins these ticks for the host, each once in the whole fleet: only where the host's lease is live, it holds the agent at
   * this epoch, and the tick is later than the last one begun or is that one and was not completed. Answers for every agent
   * that exists.
   */
  claim(host: HostId, claims: readonly TickClaim[]): Promise<readonly TickAnswer[]>;
}

export function createTicks(database: Database): Ticks {
  return {
    async claim(host, claims) {
      if (claims.length === 0) return [];
      const { rows } = await database.query<{ agent_id: string; granted: boolean; begun: number | null; done: number | null }>(
        claimTicks(host, claims),
      );
      return rows.map((row) => ({ agentId: agentId(row.agent_id), granted: row.granted, begun: row.begun, done: row.done }));
    },
  };
}

/**
 * The host's row is locked as a beat locks it: the two take turns, since each updates many lease rows in an order of its own and
 * they would deadlock; fenced writes go on. Whoever was waited for may have changed the lease rows: the conditions on them are
 * checked again on the newest version of each row.
 */
function claimTicks(host: HostId, claims: readonly TickClaim[]): Sql {
  return named(
    'muster-claim-ticks',
    sql`with me as materialized (
      select host_id from muster.hosts where host_id = ${host}::uuid and status = 'live' and expires_at > clock_timestamp() for no key update
    ), asked as materialized (
      select agent_id, epoch, to_timestamp(tick / 1000) as tick, schedule from unnest(
        ${claims.map((c) => c.agentId)}::text[], ${claims.map((c) => c.epoch)}::bigint[], ${claims.map((c) => c.tick)}::float8[],
        ${claims.map((c) => c.schedule)}::text[]
      ) as a (agent_id, epoch, tick, schedule)
    ), mine as materialized (
      -- Waits for none: who keeps a row locked for long would keep the host from beating.
      select l.agent_id from me, asked a join muster.agent_leases l on l.agent_id = a.agent_id
      where l.host_id = me.host_id and l.epoch = a.epoch
      for no key update of l skip locked
    ), granted as (
      update muster.agent_leases l
      set tick_begun = coalesce(a.tick, l.tick_begun), tick_done = case when a.tick is null then clock_timestamp() else l.tick_done end,
        tick_schedule = a.schedule
      from me, asked a
      where l.agent_id = a.agent_id and l.host_id = me.host_id and l.epoch = a.epoch and l.agent_id in (select agent_id from mine)
        and (a.tick is null or l.tick_begun is null or l.tick_begun < a.tick
          or (l.tick_begun = a.tick and (l.tick_done is null or l.tick_done < l.tick_begun))
          -- Begun by a clock that has been set back since.
          or l.tick_begun > clock_timestamp() + interval '1 minute')
      returning l.agent_id
    )
    select a.agent_id, exists (select from granted g where g.agent_id = a.agent_id) as granted,
      (extract(epoch from l.tick_begun) * 1000)::float8 as begun, (extract(epoch from l.tick_done) * 1000)::float8 as done
    from asked a join muster.agent_leases l on l.agent_id = a.agent_id`,
  );
}
