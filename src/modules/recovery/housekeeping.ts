import type { AgentSql } from '../../agent/index.ts';
import { sql } from '../../db/sql.ts';

/** At once, so that no statement holds others up. */
const MOST_AT_ONCE = 1_000;

/** Forgets runs that are long over, with their steps. What is being undone stays. Returns how many. */
export async function pruneRuns(agentSql: Pick<AgentSql, 'write'>, keepDays: number): Promise<number> {
  const { count } = await agentSql.write(sql`
    delete from muster.recovery_runs where run_id in (
      select run_id from muster.recovery_runs
      where proposed_at < clock_timestamp() - ${keepDays} * interval '1 day'
        and state not in ('proposed', 'approved', 'running', 'verifying') and coalesce(undo, '') not in ('requested', 'running')
      order by proposed_at limit ${MOST_AT_ONCE} for update skip locked)`);
  return count;
}
