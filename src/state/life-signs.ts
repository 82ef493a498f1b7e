import type { HostId } from '../base/ids.ts';
import type { Queryable } from '../db/database.ts';
import type { LockRelease } from '../db/lock-watch.ts';
import { sql } from '../db/sql.ts';

/** What the database shows of a host whose watched connection has ended. */
export interface LifeSigns {
  readonly live: boolean;
  readonly processKey: string | null;
  /**
   * Connections of its process that would have ended with it; null where it is not to be judged by them. One that is busy with
   * what it was asked before tells nothing: its server process finds out only when it answers.
   */
  readonly sessions: number | null;
  /** It has beaten after its connection ended. */
  readonly beatenSince: boolean;
  /** It has beaten while we were connected: neither a restart of the server nor our own absence explains its silence. */
  readonly beatenUnderWatch: boolean;
  /** Since its last beat, milliseconds; negative where the clock went back. */
  readonly silentMs: number;
  readonly leaseMs: number;
  /** Its last beat as the database writes it, to the microsecond. */
  readonly lastBeat: string;
}

interface SignsRow {
  readonly live: boolean;
  readonly process_key: string | null;
  readonly sessions: number | null;
  readonly beaten_since: boolean;
  readonly beaten_under_watch: boolean;
  readonly silent_ms: number;
  readonly lease_ms: number;
  readonly last_beat: string;
}

/** A fresh look at one host; undefined where its row is gone. */
export async function readLifeSigns(on: Queryable, host: HostId, release: LockRelease): Promise<LifeSigns | undefined> {
  const { rows } = await on.query<SignsRow>(sql`
    select h.status = 'live' as live, h.process_key,
      case when h.sessions is not null then (
        select count(*)::int from pg_stat_activity a
        where right(a.application_name, length(h.sessions)) = h.sessions
          and not (coalesce(a.state, 'idle') = 'active' and a.query_start < ${release.at}::timestamptz)
      ) end as sessions,
      h.last_beat_at > ${release.at}::timestamptz as beaten_since,
      h.last_beat_at > ${release.connectedAt}::timestamptz as beaten_under_watch,
      (extract(epoch from clock_timestamp() - h.last_beat_at) * 1000)::float8 as silent_ms,
      (extract(epoch from h.expires_at - h.last_beat_at) * 1000)::float8 as lease_ms,
      h.last_beat_at::text as last_beat
    from muster.hosts h where h.host_id = ${host}`);
  const row = rows[0];
  if (row === undefined) return undefined;
  return {
    live: row.live,
    processKey: row.process_key,
    sessions: row.sessions,
    beatenSince: row.beaten_since,
    beatenUnderWatch: row.beaten_under_watch,
    silentMs: row.silent_ms,
    leaseMs: row.lease_ms,
    lastBeat: row.last_beat,
  };
}
