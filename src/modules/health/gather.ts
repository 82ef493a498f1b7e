import { z } from 'zod';
import { sql } from '../../db/sql.ts';
import type { AgentContext } from '../../agent/index.ts';
import type { AgentRecord } from '../../state/agents.ts';
import type { SharedState } from '../../state/shared-state.ts';
import { monitorKey } from '../performance/index.ts';
import type { Facts, OtherDatabase } from './facts.ts';
import { Readings, type LatestReading, type MaxAges } from './readings.ts';

/** Agents and series that are judged at most. */
const MOST_AGENTS = 10_000;
const MOST_MONITORS = 50;
const PAGE = 1_000;
/** Of one monitor: more it does not take. */
const MOST_DATABASES = 32;

/** Reads everything that is judged from the truth. */
export async function gather(ctx: Pick<AgentContext, 'sql' | 'fleet' | 'state' | 'signal'>): Promise<Omit<Facts, 'history'>> {
  const { rows } = await ctx.sql.read<{ readonly now: number; readonly in_grace: boolean }>(
    sql`select (extract(epoch from clock_timestamp()) * 1000)::float8 as now, coalesce(bool_or(grace_until > clock_timestamp()), false) as in_grace from muster.fleet_clock`,
  );
  const clock = rows[0] ?? { now: Date.now(), in_grace: true };
  const [agents, paused] = [await agentsDesired(ctx.fleet, 'active'), await agentsDesired(ctx.fleet, 'paused')];
  const hosts = await ctx.fleet.hosts.list();
  const monitorsOf = (all: readonly AgentRecord[]): readonly AgentRecord[] =>
    all.filter(({ type }) => type === 'performance_monitor').slice(0, MOST_MONITORS);
  const latest: LatestReading[] = [];
  const reports: MonitorReport[] = [];
  const reportOf = async ({ agentId }: AgentRecord): Promise<void> => {
    const report = monitorReport.safeParse(await ctx.state.get(monitorKey(agentId)));
    if (report.success) reports.push(report.data);
  };
  for (const monitor of monitorsOf(agents)) {
    ctx.signal.throwIfAborted();
    latest.push(...(await latestOf(ctx.fleet, monitor)));
    await reportOf(monitor);
  }
  // What a paused monitor watches is not measured now: it is unknown, and not gone.
  for (const monitor of monitorsOf(paused)) await reportOf(monitor);
  const maxAges = maxAgesOf(reports.map(({ intervals_ms }) => intervals_ms));
  return {
    now: clock.now,
    inGrace: clock.in_grace,
    agents,
    paused: paused.map(({ agentId }) => agentId),
    hosts,
    readings: new Readings(latest, clock.now, maxAges),
    databases: databasesOf(reports, latest, clock.now, maxAges),
  };
}

async function agentsDesired(fleet: SharedState, state: 'active' | 'paused'): Promise<readonly AgentRecord[]> {
  const agents: AgentRecord[] = [];
  for (let after: string | undefined; agents.length < MOST_AGENTS; after = agents.at(-1)?.agentId) {
    const page = await fleet.agents.list({ state }, after === undefined ? { limit: PAGE } : { limit: PAGE, after });
    agents.push(...page);
    if (page.length < PAGE) break;
  }
  return agents;
}

async function latestOf(fleet: SharedState, { agentId }: AgentRecord): Promise<readonly LatestReading[]> {
  const readings: LatestReading[] = [];
  for (let after: string | undefined; ;) {
    const { items, nextCursor } = await fleet.metrics.latest({ agentId }, after === undefined ? { limit: PAGE } : { limit: PAGE, after });
    readings.push(...items.map(({ metricName, labels, value, at }) => ({ name: metricName, labels, value, at })));
    if (nextCursor === null || items.length === 0) return readings;
    after = nextCursor;
  }
}

/** At the default intervals; a monitor that measures less often says so. */
const SHORTEST_MAX_AGES: MaxAges = { fast: 20_000, slow: 90_000, rare: 900_000 };

/** Three intervals of the slowest monitor. */
function maxAgesOf(intervals: readonly MaxAges[]): MaxAges {
  const age = (tier: keyof MaxAges): number => Math.max(SHORTEST_MAX_AGES[tier], ...intervals.map((each) => 3 * each[tier]));
  return { fast: age('fast'), slow: age('slow'), rare: age('rare') };
}

const milliseconds = z.number().positive().finite();

/** What of a monitor's own report is used; anybody may have written it. */
const monitorReport = z.object({
  intervals_ms: z.object({ fast: milliseconds, slow: milliseconds, rare: milliseconds }),
  databases: z
    .array(
      z.object({
        database: z.string().regex(/^[a-zA-Z0-9_.-]{1,63}$/),
        up: z.boolean(),
        collectors: z.array(z.object({ reason: z.string().nullable() })),
      }),
    )
    .max(MOST_DATABASES)
    .catch([]),
});
type MonitorReport = z.output<typeof monitorReport>;

/** Those that some monitor is told to watch, whether it measures them or not: what is silent must not drop out of the scores. */
function databasesOf(
  reports: readonly MonitorReport[],
  latest: readonly LatestReading[],
  now: number,
  maxAges: MaxAges,
): readonly OtherDatabase[] {
  const reasons = new Map<string, string | null>();
  for (const { database, up, collectors } of reports.flatMap((report) => report.databases))
    reasons.set(database, (up ? null : collectors[0]?.reason) ?? reasons.get(database) ?? null);
  return [...reasons].map(([name, reason]) => ({ name, reason, readings: new Readings(latest, now, maxAges, name) }));
}
