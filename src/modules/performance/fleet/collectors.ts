import { sql } from '../../../db/sql.ts';
import { MOST_SERIES } from '../../../state/metrics/index.ts';
import type { Collector } from '../collector.ts';
import { rowsOf } from '../postgres/server.ts';

/** Agents whose runs are recorded one by one: each is four series. */
const MOST_AGENTS = 200;

/** What the fleet knows of itself. */
export const fleetCollectors = (): readonly Collector[] => [population(), series(), runs(), durations()];

interface CountRow {
  readonly of: 'agents' | 'hosts';
  readonly state: string;
  readonly status: string;
  readonly count: number;
}

function population(): Collector {
  return {
    name: 'fleet',
    tier: 'slow',
    asksDatabase: true,
    async collect(collection) {
      const rows = await rowsOf<CountRow>(
        collection,
        sql`
          select 'agents' as of, state, status, count(*)::int as count from muster.fleet group by state, status
          union all
          select 'hosts', '', status, count(*)::int from muster.hosts where last_beat_at > clock_timestamp() - interval '24 hours' group by status`,
      );
      for (const { of, state, status, count } of rows) {
        if (of === 'agents') collection.record('fleet_agents', count, { state, status });
        else collection.record('fleet_hosts', count, { status });
      }
    },
  };
}

/** Metrics that are recorded one by one, those with the most series. */
const MOST_METRICS = 20;

/** Beyond these limits new series are refused, and whoever sends them may not listen. Counted in the index: 1,000,000 in 0.2 s. */
function series(): Collector {
  return {
    name: 'fleet_series',
    tier: 'rare',
    asksDatabase: true,
    async collect(collection) {
      const rows = await rowsOf<{ readonly metric: string; readonly count: number; readonly total: number }>(
        collection,
        sql`
          select metric_name as metric, count(*)::int as count, (sum(count(*)) over ())::float8 as total
          from muster.series group by metric_name order by count(*) desc, metric_name limit ${MOST_METRICS}`,
      );
      for (const { metric, count } of rows) collection.record('muster_metric_series_ratio', count / MOST_SERIES.ofMetric, { metric });
      collection.record('muster_series_ratio', (rows[0]?.total ?? 0) / MOST_SERIES.ofAll);
    },
  };
}

interface RunsRow {
  readonly agent: string;
  readonly epoch: number;
  readonly runs: number;
  readonly errors: number;
}

function runs(): Collector {
  let last: { readonly byAgent: ReadonlyMap<string, RunsRow>; readonly at: number } | undefined;
  return {
    name: 'fleet_runs',
    tier: 'slow',
    asksDatabase: true,
    async collect(collection) {
      const { record, monotonic } = collection;
      const rows = await rowsOf<RunsRow>(
        collection,
        sql`
          select agent_id as agent, epoch::float8 as epoch, run_count::float8 as runs, error_count::float8 as errors
          from muster.fleet where state = 'active' and host_id is not null order by agent_id limit ${MOST_AGENTS}`,
      );
      for (const row of rows) {
        const labels = { agent: row.agent };
        record('agent_runs_total', row.runs, labels);
        record('agent_errors_total', row.errors, labels);
        const before = last?.byAgent.get(row.agent);
        if (last === undefined || before === undefined || monotonic <= last.at) continue;
        const change = runChange(before, row);
        if (change === undefined) continue;
        record('throughput', (change.runs * 1_000) / (monotonic - last.at), labels);
        record('error_rate', change.runs === 0 ? undefined : change.errors / change.runs, labels);
      }
      last = { byAgent: new Map(rows.map((row) => [row.agent, row])), at: monotonic };
    },
  };
}

/** The fleet measures every run of every agent; here the newest one gets its short name. */
function durations(): Collector {
  let recorded: ReadonlyMap<string, number> = new Map();
  return {
    name: 'fleet_durations',
    tier: 'slow',
    asksDatabase: true,
    async collect({ record, latest }) {
      const succeeded = (await latest('agent_run_seconds')).filter(({ labels }) => labels['outcome'] === 'succeeded').slice(0, MOST_AGENTS);
      for (const { agentId, value, at } of succeeded) {
        if (recorded.get(agentId) !== at) record('response_time', value, { agent: agentId });
      }
      recorded = new Map(succeeded.map(({ agentId, at }) => [agentId, at]));
    },
  };
}

/** Runs that ended between two readings; undefined where the counts restarted. */
export function runChange(before: RunsRow, after: RunsRow): { readonly runs: number; readonly errors: number } | undefined {
  const [ended, failed] = [after.runs - before.runs, after.errors - before.errors];
  return ended < 0 || failed < 0 ? undefined : { runs: ended, errors: Math.min(failed, ended) };
}
