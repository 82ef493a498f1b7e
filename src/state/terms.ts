import { agentId, epoch, hostId, type AgentId, type Epoch, type HostId } from '../base/ids.ts';
import type { Database } from '../db/database.ts';
import { sql } from '../db/sql.ts';
import { CURSOR_PART, decodeCursor, encodeCursor } from './rows.ts';
import { whyEnded, whyHere } from './term-reasons.ts';

/** `held`: now. `lost`: its host was lost with it. `released`: its host gave it back. */
export type TermStatus = 'held' | 'released' | 'lost';

/** One time that a host held an agent. */
export interface Term {
  readonly agentId: AgentId;
  readonly epoch: Epoch;
  readonly hostId: HostId;
  readonly hostname: string | null;
  readonly acquiredAt: number;
  /** Null: it is held still. */
  readonly endedAt: number | null;
  readonly status: TermStatus;
  /** Why it ended; null while it is held. */
  readonly reason: string | null;
  /** Why the agent came to this host. */
  readonly movedBecause: string;
}

/** The history of an agent: which hosts held it, from when to when, and why it moved. */
export interface Terms {
  /** Newest first. `cursor` as returned. */
  list(
    agent: AgentId,
    page: { readonly limit: number; readonly cursor?: string },
  ): Promise<{ readonly items: readonly Term[]; readonly nextCursor: string | null }>;
  /** Forgets all but the newest of each agent, and those that ended longer ago than this. */
  prune(keep: number, olderThanMs: number): Promise<number>;
}

interface TermRow {
  readonly agent_id: string;
  readonly epoch: number;
  readonly host_id: string;
  readonly hostname: string | null;
  readonly acquired_at: number;
  readonly is_first: boolean;
  readonly before_status: string;
  readonly before_reason: string | null;
  readonly before_host: string | null;
  readonly before_hostname: string | null;
  readonly ended_at: number | null;
  readonly end_status: string | null;
  readonly end_reason: string | null;
  readonly silent: boolean;
}

export function createTerms(database: Database): Terms {
  return {
    async list(agent, page) {
      const [before] = page.cursor === undefined ? [null] : decodeCursor(page.cursor, [CURSOR_PART.integer]);
      const { rows } = await database.query<TermRow>(sql`
        select t.agent_id, t.epoch::float8 as epoch, t.host_id, t.hostname, (extract(epoch from t.acquired_at) * 1000)::float8 as acquired_at,
          t.is_first, t.before_status, t.before_reason, p.hostname as before_hostname, p.host_id as before_host, (extract(epoch from t.ended_at) * 1000)::float8 as ended_at,
          t.end_status, t.end_reason, coalesce(t.ended_at is null and f.status = 'lost', false) as silent
        from muster.terms t
        left join muster.terms p on p.agent_id = t.agent_id and p.epoch = t.epoch - 1
        left join muster.fleet f on f.agent_id = t.agent_id and f.epoch = t.epoch
        where t.agent_id = ${agent} and (${before}::bigint is null or t.epoch < ${before}::bigint)
        order by t.epoch desc limit ${page.limit}`);
      const last = rows.length === page.limit ? rows.at(-1) : undefined;
      return { items: rows.map(toTerm), nextCursor: last === undefined ? null : encodeCursor([String(last.epoch)]) };
    },

    async prune(keep, olderThanMs) {
      // Epochs of an agent have no gaps: the newest are found by number, without ranking them all.
      const { count } = await database.query(sql`
        delete from muster.terms t using muster.agent_leases l
        where l.agent_id = t.agent_id and t.ended_at is not null
          and (t.epoch <= l.epoch - ${keep} or t.ended_at < clock_timestamp() - ${olderThanMs} * interval '1 millisecond')`);
      return count;
    },
  };
}

/** Several hosts may run on one machine: the beginning of the id tells them apart. */
export const hostName = (hostname: string | null, id: string): string => `${hostname ?? 'a host'} ${id.slice(0, 4)}`;

function toTerm(row: TermRow): Term {
  const ended = row.ended_at !== null;
  return {
    agentId: agentId(row.agent_id),
    epoch: epoch(row.epoch),
    hostId: hostId(row.host_id),
    hostname: row.hostname,
    acquiredAt: row.acquired_at,
    endedAt: row.ended_at,
    status: row.silent || row.end_status === 'lost' ? 'lost' : ended ? 'released' : 'held',
    reason: ended ? whyEnded(row.end_reason) : row.silent ? 'its host is silent, and nobody has taken the agent yet' : null,
    movedBecause: whyHere({
      first: row.is_first,
      status: row.before_status,
      reason: row.before_reason,
      same: row.before_host === row.host_id,
      host: row.before_host === null ? null : hostName(row.before_hostname, row.before_host),
    }),
  };
}
