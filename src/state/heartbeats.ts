import { agentId, type AgentId } from '../base/ids.ts';
import type { Database } from '../db/database.ts';
import { sql } from '../db/sql.ts';
import { CURSOR_PART, decodeCursor, encodeCursor } from './rows.ts';
import type { AgentStatus } from './agents.ts';

export interface HeartbeatRecord {
  readonly agentId: AgentId;
  readonly timestamp: number;
  readonly status: AgentStatus;
  readonly healthScore: number | null;
  readonly metrics: Readonly<Record<string, unknown>> | null;
}

/** Heartbeat history: one row an agent and minute, one for each change of status. Hosts write it with their beats. */
export interface Heartbeats {
  /** Newest first. `cursor` as returned. */
  list(
    filter: { readonly agentId?: AgentId; readonly from?: number; readonly to?: number },
    page: { readonly limit: number; readonly cursor?: string },
  ): Promise<{ readonly items: readonly HeartbeatRecord[]; readonly nextCursor: string | null }>;
}

export function createHeartbeats(database: Database): Heartbeats {
  return {
    async list(filter, page) {
      const [beforeMs, beforeId] =
        page.cursor === undefined ? [null, null] : decodeCursor(page.cursor, [CURSOR_PART.timestamp, CURSOR_PART.integer]);
      const { rows } = await database.query<{
        id: string;
        agent_id: string;
        at: string;
        ms: number;
        status: AgentStatus;
        health_score: number | null;
        metrics: Record<string, unknown> | null;
      }>(sql`
        select id::text, agent_id, "timestamp"::text as at, (extract(epoch from "timestamp") * 1000)::float8 as ms, status,
          health_score::float8 as health_score, metrics
        from muster.heartbeats
        where (${filter.agentId ?? null}::text is null or agent_id = ${filter.agentId ?? null})
          and "timestamp" >= to_timestamp(${(filter.from ?? 0) / 1000}::float8)
          and (${filter.to ?? null}::float8 is null or "timestamp" < to_timestamp(${filter.to ?? null}::float8 / 1000))
          and (${beforeMs}::text is null or ("timestamp", id) < (${beforeMs}::timestamptz, ${beforeId}::bigint))
        order by "timestamp" desc, id desc
        limit ${page.limit}`);
      const last = rows.length === page.limit ? rows.at(-1) : undefined;
      return {
        items: rows.map((r) => ({
          agentId: agentId(r.agent_id),
          timestamp: r.ms,
          status: r.status,
          healthScore: r.health_score,
          metrics: r.metrics,
        })),
        nextCursor: last === undefined ? null : encodeCursor([last.at, last.id]),
      };
    },
  };
}
