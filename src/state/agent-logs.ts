import { agentId, epoch, hostId, type AgentId, type Epoch, type HostId } from '../base/ids.ts';
import type { Database } from '../db/database.ts';
import { sql } from '../db/sql.ts';
import { CURSOR_PART, decodeCursor, encodeCursor } from './rows.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
/** As stored: a filter "at least" is a comparison. */
export const LEVEL_NUMBERS: Readonly<Record<LogLevel, number>> = { debug: 10, info: 20, warn: 30, error: 40 };

/** One line that an agent said. */
export interface LogLine {
  /** Unique in the fleet. */
  readonly id: string;
  readonly at: number;
  readonly agentId: AgentId;
  readonly hostId: HostId;
  readonly epoch: Epoch;
  /** Null: outside of a run, in startup, shutdown or a command. */
  readonly runId: string | null;
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>> | null;
}

export interface LogFilter {
  readonly agentId?: AgentId;
  readonly runId?: string;
  /** This level and above. */
  readonly level?: LogLevel;
  /** Part of the message or the fields, any case. */
  readonly search?: string;
  readonly from?: number;
  readonly to?: number;
}

export interface AgentLogs {
  /** Newest first. `cursor` as returned. */
  list(
    filter: LogFilter,
    page: { readonly limit: number; readonly cursor?: string },
  ): Promise<{ readonly items: readonly LogLine[]; readonly nextCursor: string | null }>;
}

interface LineRow {
  readonly ts: string;
  readonly at: number;
  readonly host_id: string;
  readonly seq: string;
  readonly agent_id: string;
  readonly epoch: number;
  readonly run_id: string | null;
  readonly level: number;
  readonly message: string;
  readonly fields: Record<string, unknown> | null;
}

export function createAgentLogs(database: Database): AgentLogs {
  return {
    async list(filter, page) {
      const [before, beforeHost, beforeSeq] =
        page.cursor === undefined
          ? [null, null, null]
          : decodeCursor(page.cursor, [CURSOR_PART.timestamp, CURSOR_PART.uuid, CURSOR_PART.integer]);
      const least = filter.level === undefined ? 0 : LEVEL_NUMBERS[filter.level];
      const { rows } = await database.query<LineRow>(sql`
        select g.ts::text as ts, (extract(epoch from g.ts) * 1000)::float8 as at, g.host_id, g.seq::text as seq, g.agent_id,
          g.epoch::float8 as epoch, g.run_id, g.level, g.message, g.fields
        from muster.agent_logs g
        where (${filter.agentId ?? null}::text is null or g.agent_id = ${filter.agentId ?? null})
          and (${filter.runId ?? null}::uuid is null or g.run_id = ${filter.runId ?? null}::uuid)
          and g.level >= ${least}
          and (${filter.search ?? null}::text is null
            or strpos(lower(g.message), lower(${filter.search ?? null})) > 0 or strpos(lower(g.fields::text), lower(${filter.search ?? null})) > 0)
          and g.ts >= to_timestamp(${(filter.from ?? 0) / 1000}::float8)
          and (${filter.to ?? null}::float8 is null or g.ts < to_timestamp(${filter.to ?? null}::float8 / 1000))
          and (${before}::text is null or (g.ts, g.host_id, g.seq) < (${before}::timestamptz, ${beforeHost}::uuid, ${beforeSeq}::bigint))
        order by g.ts desc, g.host_id desc, g.seq desc
        limit ${page.limit}`);
      const last = rows.length === page.limit ? rows.at(-1) : undefined;
      return { items: rows.map(toLine), nextCursor: last === undefined ? null : encodeCursor([last.ts, last.host_id, last.seq]) };
    },
  };
}

const toLine = (row: LineRow): LogLine => ({
  id: `${row.host_id}:${row.seq}`,
  at: row.at,
  agentId: agentId(row.agent_id),
  hostId: hostId(row.host_id),
  epoch: epoch(row.epoch),
  runId: row.run_id,
  level: LOG_LEVELS[row.level / 10 - 1] ?? 'info',
  message: row.message,
  fields: row.fields,
});
