import { silentLogger } from '../src/base/logger.ts';
import type { AgentSql } from '../src/agent/context.ts';
import type { PostgresAdapter } from '../src/db/adapter.ts';
import { raw, sql } from '../src/db/sql.ts';
import { isOwnInterval, OWN_INTERVALS_MS } from '../src/modules/metric.ts';
import type { Collector } from '../src/modules/performance/collector.ts';
import { postgresCollectors, surveyCollectors } from '../src/modules/performance/postgres/collectors.ts';
import { ADVISOR_TIMEOUT_MS } from '../src/modules/performance/postgres/server.ts';
import { Rounds } from '../src/modules/performance/rounds.ts';
import type { Bench, BenchContext } from './support/bench.ts';
import { median } from './support/percentiles.ts';
import { treeCpuMs } from './support/processes.ts';

const TABLES = 500;
const INDEXES_A_TABLE = 4;
const ROWS_A_TABLE = 200;
/** The intervals of the configuration, as they are by default. */
const INTERVALS = { fast: 5_000, slow: 30_000, rare: 300_000 };
const STATEMENT_TIMEOUT_MS = 2_000;
const TOP = 20;
/** Processor time is told in steps of 10 ms, so a check is repeated until it has taken a while. */
const FEWEST_RUNS = 5;
const MOST_RUNS = 200;

interface Cost {
  readonly name: string;
  readonly everyMs: number;
  readonly runs: number;
  readonly wallMs: readonly number[];
  readonly databaseMs: number;
  readonly hostMs: number;
  readonly samples: number;
}

/** What the whole catalogue costs at the default intervals, from the cost of each check and how often it runs. */
export const bench: Bench = {
  name: 'collection',
  title: `the PostgreSQL catalogue over ${TABLES} tables and ${TABLES * INDEXES_A_TABLE} indexes, at the default intervals`,
  seconds: 90,
  figures: [
    { id: 'cpu', title: 'all checks, CPU of PostgreSQL and host together', bar: 1, unit: '% of a core', better: 'less' },
    { id: 'database-cpu', title: 'of it PostgreSQL', unit: '% of a core', better: 'less' },
    { id: 'host-cpu', title: 'of it the host process', unit: '% of a core', better: 'less' },
    { id: 'timeout-share', title: 'the slowest run of any check, of its time-out', bar: 100, unit: '%', better: 'less' },
    { id: 'slowest', title: 'the slowest check, median', unit: 'ms', better: 'less' },
    { id: 'samples', title: 'samples', unit: 'a second', better: 'less' },
  ],
  async run(ctx) {
    const { embedded } = await ctx.server();
    if (embedded === undefined) throw new Error('the processor time of a server elsewhere cannot be read: unset MUSTER_BENCH_DATABASE_URL');
    const { database } = await ctx.database({ poolMax: 2 });
    await makeSchema(ctx, database);
    const collectors = [...postgresCollectors({ host: 'bench' }), ...surveyCollectors(TOP)];
    const costs: Cost[] = [];
    for (const collector of collectors) {
      ctx.progress(`${costs.length} of ${collectors.length}: ${collector.name}`);
      costs.push(await costOf(collector, database, embedded.pid, (ctx.seconds * 1_000) / collectors.length, ctx.signal));
    }
    const share = (of: (cost: Cost) => number): number => costs.reduce((sum, cost) => sum + (100 * of(cost)) / cost.everyMs, 0);
    const [databaseShare, hostShare] = [share(({ databaseMs }) => databaseMs), share(({ hostMs }) => hostMs)];
    const slowest = costs.toSorted((a, b) => median(b.wallMs) - median(a.wallMs));
    const timeoutShare = (cost: Cost): number => (100 * Math.max(...cost.wallMs)) / timeoutOf(cost);
    const closest = costs.toSorted((a, b) => timeoutShare(b) - timeoutShare(a))[0];
    return [
      {
        figure: 'cpu',
        value: databaseShare + hostShare,
        detail: {
          tables: TABLES,
          indexes: TABLES * INDEXES_A_TABLE,
          checks: Object.fromEntries(
            costs.map(({ name, everyMs, runs, wallMs, databaseMs, hostMs, samples }) => [
              name,
              {
                every_s: everyMs / 1_000,
                runs,
                median_ms: round(median(wallMs)),
                max_ms: round(Math.max(...wallMs)),
                database_cpu_ms: round(databaseMs),
                host_cpu_ms: round(hostMs),
                samples,
              },
            ]),
          ),
        },
      },
      { figure: 'database-cpu', value: databaseShare },
      { figure: 'host-cpu', value: hostShare },
      { figure: 'timeout-share', value: closest === undefined ? Number.NaN : timeoutShare(closest), detail: { check: closest?.name } },
      { figure: 'slowest', value: median(slowest[0]?.wallMs ?? []), detail: { check: slowest[0]?.name } },
      { figure: 'samples', value: costs.reduce((sum, { samples, everyMs }) => sum + (1_000 * samples) / everyMs, 0) },
    ];
  },
};

const round = (value: number): number => Math.round(value * 100) / 100;

const timeoutOf = ({ everyMs }: Cost): number => (everyMs >= OWN_INTERVALS_MS['1h'] ? ADVISOR_TIMEOUT_MS : STATEMENT_TIMEOUT_MS);

async function makeSchema(ctx: BenchContext, database: PostgresAdapter): Promise<void> {
  for (let from = 0; from < TABLES; from += 50) {
    ctx.progress(`making tables: ${from} of ${TABLES}`);
    const statements = Array.from({ length: 50 }, (_, n) => {
      const table = `bench_${String(from + n).padStart(3, '0')}`;
      return `create table ${table} (id bigint generated always as identity, a int, b int, c text, at timestamptz default now());
        insert into ${table} (a, b, c) select n, n % 10, md5(n::text) from generate_series(1, ${ROWS_A_TABLE}) n;
        alter table ${table} add primary key (id);
        create index ${table}_a on ${table} (a); create index ${table}_a_b on ${table} (a, b); create index ${table}_c on ${table} (c)`;
    });
    await database.query(sql`${raw(statements.join(';\n'))}`);
  }
  await database.query(sql`analyze`);
}

/** Runs one check again and again for about `forMs`. */
async function costOf(
  collector: Collector,
  database: PostgresAdapter,
  postmaster: number,
  forMs: number,
  signal: AbortSignal,
): Promise<Cost> {
  const rounds = new Rounds([collector], INTERVALS);
  const reads: AgentSql['read'] = (statement, limits = {}) =>
    database.transaction((tx) => tx.query(statement), { readOnly: true, ...limits });
  const agentSql = { read: reads } as AgentSql;
  const everyMs = isOwnInterval(collector.tier) ? OWN_INTERVALS_MS[collector.tier] : INTERVALS[collector.tier];
  let tick = 0;
  const collect = async (): Promise<number> => {
    signal.throwIfAborted();
    const readings = await rounds.collect((tick += OWN_INTERVALS_MS['6h']), {
      sql: agentSql,
      pools: () => database.pools(),
      latest: () => Promise.resolve([]),
      monotonic: tick,
      statementTimeoutMs: STATEMENT_TIMEOUT_MS,
      log: silentLogger,
    });
    return readings.filter(({ name }) => !name.startsWith('collector_')).length;
  };
  // Plans and caches are warm in a server that is watched every few seconds.
  let samples = await collect();
  const failure = rounds.status().find(({ status }) => status === 'failing');
  if (failure !== undefined) throw new Error(`${collector.name}: ${failure.reason}`);
  const wallMs: number[] = [];
  const before = { database: treeCpuMs(postmaster), host: process.cpuUsage() };
  const began = performance.now();
  while (wallMs.length < FEWEST_RUNS || (performance.now() - began < forMs && wallMs.length < MOST_RUNS)) {
    const startedAt = performance.now();
    samples = await collect();
    wallMs.push(performance.now() - startedAt);
  }
  const { user, system } = process.cpuUsage(before.host);
  const runs = wallMs.length;
  return {
    name: collector.name,
    everyMs,
    runs,
    wallMs,
    databaseMs: (treeCpuMs(postmaster) - before.database) / runs,
    hostMs: (user + system) / 1_000 / runs,
    samples,
  };
}
