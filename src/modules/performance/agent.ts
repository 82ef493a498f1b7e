import { setTimeout as delay } from 'node:timers/promises';
import { defineAgent, type AgentContext } from '../../agent/index.ts';
import { phaseOf } from '../../agent/schedule.ts';
import { durationMs } from '../../base/duration.ts';
import { MusterError } from '../../base/errors.ts';
import type { PoolStatus } from '../../db/database.ts';
import { METRICS } from './catalogue.ts';
import type { Collector } from './collector.ts';
import { performanceConfig, type PerformanceConfig } from './config.ts';
import { fleetCollectors } from './fleet/collectors.ts';
import { hostCollectors, thisMachine, type HostSource } from './host/index.ts';
import { postgresCollectors } from './postgres/collectors.ts';
import { processCollectors } from './process/collectors.ts';
import { Rounds, type AdviceBook, type CollectorStatus, type Intervals, type RoundContext } from './rounds.ts';
import { Background, type Collected } from './background.ts';
import { MonitoredDatabase } from './monitored-database.ts';
import type { Reading } from './reading.ts';
import { surveyCollectors } from './postgres/collectors.ts';
import { tickOf } from './tick.ts';

/** What lives from startup to shutdown. */
interface Life {
  readonly rounds: Rounds;
  /** The catalogue of the fleet's own database: it may take longer than a run. */
  readonly survey: Background | undefined;
  readonly databases: readonly MonitoredDatabase[];
  readonly intervals: Intervals;
  readonly host: string;
  lastTick: number | undefined;
  reported: string | undefined;
  readonly advised: Map<string, string>;
}

const lives = new WeakMap<object, Life>();

/** Where a monitor says how its collectors fare, and how often they measure. */
export const monitorKey = (agentId: string): string => `performance:${agentId}`;

/** Where a monitor says by name what its checks of a database found; the fleet's own has no name. */
export const adviceKey = (agentId: string, database = ''): string =>
  `performance:${agentId}:advice${database === '' ? '' : `:${database}`}`;

/** The document at {@link monitorKey}. */
interface MonitorReport {
  readonly host: string;
  readonly intervals_ms: Intervals;
  readonly collectors: readonly CollectorStatus[];
  /** The databases besides the fleet's own: whether they answer, and what does not work there. */
  readonly databases: readonly { readonly database: string; readonly up: boolean; readonly collectors: readonly CollectorStatus[] }[];
  readonly changed_at: string;
}

export const performanceMonitor = defineAgent({
  type: 'performance_monitor',
  name: 'Performance monitor',
  description: 'Measures the machine, the process, PostgreSQL and the fleet. What cannot be measured is absent, never guessed.',
  capabilities: {
    host_metrics: 'Processor, memory, disks, network, pressure, file systems and container limits',
    process_metrics: 'Processor, memory, event loop and garbage collection of the host process',
    postgres_metrics: 'Connections, transactions, cache, locks, write-ahead log, checkpoints, replication, wraparound',
    fleet_metrics: 'Agents and hosts by status, runs and errors by agent',
  },
  config: performanceConfig,
  schedule: ({ every }) => ({ every }),
  timeout: '30s',
  startup(ctx) {
    const { every, slow_every, rare_every } = ctx.config;
    const intervals = { fast: durationMs(every), slow: durationMs(slow_every), rare: durationMs(rare_every) };
    const machine = thisMachine();
    const rounds = new Rounds(collectorsFor(ctx.config, machine), intervals);
    lives.set(ctx.life, {
      rounds,
      survey: ctx.config.postgres ? new Background(new Rounds(surveyCollectors(ctx.config.top), intervals, { beside: true })) : undefined,
      databases: ctx.config.databases.map((database) => new MonitoredDatabase(database, ctx.config.top, intervals, ctx.log)),
      intervals,
      host: machine.host.host,
      lastTick: undefined,
      reported: undefined,
      advised: new Map(),
    });
  },
  async run(ctx) {
    const life = lifeOf(ctx);
    const everyMs = durationMs(ctx.config.every);
    const at = tickOf(ctx.clock.now(), everyMs, phaseOf(ctx.agentId) * everyMs, life.lastTick);
    life.lastTick = at;
    const context: RoundContext = {
      sql: ctx.sql,
      pools: () => poolsOf(ctx),
      latest: async (metricName) => (await ctx.fleet.metrics.latest({ metricName }, { limit: 1_000 })).items,
      monotonic: ctx.clock.monotonic(),
      statementTimeoutMs: durationMs(ctx.config.statement_timeout),
      log: ctx.log,
      emit: (type, data) => ctx.emit(type, data),
    };
    for (const database of life.databases) database.begin(at, { ...context, log: ctx.log.child({ database: database.name }) });
    const readings = await life.rounds.collect(at, context);
    // Whoever judges by these need not wait for a survey that takes long, or for another database.
    recordAll(ctx, readings, at);
    if (life.rounds.answers) life.survey?.begin(at, context);
    await beside(life, ctx.signal);
    const surveyed = takeAll(life);
    for (const each of surveyed) recordAll(ctx, each.readings, each.at);
    await advise(ctx, life);
    await report(ctx, life);
    return { samples: surveyed.reduce((sum, each) => sum + each.readings.length, readings.length) };
  },
  async shutdown(ctx) {
    const life = lives.get(ctx.life);
    lives.delete(ctx.life);
    life?.rounds.stop();
    life?.survey?.stop();
    await Promise.all([life?.survey?.settled(), ...(life?.databases ?? []).map((database) => database.stop())]);
  },
  health(ctx) {
    const failing = statusOf(lives.get(ctx.life)).filter(({ status }) => status === 'failing');
    if (failing.length === 0) return { score: ctx.runs.consecutiveFailures === 0 ? 100 : 50 };
    return { score: Math.max(40, 100 - 10 * failing.length), reasons: failing.map(({ collector, reason }) => `${collector}: ${reason}`) };
  },
});

/** How long a run waits for what goes on beside it; what takes longer is there for the next run. */
const PATIENCE_MS = 1_000;

async function beside({ survey, databases }: Life, signal: AbortSignal): Promise<void> {
  const done = Promise.all([survey?.settled(), ...databases.map((database) => database.settled())]);
  const waiting = new AbortController();
  const enough = delay(PATIENCE_MS, undefined, { signal: AbortSignal.any([waiting.signal, signal]), ref: false }).catch(() => undefined);
  await Promise.race([done, enough]);
  waiting.abort();
}

const takeAll = ({ survey, databases }: Life): readonly Collected[] => [
  ...(survey?.take() ?? []),
  ...databases.flatMap((database) => database.take()),
];

function recordAll(ctx: AgentContext<PerformanceConfig>, readings: readonly Reading[], at: number): void {
  for (const { name, value, labels } of readings) ctx.metric(name, value, { unit: METRICS[name].unit, labels, at, soon: true });
}

/** Every collector of the fleet's own host and database, and those of other databases that do not work. */
const statusOf = (life: Life | undefined): readonly CollectorStatus[] => [
  ...(life?.rounds.status() ?? []),
  ...(life?.survey?.status() ?? []),
  ...(life?.databases ?? []).flatMap((database) =>
    database.status().map((status) => ({ ...status, collector: `${database.name}: ${status.collector}` })),
  ),
];

function collectorsFor(config: PerformanceConfig, machine: HostSource): readonly Collector[] {
  return [
    ...(config.host ? hostCollectors(machine) : []),
    ...(config.process ? processCollectors(machine.host, machine.read) : []),
    ...(config.postgres ? postgresCollectors(machine.host) : []),
    ...(config.fleet ? fleetCollectors() : []),
  ];
}

function lifeOf(ctx: AgentContext<PerformanceConfig>): Life {
  const life = lives.get(ctx.life);
  if (life === undefined) throw new MusterError('INTERNAL', 'performance_monitor runs without its startup');
  return life;
}

function poolsOf(ctx: AgentContext<PerformanceConfig>): readonly PoolStatus[] {
  const pools = ctx.fleet.database.pools?.() ?? [];
  if (pools.length === 0) throw new MusterError('NOT_MEASURABLE', 'this host does not tell how full its pools are');
  return pools;
}

/** Says in shared state which collectors work, whenever that changes. */
async function report(ctx: AgentContext<PerformanceConfig>, life: Life): Promise<void> {
  const collectors = [...life.rounds.status(), ...(life.survey?.status() ?? [])];
  const databases = life.databases.map((database) => ({
    database: database.name,
    up: database.answers,
    collectors: database.status(),
  }));
  const gist = JSON.stringify([collectors.map(gistOf), databases.map(({ up, collectors: each }) => [up, each.map(gistOf)])]);
  if (gist === life.reported) return;
  const { host, intervals: intervals_ms } = life;
  await ctx.state.set(monitorKey(ctx.agentId), {
    host,
    intervals_ms,
    collectors,
    databases,
    changed_at: new Date(ctx.clock.now()).toISOString(),
  } satisfies MonitorReport);
  life.reported = gist;
}

const gistOf = ({ collector, status, reason }: CollectorStatus): readonly unknown[] => [collector, status, reason];

/** Keeps by name what the checks found, whenever that changes. */
async function advise(ctx: AgentContext<PerformanceConfig>, { survey, databases, advised }: Life): Promise<void> {
  const books: readonly (readonly [string, AdviceBook])[] = [
    ...(survey === undefined ? [] : [['', survey.advice()] as const]),
    ...databases.map((database) => [database.name, database.advice()] as const),
  ];
  for (const [database, book] of books) {
    const topics = Object.fromEntries([...book].map(([topic, { advice }]) => [topic, advice]));
    const gist = JSON.stringify(topics);
    if (book.size === 0 || gist === advised.get(database)) continue;
    await ctx.state.set(adviceKey(ctx.agentId, database), { topics, changed_at: new Date(ctx.clock.now()).toISOString() });
    advised.set(database, gist);
  }
}
