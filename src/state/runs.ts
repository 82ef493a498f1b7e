import { agentId, epoch, hostId, type AgentId, type Epoch, type HostId } from '../base/ids.ts';
import type { Database } from '../db/database.ts';
import { raw, sql } from '../db/sql.ts';
import { CURSOR_PART, decodeCursor, encodeCursor } from './rows.ts';

export type RunTriggerName = 'schedule' | 'command' | 'event' | 'first';
/** `lost`: its host was lost, or let the agent go, before the run had ended. */
export type StoredOutcome = 'succeeded' | 'failed' | 'timed_out' | 'interrupted' | 'lost';
export type RunOutcomeName = StoredOutcome | 'running';
export const RUN_OUTCOMES = [
  'running',
  'succeeded',
  'failed',
  'timed_out',
  'interrupted',
  'lost',
] as const satisfies readonly RunOutcomeName[];

/** One run of an agent. Times are milliseconds since 1970. */
export interface RunRow {
  readonly runId: string;
  readonly agentId: AgentId;
  readonly hostId: HostId;
  /** Null where the host is forgotten. */
  readonly hostname: string | null;
  readonly epoch: Epoch;
  /** Counts the runs under this epoch. */
  readonly runNumber: number;
  readonly trigger: RunTriggerName;
  readonly scheduledFor: number | null;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly outcome: RunOutcomeName;
  readonly durationMs: number | null;
  readonly error: string | null;
  readonly result: unknown;
  readonly linesKept: number;
  readonly linesDropped: number;
}

export interface Runs {
  /** Newest first. `cursor` as returned. */
  list(
    filter: { readonly agentId?: AgentId; readonly outcome?: RunOutcomeName; readonly from?: number; readonly to?: number },
    page: { readonly limit: number; readonly cursor?: string },
  ): Promise<{ readonly items: readonly RunRow[]; readonly nextCursor: string | null }>;
  get(runId: string): Promise<RunRow | undefined>;
}

interface Columns {
  readonly run_id: string;
  readonly agent_id: string;
  readonly host_id: string;
  readonly hostname: string | null;
  readonly epoch: number;
  readonly run_number: number;
  readonly trigger: RunTriggerName;
  readonly scheduled_for: number | null;
  readonly started: string;
  readonly started_at: number;
  readonly ended_at: number | null;
  readonly outcome: RunOutcomeName;
  readonly duration_ms: number | null;
  readonly error: string | null;
  readonly result: unknown;
  readonly lines_kept: number;
  readonly lines_dropped: number;
}

/**
 * A run without an outcome goes on only while its host is live and holds the agent at its epoch: as in muster.fleet, not in
 * doubt during the first seconds of a server that was away.
 */
const OUTCOME = raw(`coalesce(r.outcome, case
  when l.agent_id is null then 'lost'
  when (h.host_id is null or h.status <> 'live' or h.expires_at < clock_timestamp())
    and pg_postmaster_start_time() < clock_timestamp() - interval '10 seconds' then 'lost'
  else 'running' end)`);

const SELECT = sql`select r.run_id, r.agent_id, r.host_id, h.hostname, r.epoch::float8 as epoch, r.run_number::float8 as run_number, r.trigger,
    (extract(epoch from r.scheduled_for) * 1000)::float8 as scheduled_for, r.started_at::text as started,
    (extract(epoch from r.started_at) * 1000)::float8 as started_at, (extract(epoch from r.ended_at) * 1000)::float8 as ended_at,
    ${OUTCOME} as outcome, r.duration_ms, r.error, r.result, r.lines_kept, r.lines_dropped
  from muster.runs r
  left join muster.hosts h on h.host_id = r.host_id
  left join muster.agent_leases l on l.agent_id = r.agent_id and l.host_id = r.host_id and l.epoch = r.epoch`;

export function createRuns(database: Database): Runs {
  return {
    async list(filter, page) {
      const [before, beforeId] =
        page.cursor === undefined ? [null, null] : decodeCursor(page.cursor, [CURSOR_PART.timestamp, CURSOR_PART.uuid]);
      const outcome = filter.outcome ?? null;
      // One that has no outcome yet is running or lost: only of those it takes the holder to tell.
      const stored = outcome === null || outcome === 'running' ? null : outcome;
      const { rows } = await database.query<Columns>(sql`${SELECT}
        where (${filter.agentId ?? null}::text is null or r.agent_id = ${filter.agentId ?? null})
          and (${stored}::text is null or r.outcome = ${stored} or (${stored} = 'lost' and r.outcome is null))
          and (${outcome}::text is null or ${OUTCOME} = ${outcome})
          and r.started_at >= to_timestamp(${(filter.from ?? 0) / 1000}::float8)
          and (${filter.to ?? null}::float8 is null or r.started_at < to_timestamp(${filter.to ?? null}::float8 / 1000))
          and (${before}::text is null or (r.started_at, r.run_id) < (${before}::timestamptz, ${beforeId}::uuid))
        order by r.started_at desc, r.run_id desc
        limit ${page.limit}`);
      const last = rows.length === page.limit ? rows.at(-1) : undefined;
      return { items: rows.map(toRun), nextCursor: last === undefined ? null : encodeCursor([last.started, last.run_id]) };
    },

    async get(runId) {
      const row = await database.one<Columns>(sql`${SELECT} where r.run_id = ${runId}::uuid`);
      return row === undefined ? undefined : toRun(row);
    },
  };
}

const toRun = (row: Columns): RunRow => ({
  runId: row.run_id,
  agentId: agentId(row.agent_id),
  hostId: hostId(row.host_id),
  hostname: row.hostname,
  epoch: epoch(row.epoch),
  runNumber: row.run_number,
  trigger: row.trigger,
  scheduledFor: row.scheduled_for,
  startedAt: row.started_at,
  endedAt: row.ended_at,
  outcome: row.outcome,
  durationMs: row.duration_ms,
  error: row.error,
  result: row.result ?? null,
  linesKept: row.lines_kept,
  linesDropped: row.lines_dropped,
});
