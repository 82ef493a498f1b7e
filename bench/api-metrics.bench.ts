import type { Database } from '../src/db/database.ts';
import { raw, sql } from '../src/db/sql.ts';
import { ensureDay } from '../src/db/partitions.ts';
import { WakeUps } from '../src/db/wake-ups.ts';
import { HttpServer, buildServer } from '../src/server/app.ts';
import { createAccess } from '../src/state/access.ts';
import { createSharedState } from '../src/state/create-shared-state.ts';
import { metricsMaintenance, type Metrics, type Sample } from '../src/state/metrics/index.ts';
import type { Bench, BenchContext } from './support/bench.ts';
import { runLoad } from './support/http-client.ts';
import { spreadOf } from './support/percentiles.ts';

const SAMPLES = 10_000_000;
const SHORTENED_SAMPLES = 500_000;
const SERIES = 200;
const EVERY_MS = 5_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const PER_SECOND = 50;
const BATCH = 100_000;
const KEY = 'bench-bootstrap-key';

/**
 * A chart of one hour: one metric of one agent as 300 points, out of 10 million samples (200 series, one value every 5 s, some
 * three days, the oldest of which are compacted). Half of the requests ask for the last hour, half for an hour somewhere in
 * the stretch. 50 requests/s over keep-alive connections by another process; server, client and PostgreSQL share the machine.
 */
export const bench: Bench = {
  name: 'api-metrics',
  title: 'GET /api/v1/metrics/query: 1 h of one metric as 300 points, 10 M samples stored, 50 requests/s',
  seconds: 60,
  figures: [
    { id: 'p95', title: 'answer complete, 95th percentile', bar: 20, unit: 'ms', better: 'less' },
    { id: 'p50', title: 'answer complete, median', unit: 'ms', better: 'less' },
    { id: 'p95-last-hour', title: 'the last hour only, 95th percentile', unit: 'ms', better: 'less' },
    { id: 'p95-any-hour', title: 'any hour of the stretch, 95th percentile', unit: 'ms', better: 'less' },
    { id: 'samples', title: 'samples stored', unit: 'samples', better: 'more' },
  ],
  async run(ctx) {
    const { database } = await ctx.database();
    const wake = new WakeUps(database, { log: ctx.log });
    await wake.start();
    ctx.defer(() => wake.stop());
    const state = createSharedState(database, { wake });
    const perSeries = Math.round((ctx.shortened ? SHORTENED_SAMPLES : SAMPLES) / SERIES);
    const end = Math.floor(Date.now() / EVERY_MS) * EVERY_MS;
    const start = end - (perSeries - 1) * EVERY_MS;
    for (let day = start; day < end + DAY_MS; day += DAY_MS) await ensureDay(database, 'samples', new Date(day).toISOString().slice(0, 10));
    await fill(ctx, state.metrics, start, perSeries);
    ctx.progress('rolling up and compacting');
    for (const job of metricsMaintenance(database)) await job.run(ctx.signal);
    // Ten million rows in a minute leave work behind that they would not have left in three days.
    for (const table of await tablesOf(database)) await database.query(sql`vacuum (analyze) ${raw(table)}`);
    await database.query(sql`checkpoint`);

    const app = await buildServer({
      state,
      access: createAccess(database),
      wake,
      modules: [],
      types: [],
      log: ctx.log,
      version: 'bench',
      bootstrapKey: KEY,
      webRoot: null,
    });
    const server = new HttpServer({ app, host: '127.0.0.1', port: 0 });
    await server.start();
    ctx.defer(() => server.stop());
    const report = await runLoad(ctx, {
      base: `http://127.0.0.1:${server.port}`,
      key: KEY,
      paths: Array.from({ length: 400 }, (_, i) => questionOf(i, start, end)),
      perSecond: PER_SECOND,
      seconds: ctx.seconds,
      warmUpSeconds: 4,
      parseEvery: 5,
    });
    if (Object.keys(report.failures).length > 0) throw new Error(`requests failed: ${JSON.stringify(report.failures)}`);
    if (report.itemsMin !== 1 || report.pointsMin < 290)
      throw new Error(`an answer held ${report.itemsMin} series of ${report.pointsMin} points`);
    const spread = spreadOf(report.latencyMs);
    const ofKind = (kind: number): number => spreadOf(report.latencyMs.filter((_, i) => (report.pathOf[i] ?? 0) % 2 === kind)).p95;
    return [
      {
        figure: 'p95',
        value: spread.p95,
        raw: report.latencyMs,
        detail: { ...spread, perSecond: PER_SECOND, pointsMin: report.pointsMin },
      },
      { figure: 'p50', value: spread.p50 },
      { figure: 'p95-last-hour', value: ofKind(0) },
      { figure: 'p95-any-hour', value: ofKind(1) },
      { figure: 'samples', value: perSeries * SERIES, detail: { shortened: ctx.shortened } },
    ];
  },
};

async function tablesOf(database: Database): Promise<readonly string[]> {
  const { rows } = await database.query<{ name: string }>(
    sql`select c.oid::regclass::text as name from pg_class c where c.relkind = 'r' and c.relnamespace = 'muster'::regnamespace`,
  );
  return rows.map((row) => row.name);
}

const nameOf = (series: number): string => `bench_metric_${series % 20}`;
const agentOf = (series: number): string => `bench_${Math.floor(series / 20)}`;

/** Even ones ask for the last hour there is, odd ones for an hour spread over the stretch. */
function questionOf(index: number, start: number, end: number): string {
  const series = (index * 37) % SERIES;
  const hours = Math.max(0, end - start - HOUR_MS);
  const from = index % 2 === 0 ? Math.max(start, end - HOUR_MS) : start + Math.floor((hours * ((index * 61) % 400)) / 400);
  return `/api/v1/metrics/query?name=${nameOf(series)}&agent_id=${agentOf(series)}&from=${from}&to=${from + HOUR_MS}&points=300`;
}

/** Through the front door of the metrics room; not part of what is measured. */
async function fill(ctx: BenchContext, metrics: Metrics, start: number, perSeries: number): Promise<void> {
  const rows = Math.floor(BATCH / SERIES);
  for (let row = 0; row < perSeries; row += rows) {
    ctx.signal.throwIfAborted();
    const batch: Sample[] = [];
    for (let r = row; r < Math.min(row + rows, perSeries); r += 1) {
      for (let series = 0; series < SERIES; series += 1) {
        batch.push({
          metricName: nameOf(series),
          agentId: agentOf(series),
          unit: 'ratio',
          labels: {},
          at: start + r * EVERY_MS,
          value: Math.round(Math.sin(r / 200 + series) * 10_000) / 100,
        });
      }
    }
    const { rejected } = await metrics.writeExternal(batch);
    if (rejected.length > 0) throw new Error(`${rejected.length} samples were refused: ${rejected[0]?.reason}`);
    ctx.progress(`${(((row + rows) * SERIES) / 1e6).toFixed(1)} million samples stored`);
  }
}
