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
import { Rounds, type CollectorStatus, type Intervals } from './rounds.ts';
import { tickOf } from './tick.ts';

/** What lives from startup to shutdown. */
interface Life {
  readonly rounds: Rounds;
  readonly intervals: Intervals;
  readonly host: string;
  lastTick: number | undefined;
  reported: string | undefined;
}

const lives = new WeakMap<object, Life>();

/** Where a monitor says how its collectors fare, and how often they measure. */
export const monitorKey = (agentId: string): string => `performance:${agentId}`;

/** The document at {@link monitorKey}. */
interface MonitorReport {
  readonly host: string;
  readonly intervals_ms: Intervals;
  readonly collectors: readonly CollectorStatus[];
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
    lives.set(ctx.life, { rounds, intervals, host: machine.host.host, lastTick: undefined, reported: undefined });
  },
  async run(ctx) {
    const life = lifeOf(ctx);
    const everyMs = durationMs(ctx.config.every);
    const at = tickOf(ctx.clock.now(), everyMs, phaseOf(ctx.agentId) * everyMs, life.lastTick);
    life.lastTick = at;
    const readings = await life.rounds.collect(at, {
      sql: ctx.sql,
      pools: () => poolsOf(ctx),
      latest: async (metricName) => (await ctx.fleet.metrics.latest({ metricName }, { limit: 1_000 })).items,
      monotonic: ctx.clock.monotonic(),
      statementTimeoutMs: durationMs(ctx.config.statement_timeout),
      log: ctx.log,
    });
    for (const { name, value, labels } of readings) ctx.metric(name, value, { unit: METRICS[name].unit, labels, at });
    await report(ctx, life);
    return { samples: readings.length };
  },
  shutdown(ctx) {
    lives.get(ctx.life)?.rounds.stop();
    lives.delete(ctx.life);
  },
  health(ctx) {
    const failing =
      lives
        .get(ctx.life)
        ?.rounds.status()
        .filter(({ status }) => status === 'failing') ?? [];
    if (failing.length === 0) return { score: ctx.runs.consecutiveFailures === 0 ? 100 : 50 };
    return { score: Math.max(40, 100 - 10 * failing.length), reasons: failing.map(({ collector, reason }) => `${collector}: ${reason}`) };
  },
});

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
  const status = life.rounds.status();
  const gist = JSON.stringify(status.map(({ collector, status: state, reason }: CollectorStatus) => [collector, state, reason]));
  if (gist === life.reported) return;
  const { host, intervals: intervals_ms } = life;
  await ctx.state.set(monitorKey(ctx.agentId), {
    host,
    intervals_ms,
    collectors: status,
    changed_at: new Date(ctx.clock.now()).toISOString(),
  } satisfies MonitorReport);
  life.reported = gist;
}
