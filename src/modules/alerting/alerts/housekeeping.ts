import type { AgentSql } from '../../../agent/index.ts';
import { sql } from '../../../db/sql.ts';

/** At once, so that no statement holds others up. */
export const MOST_AT_ONCE = 1_000;

type Writes = Pick<AgentSql, 'write'>;

/**
 * Forgets what is long over, a part of it a call: alerts with their transitions, incidents that have no alert left, silences and
 * windows. Returns how many rows went; {@link MOST_AT_ONCE} or more: there may be others.
 */
export async function pruneOver(agentSql: Writes, keepDays: number): Promise<number> {
  const before = sql`clock_timestamp() - ${keepDays} * interval '1 day'`;
  // What was resolved before then was detected before then: the index by time finds it from its old end.
  const alerts = await agentSql.write(sql`
    delete from muster.alerts where alert_id in (
      select alert_id from muster.alerts
      where detected_at < ${before} and state = 'resolved' and resolved_at < ${before}
      order by detected_at limit ${MOST_AT_ONCE} for update skip locked)`);
  const incidents = await agentSql.write(sql`
    delete from muster.incidents where incident_id in (
      select incident_id from muster.incidents i
      where detected_at < ${before} and state = 'resolved' and resolved_at < ${before}
        and not exists (select from muster.alerts a where a.incident_id = i.incident_id)
      order by detected_at limit ${MOST_AT_ONCE} for update skip locked)`);
  const silences = await agentSql.write(sql`
    delete from muster.silences where silence_id in (
      select silence_id from muster.silences where ends_at < ${before} order by ends_at limit ${MOST_AT_ONCE} for update skip locked)`);
  const windows = await agentSql.write(sql`
    delete from muster.maintenance_windows where window_id in (
      select window_id from muster.maintenance_windows where least(deleted_at, ends_at) < ${before}
      limit ${MOST_AT_ONCE} for update skip locked)`);
  return Math.max(alerts.count, incidents.count, silences.count, windows.count);
}
