import type { Database } from '../db/database.ts';
import { dropPartitions, ensurePartitions } from '../db/partitions.ts';
import { sql } from '../db/sql.ts';
import type { KnownTypes } from './agent-types.ts';
import type { Commands } from './commands.ts';
import type { Hosts } from './hosts.ts';
import type { Ledger } from './ledger.ts';

/** Work that one host at a time does for all: rollups, compaction, partitions ahead, retention, sweeping. */
export interface MaintenanceJob {
  /** Unique; the job runs under the lease `job:<name>`. */
  readonly name: string;
  readonly everyMs: number;
  /** Idempotent and resumable: it may be cut off at any point and run again elsewhere. */
  run(signal: AbortSignal): Promise<void>;
}

/** How long what happened is kept, whole days. */
export interface HistoryRetention {
  readonly eventDays: number;
  readonly heartbeatDays: number;
  /** Finished commands. */
  readonly commandDays: number;
  /** Hosts that are gone. */
  readonly hostDays: number;
  /** The ledger of runs. */
  readonly runDays: number;
  /** What agents say. */
  readonly logDays: number;
  /** Which hosts held an agent, and why it moved; of each agent the newest {@link TERMS_AN_AGENT} at most. */
  readonly termDays: number;
}

export const DEFAULT_RETENTION: HistoryRetention = {
  eventDays: 30,
  heartbeatDays: 30,
  commandDays: 30,
  hostDays: 7,
  runDays: 7,
  logDays: 7,
  termDays: 90,
};

export const TERMS_AN_AGENT = 200;

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** The jobs of the fleet's own tables. */
export function fleetMaintenance(
  database: Database,
  on: { readonly commands: Commands; readonly hosts: Hosts; readonly ledger: Ledger; readonly types: KnownTypes },
  retention: HistoryRetention,
): readonly MaintenanceJob[] {
  return [
    {
      name: 'partitions',
      everyMs: HOUR_MS,
      async run() {
        await ensurePartitions(database);
      },
    },
    {
      name: 'commands',
      everyMs: 10_000,
      async run() {
        await on.commands.sweep();
      },
    },
    {
      // Readers see at once that such a run is lost; this only writes it down.
      name: 'lost_runs',
      everyMs: 60_000,
      async run() {
        await on.ledger.closeLost();
      },
    },
    {
      name: 'retention',
      everyMs: HOUR_MS,
      async run(signal) {
        await dropPartitions(database, 'events', retention.eventDays);
        signal.throwIfAborted();
        await dropPartitions(database, 'heartbeats', retention.heartbeatDays);
        signal.throwIfAborted();
        await dropPartitions(database, 'runs', retention.runDays);
        signal.throwIfAborted();
        await dropPartitions(database, 'agent_logs', retention.logDays);
        signal.throwIfAborted();
        // Of hosts whose clock was far off.
        await database.query(sql`delete from muster.runs_default where not started_at between clock_timestamp() - ${retention.runDays} * interval '1 day'
          and clock_timestamp() + interval '7 days'`);
        await database.query(sql`delete from muster.agent_logs_default where not ts between clock_timestamp() - ${retention.logDays} * interval '1 day'
          and clock_timestamp() + interval '7 days'`);
        await on.ledger.terms.prune(TERMS_AN_AGENT, retention.termDays * DAY_MS);
        await on.hosts.prune(retention.hostDays * DAY_MS);
        await on.types.forget();
        await database.query(sql`delete from muster.commands
          where state in ('done', 'failed', 'expired') and finished_at < clock_timestamp() - ${retention.commandDays} * interval '1 day'`);
        await database.query(sql`delete from muster.sessions where expires_at < now()`);
        await database.query(sql`delete from muster.sign_in_links where expires_at < now() - interval '1 day'`);
      },
    },
  ];
}
