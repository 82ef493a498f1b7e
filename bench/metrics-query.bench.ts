import type { PostgresAdapter } from '../src/db/adapter.ts';
import { ensureDay } from '../src/db/partitions.ts';
import { sql } from '../src/db/sql.ts';
import { createMetrics, metricsMaintenance, type RangeQuery } from '../src/state/metrics/index.ts';
import type { Bench, BenchContext, Measurement } from './support/bench.ts';
import { spreadOf } from './support/percentiles.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const AGENTS = 100;
const METRICS = 10;
const SERIES = AGENTS * METRICS;
const EVERY_MS = 5_000;
const TOTAL = 10_000_000;

/**
 * A chart of one hour in 300 points, over ten million samples: half of them rows of the last hours, half of them chunks of a
 * closed day. The values are computed (a wave with noise, to two decimals): what they are matters to storage, not to a query's time.
 */
export const bench: Bench = {
  name: 'metrics-query',
  title: 'one hour of a metric as 300 points, 10 M samples stored',
  seconds: 60,
  figures: [
    { id: 'rows', title: 'one agent, from rows, p95', unit: 'ms', bar: 20, better: 'less' },
    { id: 'chunks', title: 'one agent, from chunks, p95', unit: 'ms', bar: 20, better: 'less' },
    { id: 'rows-ten', title: 'ten agents, from rows, p95', unit: 'ms', better: 'less' },
    { id: 'chunks-ten', title: 'ten agents, from chunks, p95', unit: 'ms', better: 'less' },
    { id: 'day', title: 'one agent, a day (rollups by minute), p95', unit: 'ms', better: 'less' },
  ],
  run,
};

async function run(ctx: BenchContext): Promise<readonly Measurement[]> {
  const { database } = await ctx.database();
  await using metrics = createMetrics(database);
  const each = ctx.shortened ? Math.min(TOTAL, Math.max(1_000_000, Math.round((TOTAL * ctx.seconds) / 60))) / 2 : TOTAL / 2;
  const length = Math.floor(each / SERIES) * EVERY_MS;
  const recent = Math.floor(Date.now() / 60_000) * 60_000 - length;
  const closed = Math.floor(Date.now() / DAY_MS) * DAY_MS - 4 * DAY_MS;

  ctx.say('storing the samples…');
  await metrics.writeExternal(
    Array.from({ length: SERIES }, (_, i) => ({
      metricName: `metric_${i % METRICS}`,
      agentId: `agent_${Math.floor(i / METRICS)}`,
      unit: 'ratio',
      labels: {},
      at: Date.now(),
      value: 0,
    })),
  );
  for (const start of [closed, recent]) await store(database, start, length);
  await database.query(
    sql`update muster.rollup_progress set minutes_until = to_timestamp(${closed / 1000}::float8), hours_until = to_timestamp(${closed / 1000}::float8)`,
  );
  for (const job of metricsMaintenance(database)) await job.run(ctx.signal);
  await database.query({ text: 'vacuum analyze', values: [] });
  const stored = await database.one<{ rows: number; chunks: number; packed: number }>(
    sql`select (select count(*)::float8 from muster.samples) as rows, (select count(*)::float8 from muster.chunks) as chunks, (select sum(n)::float8 from muster.chunks) as packed`,
  );

  const ask = async (from: number, to: number, agents: number, expected: string, points = 300): Promise<number> => {
    const first = Math.floor(Math.random() * (AGENTS - agents));
    const query: RangeQuery = {
      metricName: `metric_${Math.floor(Math.random() * METRICS)}`,
      agentIds: Array.from({ length: agents }, (_, i) => `agent_${first + i}`),
      from,
      to,
      points,
      aggregate: 'avg',
      limit: 100,
    };
    const started = performance.now();
    const result = await metrics.query(query);
    const ms = performance.now() - started;
    const found = result.series.reduce((sum, series) => sum + series.points.filter(([, value]) => value !== null).length, 0);
    const asked = agents * (result.series[0]?.points.length ?? Number.NaN);
    if (result.source !== expected || result.series.length !== agents || !(found >= 0.95 * asked)) {
      throw new Error(`${found} points of ${result.series.length} series from ${result.source}`);
    }
    return ms;
  };
  const anHourFrom = (start: number): number => start + Math.random() * Math.max(0, length - HOUR_MS);
  const variants: Record<string, () => Promise<number>> = {
    rows: () => hour(anHourFrom(recent), 1),
    chunks: () => hour(anHourFrom(closed), 1),
    'rows-ten': () => hour(anHourFrom(recent), 10),
    'chunks-ten': () => hour(anHourFrom(closed), 10),
    day: () => ask(recent, recent + length, 1, 'rollup_1m', Math.min(300, Math.floor(length / 60_000))),
  };
  const hour = (from: number, agents: number): Promise<number> => ask(from, from + Math.min(HOUR_MS, length), agents, 'samples');

  const taken: Record<string, number[]> = Object.fromEntries(Object.keys(variants).map((name) => [name, []]));
  for (let i = 0; i < 5; i += 1) for (const variant of Object.values(variants)) await variant();
  const until = performance.now() + ctx.seconds * 1_000;
  while (performance.now() < until) {
    ctx.signal.throwIfAborted();
    for (const [name, variant] of Object.entries(variants)) taken[name]?.push(await variant());
  }
  return Object.entries(taken).map(([figure, times]) => {
    const spread = spreadOf(times);
    return {
      figure,
      value: spread.p95,
      detail: { ...spread, ...stored, series: SERIES, every_seconds: EVERY_MS / 1_000, aggregate: 'avg', at_once: 1 },
    };
  });
}

/** In order of time, as samples arrive. */
async function store(database: PostgresAdapter, start: number, length: number): Promise<void> {
  for (let day = Math.floor(start / DAY_MS) * DAY_MS; day < start + length; day += DAY_MS)
    await ensureDay(database, 'samples', new Date(day).toISOString().slice(0, 10));
  for (let at = start; at < start + length; at += HOUR_MS) {
    const steps = Math.min(HOUR_MS, start + length - at) / EVERY_MS;
    await database.query(sql`
      insert into muster.samples (ts, value, series_id, hour)
      select ts, round((50 + sin(t / 60.0 + s) * 30 + random() * 5)::numeric, 2), s, muster.hour_of(ts)
      from generate_series(0, ${steps - 1}::int) as t, generate_series(1, ${SERIES}::int) as s,
        lateral (select to_timestamp(${at / 1000}::float8) + t * interval '1 second' * ${EVERY_MS / 1_000}::float8) as time (ts)
      order by t, s`);
  }
}
