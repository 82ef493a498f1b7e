import type { AgentId, Epoch, HostId } from '../base/ids.ts';
import type { Database } from '../db/database.ts';
import { named, sql } from '../db/sql.ts';
import { createAgentLogs, LEVEL_NUMBERS, type AgentLogs, type LogLevel } from './agent-logs.ts';
import { requireRow } from './rows.ts';
import { createRuns, type RunTriggerName, type Runs, type StoredOutcome } from './runs.ts';
import { createTerms, type Terms } from './terms.ts';

/** A run as its host writes it; without an outcome while it goes on. */
export interface RunEntry {
  readonly runId: string;
  readonly agentId: AgentId;
  readonly epoch: Epoch;
  readonly runNumber: number;
  readonly trigger: RunTriggerName;
  readonly scheduledFor: number | null;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly outcome: Exclude<StoredOutcome, 'lost'> | null;
  readonly durationMs: number | null;
  readonly error: string | null;
  /** JSON. */
  readonly result: string | null;
  readonly linesKept: number;
  readonly linesDropped: number;
}

/** One line of an agent's log as its host writes it. */
export interface LineEntry {
  /** Counts the lines of the host. */
  readonly seq: number;
  readonly at: number;
  readonly agentId: AgentId;
  readonly epoch: Epoch;
  readonly runId: string | null;
  readonly level: LogLevel;
  readonly message: string;
  /** JSON. */
  readonly fields: string | null;
}

export interface LedgerBatch {
  /** No run twice. */
  readonly runs: readonly RunEntry[];
  readonly lines: readonly LineEntry[];
}

/** What agents did and said, and who held them when. */
export interface Ledger {
  /**
   * Writes a batch in one fenced statement. What belongs to agents that the host no longer holds at their epoch is refused,
   * and counted; a batch that comes again changes nothing. Throws LEASE_LOST where the host itself is not live.
   */
  write(host: HostId, batch: LedgerBatch): Promise<{ readonly refusedRuns: number; readonly refusedLines: number }>;
  /** Gives runs their end whose host did not live to tell it. Returns how many. */
  closeLost(): Promise<number>;
  readonly runs: Runs;
  readonly logs: AgentLogs;
  readonly terms: Terms;
}

export function createLedger(database: Database): Ledger {
  return {
    async write(host, batch) {
      const runs = batch.runs.map((r) => ({
        run_id: r.runId,
        agent_id: r.agentId,
        epoch: r.epoch,
        run_number: r.runNumber,
        trigger: r.trigger,
        scheduled_for: r.scheduledFor,
        started_at: r.startedAt,
        ended_at: r.endedAt,
        outcome: r.outcome,
        duration_ms: r.durationMs,
        error: r.error,
        result: r.result,
        lines_kept: r.linesKept,
        lines_dropped: r.linesDropped,
      }));
      const lines = batch.lines.map((l) => ({
        seq: l.seq,
        ts: l.at,
        agent_id: l.agentId,
        epoch: l.epoch,
        run_id: l.runId,
        level: LEVEL_NUMBERS[l.level],
        message: l.message,
        fields: l.fields,
      }));
      const row = requireRow(
        await database.one<{ runs: number; lines: number }>(
          named(
            'muster-write-ledger',
            sql`select runs, lines from muster.write_ledger(${host}::uuid, ${JSON.stringify(runs)}::json, ${JSON.stringify(lines)}::json)`,
          ),
        ),
        'the answer of muster.write_ledger',
      );
      return { refusedRuns: runs.length - row.runs, refusedLines: lines.length - row.lines };
    },

    async closeLost() {
      const row = await database.one<{ closed: number }>(sql`select muster.close_lost_runs() as closed`);
      return row?.closed ?? 0;
    },

    runs: createRuns(database),
    logs: createAgentLogs(database),
    terms: createTerms(database),
  };
}
