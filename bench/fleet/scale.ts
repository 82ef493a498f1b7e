import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { defaultAgents } from '../../src/cli/runtime/parts.ts';
import type { Database } from '../../src/db/database.ts';
import { sql } from '../../src/db/sql.ts';
import { builtInModules } from '../../src/modules/built-in.ts';
import type { Agents } from '../../src/state/agents.ts';
import { createSharedState } from '../../src/state/create-shared-state.ts';
import type { BenchContext, Measurement } from '../support/bench.ts';
import { processUse, treeCpuMs } from '../support/processes.ts';
import { countStatements, postmasterOf, resetStatements, type StatementCount } from '../support/statements.ts';
import { LaunchedHost } from './launched-host.ts';
import { scaled, type Scenario } from './scenario.ts';

const HOSTS = 10;
const SIZES = [100, 1_000, 10_000] as const;
const LARGEST = 10_000;
const SECONDS: Readonly<Record<(typeof SIZES)[number], number>> = { 100: 60, 1_000: 60, 10_000: 120 };
/** For claims, first beats and the statistics of the planner to be over. */
const SETTLE_SECONDS = 20;
const HELD_WITHIN_MS = 300_000;
const RESTING = fileURLToPath(new URL('./agents/resting.js', import.meta.url));

interface Cost {
  readonly agents: number;
  readonly seconds: number;
  readonly statementsPerSecond: number;
  /** Per cent of a core. */
  readonly databaseCpu: number;
  readonly hostsCpu: number;
  readonly byStatement: readonly StatementCount[];
  readonly updates: number;
  readonly hotShare: number;
  readonly moves: number;
  /** Hosts and agents, since the fleet began. */
  readonly lost: number;
  /** Seconds, the oldest that was seen. */
  readonly oldestHeartbeat: number;
  readonly hostRssMb: number;
}

/** Ten hosts on this machine, and first a hundred, then a thousand, then ten thousand agents that have nothing to do. */
export const scale: Scenario = {
  name: 'scale',
  figures: [
    { id: 'false-deaths', title: '10,000 agents on 10 hosts: hosts and agents declared lost', bar: 0, unit: 'losses', better: 'less' },
    { id: 'hot', title: 'the same: HOT share of updates of leases', bar: 99, unit: '%', better: 'more' },
    { id: 'statements', title: 'the same: statements, transaction control not counted', bar: 20, unit: 'statements/s', better: 'less' },
    { id: 'database-cpu', title: 'the same: PostgreSQL, CPU', bar: 15, unit: '% of a core', better: 'less' },
    { id: 'oldest-heartbeat', title: 'the same: oldest heartbeat of an agent ever seen', unit: 's', better: 'less' },
    { id: 'hosts-cpu', title: 'the same: the ten host processes together, CPU', unit: '% of a core', better: 'less' },
    { id: 'statement-growth', title: 'statements/s at 10,000 agents / at 100', bar: 1.1, unit: 'ratio', better: 'less' },
    { id: 'cpu-growth', title: 'CPU of PostgreSQL an agent, at 10,000 / at 1,000', bar: 1, unit: 'ratio', better: 'less' },
    { id: 'claim-time', title: '9,000 more agents: all claimed and running after', unit: 's', better: 'less' },
  ],
  async run(ctx, factor) {
    const server = await ctx.server();
    const { database, url } = await ctx.database();
    const postmaster = server.embedded === undefined ? undefined : await postmasterOf(database);
    const { agents } = createSharedState(database);
    // Of what comes with Muster the coordinator alone works: the rest measures and judges, which is no cost of the fleet.
    await agents.ensure(
      defaultAgents(builtInModules, false).map((agent) =>
        agent.type === 'agent_coordinator' ? agent : { ...agent, state: 'inactive' as const },
      ),
    );
    const hosts = Array.from({ length: HOSTS }, () => new LaunchedHost(ctx, { url, database, capacity: 1_500, agents: [RESTING] }));
    await Promise.all(hosts.map((host) => host.joined()));
    ctx.say(`  scale: ${HOSTS} hosts have joined`);
    const costs: Cost[] = [];
    let claimSeconds = 0;
    for (const size of SIZES) {
      claimSeconds = await grow(ctx, agents, database, size);
      ctx.say(`  scale: ${size} agents run after ${claimSeconds.toFixed(1)} s`);
      await delay(scaled(SETTLE_SECONDS, factor, 15) * 1_000, undefined, { signal: ctx.signal });
      const seconds = scaled(SECONDS[size], factor, 10);
      const cost = await costAt(ctx, { database, postmaster, hosts, size, seconds });
      costs.push(cost);
      ctx.say(
        `  scale: ${size} agents at rest: ${cost.statementsPerSecond.toFixed(1)} statements/s, PostgreSQL ${cost.databaseCpu.toFixed(1)}%, hosts ${cost.hostsCpu.toFixed(1)}% of a core`,
      );
    }
    if (ctx.shortened)
      for (const { query, calls, ms } of costs
        .at(-1)
        ?.byStatement.toSorted((a, b) => b.ms - a.ms)
        .slice(0, 12) ?? [])
        ctx.say(`    ${Math.round(ms)} ms in ${calls}: ${query}`);
    for (const host of hosts) host.signal('SIGKILL');
    await Promise.all(hosts.map(({ exited }) => exited));
    return measured(costs, claimSeconds);
  },
};

function measured(costs: readonly Cost[], claimSeconds: number): readonly Measurement[] {
  const at = (agents: number): Cost => {
    const cost = costs.find((each) => each.agents === agents);
    if (cost === undefined) throw new Error(`nothing was measured with ${agents} agents`);
    return cost;
  };
  const [small, middle, large] = [at(100), at(1_000), at(LARGEST)];
  const cpuAnAgent = ({ databaseCpu, agents }: Cost): number => databaseCpu / agents;
  return [
    { figure: 'false-deaths', value: large.lost, detail: { hosts: HOSTS, seconds: large.seconds, moved_to_even_out: large.moves } },
    { figure: 'hot', value: large.hotShare, detail: { updates: large.updates } },
    {
      figure: 'statements',
      value: large.statementsPerSecond,
      detail: { counted_by: 'pg_stat_statements', seconds: large.seconds, by_statement: large.byStatement.slice(0, 14) },
    },
    { figure: 'database-cpu', value: large.databaseCpu, detail: { beat_s: 2 } },
    { figure: 'oldest-heartbeat', value: large.oldestHeartbeat },
    { figure: 'hosts-cpu', value: large.hostsCpu, detail: { largest_rss_mb: large.hostRssMb } },
    {
      figure: 'statement-growth',
      value: large.statementsPerSecond / small.statementsPerSecond,
      raw: costs.map((cost) => cost.statementsPerSecond),
      detail: { agents: [...SIZES], a_host: costs.map((cost) => cost.statementsPerSecond / HOSTS) },
    },
    {
      figure: 'cpu-growth',
      value: cpuAnAgent(large) / cpuAnAgent(middle),
      raw: costs.map((cost) => cost.databaseCpu),
      detail: {
        agents: [...SIZES],
        hosts_cpu: costs.map((cost) => cost.hostsCpu),
        from_100_to_1000: cpuAnAgent(middle) / cpuAnAgent(small),
      },
    },
    { figure: 'claim-time', value: claimSeconds },
  ];
}

/** Adds agents until there are so many; returns the seconds until all of them ran. */
async function grow(ctx: BenchContext, agents: Agents, database: Database, size: number): Promise<number> {
  const began = performance.now();
  await agents.ensure(Array.from({ length: size }, (_, n) => ({ agentId: `resting_${n}`, name: `Resting ${n}`, type: 'resting' })));
  for (;;) {
    const row = await database.one<{ running: number }>(sql`
      select /* bench looks */ count(*)::int as running from muster.agent_leases where agent_id like 'resting%' and status = 'running' and host_id is not null`);
    const passed = performance.now() - began;
    if ((row?.running ?? 0) >= size) return passed / 1_000;
    if (passed > HELD_WITHIN_MS) throw new Error(`after ${HELD_WITHIN_MS} ms ${row?.running} of ${size} agents run`);
    ctx.progress(`scale: ${row?.running} of ${size} agents run`);
    await delay(500, undefined, { signal: ctx.signal });
  }
}

interface Setting {
  readonly database: Database;
  readonly postmaster: number | undefined;
  readonly hosts: readonly LaunchedHost[];
  readonly size: number;
  readonly seconds: number;
}

async function costAt(ctx: BenchContext, { database, postmaster, hosts, size, seconds }: Setting): Promise<Cost> {
  const cpuOf = (): { readonly database: number; readonly hosts: number } => ({
    database: postmaster === undefined ? Number.NaN : treeCpuMs(postmaster),
    hosts: hosts.reduce((sum, { pid }) => sum + (processUse(pid)?.cpuMs ?? Number.NaN), 0),
  });
  const before = await factsOf(database);
  await resetStatements(database);
  const [cpu, began] = [cpuOf(), performance.now()];
  let oldest = 0;
  while (performance.now() - began < seconds * 1_000) {
    await delay(Math.min(5_000, seconds * 1_000), undefined, { signal: ctx.signal });
    oldest = Math.max(oldest, await oldestHeartbeat(database));
    ctx.progress(`scale: ${size} agents, ${Math.round((performance.now() - began) / 1_000)} of ${seconds} s`);
  }
  const [after, passedMs] = [cpuOf(), performance.now() - began];
  const byStatement = await countStatements(database);
  const now = await factsOf(database);
  const updates = now.updates - before.updates;
  return {
    agents: size,
    seconds: passedMs / 1_000,
    statementsPerSecond: byStatement.reduce((sum, { calls }) => sum + calls, 0) / (passedMs / 1_000),
    databaseCpu: (100 * (after.database - cpu.database)) / passedMs,
    hostsCpu: (100 * (after.hosts - cpu.hosts)) / passedMs,
    byStatement,
    updates,
    hotShare: (100 * (now.hot - before.hot)) / Math.max(1, updates),
    moves: now.epochs - before.epochs,
    lost: now.lost,
    oldestHeartbeat: oldest,
    hostRssMb: Math.max(...hosts.map(({ pid }) => (processUse(pid)?.rssBytes ?? Number.NaN) / 1e6)),
  };
}

/** Updates of the tables that beats write, the sum of all epochs, and what was declared lost. */
async function factsOf(database: Database) {
  const row = await database.one<{ updates: number; hot: number; epochs: number; lost: number }>(sql`
    select /* bench looks */ sum(n_tup_upd)::float8 as updates, sum(n_tup_hot_upd)::float8 as hot,
      (select sum(epoch)::float8 from muster.agent_leases) as epochs,
      (select count(*)::int from muster.events where type in ('host:lost', 'agent:lost')) as lost
    from pg_stat_user_tables where schemaname = 'muster' and relname in ('agent_leases', 'hosts', 'leases', 'fleet_clock')`);
  if (row === undefined) throw new Error('the server keeps no statistics');
  return row;
}

async function oldestHeartbeat(database: Database): Promise<number> {
  const row = await database.one<{ age: number }>(sql`select /* bench looks */
    extract(epoch from clock_timestamp() - min(last_heartbeat_at))::float8 as age from muster.fleet where host_id is not null`);
  return row?.age ?? Number.NaN;
}
