import type { AgentContext } from '../agent/context.ts';
import { sql } from '../db/sql.ts';
import { openHosts } from './open-hosts.ts';
import { whyWaiting } from './waiting-reason.ts';

/** Agents explained in one look; those beyond are explained once these have a place, or are inactive. */
const MOST_AT_ONCE = 1_000;

interface WaitingRow {
  readonly agent_id: string;
  readonly agent_type: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly reason: string | null;
}

/**
 * Writes to each agent that nobody can take why that is so, and tells it once, in an event. Those that
 * somebody can take are only about to be taken.
 */
export async function explainWaiting(ctx: Pick<AgentContext, 'sql'>): Promise<{ readonly waiting: number; readonly unplaceable: number }> {
  const { rows } = await ctx.sql.read<WaitingRow>(sql`
    select a.agent_id, a.agent_type, jsonb_strip_nulls(jsonb_build_object('placement', a.metadata -> 'placement')) as metadata, l.reason
    from muster.agent_leases l join muster.agents a using (agent_id)
    where l.host_id is null and a.state = 'active'
    order by a.agent_id limit ${MOST_AT_ONCE}`);
  if (rows.length === 0) return { waiting: 0, unplaceable: 0 };
  const hosts = await openHosts(ctx, true);
  const unplaceable = rows.flatMap((row) => {
    const reason = whyWaiting({ type: row.agent_type, metadata: row.metadata }, hosts);
    return reason === undefined ? [] : [{ id: row.agent_id, reason, told: row.reason === reason }];
  });
  const news = unplaceable.filter(({ told }) => !told);
  if (news.length > 0) {
    await ctx.sql.write(sql`
      with free as materialized (
        -- Not waited for: one that somebody keeps locked is explained with the next look.
        select agent_id from muster.agent_leases where host_id is null and agent_id = any (${news.map(({ id }) => id)}::text[])
        for no key update skip locked
      ), told as (
        update muster.agent_leases l set reason = news.reason
        from free join unnest(${news.map(({ id }) => id)}::text[], ${news.map(({ reason }) => reason)}::text[]) as news (agent_id, reason)
          using (agent_id)
        where l.agent_id = news.agent_id and l.host_id is null
        returning l.agent_id, l.reason
      )
      insert into muster.events (type, agent_id, data) select 'agent:unplaceable', agent_id, jsonb_build_object('reason', reason) from told`);
  }
  return { waiting: rows.length, unplaceable: unplaceable.length };
}
