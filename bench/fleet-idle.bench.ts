import { setTimeout as delay } from 'node:timers/promises';
import { defineAgent } from '../src/agent/define-agent.ts';
import type { Database } from '../src/db/database.ts';
import { sql } from '../src/db/sql.ts';
import { WakeUps } from '../src/db/wake-ups.ts';
import { FleetHost } from '../src/fleet/host.ts';
import { createSharedState } from '../src/state/create-shared-state.ts';
import type { Bench, Measurement } from './support/bench.ts';
import { processUse, treeCpuMs } from './support/processes.ts';
import { countStatements, postmasterOf, resetStatements } from './support/statements.ts';

const AGENTS = 1_000;
const BEAT_MS = 2_000;
const SETTLE_MS = 15_000;
const SAMPLE_MS = 5_000;
const MEGABYTE = 1_000_000;
/** Tables that change with every beat, which bloat would show in. */
const HOT_TABLES = ['agent_leases', 'hosts', 'leases', 'fleet_clock'];

/** An agent as most are: looks every half minute, notes a figure, is otherwise asleep. */
const sleeper = defineAgent({
  type: 'sleeper',
  name: 'Sleeper',
  description: 'Notes one figure every 30 seconds.',
  schedule: { every: '30s' },
  run: (ctx) => Promise.resolve(ctx.metric('sleeper_runs', ctx.runNumber)),
});

/** What it costs to keep a thousand agents alive in one host: statements, table versions, heaps, CPU. */
export const bench: Bench = {
  name: 'fleet-idle',
  title: `${AGENTS} agents in one host, beat 2 s, each running every 30 s with one metric`,
  seconds: 600,
  figures: [
    { id: 'statements', title: 'statements, transaction control not counted', bar: 5, unit: 'statements/s', better: 'less' },
    { id: 'hot', title: 'HOT share of updates of leases', bar: 99, unit: '%', better: 'more' },
    { id: 'heap-growth', title: 'heap of the lease tables, growth since a tenth of the time', bar: 5, unit: '%', better: 'less' },
    { id: 'missed-beats', title: 'beats that came more than half a period late', bar: 0, unit: 'beats', better: 'less' },
    { id: 'host-cpu', title: 'host process, CPU', unit: '% of a core', better: 'less' },
    { id: 'postgres-cpu', title: 'PostgreSQL, CPU', unit: '% of a core', better: 'less' },
    { id: 'host-rss', title: 'host process, resident memory (most)', unit: 'MB', better: 'less' },
    { id: 'stale', title: 'oldest heartbeat of an agent ever seen', unit: 's', better: 'less' },
  ],
  async run(ctx) {
    const server = await ctx.server();
    const { database } = await ctx.database();
    const wake = new WakeUps(database, { log: ctx.log });
    await wake.start();
    ctx.defer(() => wake.stop());
    const state = createSharedState(database, { wake });
    await state.agents.ensure(
      Array.from({ length: AGENTS }, (_, n) => ({ agentId: `sleeper_${n}`, name: `Sleeper ${n}`, type: 'sleeper' })),
    );
    const host = new FleetHost({ state, wake, types: [sleeper], capacity: AGENTS, beatMs: BEAT_MS, version: 'bench', log: ctx.log });
    await host.start();
    ctx.defer(() => host.stop());
    await delay(SETTLE_MS, undefined, { signal: ctx.signal });
    if (host.status?.agents !== AGENTS) throw new Error(`the host runs ${host.status?.agents} agents, not ${AGENTS}`);

    const postmaster = server.embedded === undefined ? undefined : await postmasterOf(database);
    await resetStatements(database);
    const cpu = { host: process.cpuUsage(), postgres: postmaster === undefined ? 0 : treeCpuMs(postmaster) };
    const updates = await updatesOf(database);
    const missed = host.status.beats.missed;
    const began = performance.now();
    const heaps: number[] = [];
    const rss: number[] = [];
    const ages: number[] = [];
    while (performance.now() - began < ctx.seconds * 1_000) {
      await delay(SAMPLE_MS, undefined, { signal: ctx.signal });
      heaps.push(await heapOf(database));
      ages.push(await oldestHeartbeat(database));
      rss.push((processUse(process.pid)?.rssBytes ?? Number.NaN) / MEGABYTE);
      ctx.progress(`${Math.round((performance.now() - began) / 1_000)} of ${ctx.seconds} s`);
    }
    const passedMs = performance.now() - began;
    const used = process.cpuUsage(cpu.host);
    const after = await updatesOf(database);
    const statements = await countStatements(database);
    const total = statements.reduce((sum, { calls }) => sum + calls, 0);
    const settled = heaps[Math.floor(heaps.length / 10)] ?? Number.NaN;
    const end = host.status;
    const result: Measurement[] = [
      {
        figure: 'statements',
        value: total / (passedMs / 1_000),
        detail: {
          counted_by: 'pg_stat_statements',
          calls: total,
          seconds: Math.round(passedMs / 1_000),
          by_statement: statements.slice(0, 12),
        },
      },
      {
        figure: 'hot',
        value: (100 * (after.hot - updates.hot)) / Math.max(1, after.all - updates.all),
        detail: { updates: after.all - updates.all },
      },
      { figure: 'heap-growth', value: (100 * (Math.max(...heaps) - settled)) / settled, raw: heaps },
      {
        figure: 'missed-beats',
        value: end.beats.missed - missed,
        detail: { ...end.beats, samples: end.outbox.samples, faults: end.faults },
      },
      { figure: 'host-cpu', value: (used.user + used.system) / 10 / passedMs, detail: { observer_included: true } },
      { figure: 'host-rss', value: Math.max(...rss), raw: rss },
      { figure: 'stale', value: Math.max(...ages), raw: ages },
    ];
    if (postmaster !== undefined) result.push({ figure: 'postgres-cpu', value: (100 * (treeCpuMs(postmaster) - cpu.postgres)) / passedMs });
    return result;
  },
};

async function updatesOf(database: Database): Promise<{ readonly all: number; readonly hot: number }> {
  const row = await database.one<{
    all: number;
    hot: number;
  }>(sql`select /* bench looks */ sum(n_tup_upd)::float8 as all, sum(n_tup_hot_upd)::float8 as hot
    from pg_stat_user_tables where schemaname = 'muster' and relname = any (${HOT_TABLES}::text[])`);
  return row ?? { all: 0, hot: 0 };
}

async function heapOf(database: Database): Promise<number> {
  const row = await database.one<{
    bytes: number;
  }>(sql`select /* bench looks */ sum(pg_relation_size(format('muster.%I', name)::regclass))::float8 as bytes
    from unnest(${HOT_TABLES}::text[]) as name`);
  return row?.bytes ?? Number.NaN;
}

async function oldestHeartbeat(database: Database): Promise<number> {
  const row = await database.one<{ age: number }>(sql`select /* bench looks */
    extract(epoch from clock_timestamp() - min(last_heartbeat_at))::float8 as age from muster.fleet where host_id is not null`);
  return row?.age ?? Number.NaN;
}
