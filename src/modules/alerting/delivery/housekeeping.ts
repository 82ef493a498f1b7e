import type { AgentSql } from '../../../agent/index.ts';
import { sql } from '../../../db/sql.ts';

/** At once, so that no statement holds others up. */
const MOST_AT_ONCE = 1_000;

/** Gives up what nobody could take in all that time, because its channel is not there or is switched off. Returns how many. */
export async function giveUpOld(agentSql: AgentSql, keepMs: number): Promise<number> {
  const { count } = await agentSql.write(sql`
    update muster.notifications
    set state = 'failed', finished_at = clock_timestamp(),
      last_error = coalesce(last_error, case when exists (select from muster.channels c where c.name = channel)
                                             then 'the channel is switched off' else 'there is no such channel' end)
    where notification_id in (
      select notification_id from muster.notifications
      where state = 'pending' and created_at < clock_timestamp() - ${keepMs} * interval '1 millisecond'
        and not exists (select from muster.channels c where c.name = channel and c.enabled)
      limit ${MOST_AT_ONCE} for update skip locked)`);
  return count;
}

/** Forgets messages that are done with since long, and their attempts. */
export async function pruneFinished(agentSql: AgentSql, keepDays: number): Promise<number> {
  const { count } = await agentSql.write(sql`
    delete from muster.notifications
    where notification_id in (
      select notification_id from muster.notifications
      where created_at < clock_timestamp() - ${keepDays} * interval '1 day' and state in ('delivered', 'failed', 'cancelled')
      order by created_at limit ${MOST_AT_ONCE} for update skip locked)`);
  return count;
}

export interface Backlog {
  readonly channel: string;
  readonly waiting: number;
  readonly oldest_seconds: number;
  readonly failing: boolean;
}

/** What waits, by channel. */
export async function readBacklog(agentSql: AgentSql): Promise<readonly Backlog[]> {
  const { rows } = await agentSql.read<Backlog>(sql`
    select c.name as channel, count(n.notification_id)::int as waiting, c.failing_since is not null as failing,
      coalesce(extract(epoch from clock_timestamp() - min(n.created_at)), 0)::float8 as oldest_seconds
    from muster.channels c
    left join muster.notifications n on n.channel = c.name and n.state in ('pending', 'sending')
    group by c.name, c.failing_since order by c.name limit 1000`);
  return rows;
}
