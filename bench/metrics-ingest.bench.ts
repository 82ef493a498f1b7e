import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { agentId, epoch, hostId, type HostId } from '../src/base/ids.ts';
import type { PostgresAdapter } from '../src/db/adapter.ts';
import { ensureDay } from '../src/db/partitions.ts';
import { sql } from '../src/db/sql.ts';
import type { Fence } from '../src/state/fence.ts';
import { createMetrics, metricsMaintenance, type Metrics, type Sample } from '../src/state/metrics/index.ts';
import { encodeSampleCopy } from '../src/state/metrics/sample-copy.ts';
import type { Bench, BenchContext, Measurement } from './support/bench.ts';
import { median } from './support/percentiles.ts';

const AGENTS = 200;
const METRICS_AN_AGENT = 25;
const SERIES = AGENTS * METRICS_AN_AGENT;
/** Writes under way at once, and so connections, of either kind. */
const WRITERS = 2;
const SLICE_MS = 5_000;
const DAY_MS = 86_400_000;

/**
 * What a host process writes in full, against the least that PostgreSQL can be asked to do with the same values. The two
 * take turns of five seconds in one process. In its turn Muster also does the maintenance that its samples cause, in the same
 * process: it rolls up what has settled, and compacts as many samples of a closed day as it takes in; its turn ends when both are done.
 */
export const bench: Bench = {
  name: 'metrics-ingest',
  title: 'samples of one host process, committed and queryable, against a bare binary COPY',
  seconds: 600,
  figures: [
    { id: 'ratio', title: 'rate of samples / rate of rows of a bare binary COPY', unit: 'ratio', bar: 0.3, better: 'more' },
    { id: 'samples', title: 'samples committed and queryable', unit: 'samples/s', better: 'more' },
    { id: 'copy', title: 'rows by bare binary COPY into an unindexed table', unit: 'rows/s', better: 'more' },
    { id: 'compacted', title: 'samples compacted meanwhile', unit: 'samples/s', better: 'more' },
  ],
  run,
};

async function run(ctx: BenchContext): Promise<readonly Measurement[]> {
  const { database } = await ctx.database({ poolMax: WRITERS + 2 });
  await database.query(sql`create table bare (ts timestamptz not null, value float8 not null, series_id int not null, hour int not null)`);
  const { host, fences } = await joinWithAgents(database);
  await using metrics = createMetrics(database);
  const maintenance = metricsMaintenance(database);
  const rounds = Math.max(2, Math.round((ctx.seconds * 1_000) / (2 * SLICE_MS)));
  const closed = new Date(Date.now() - 4 * DAY_MS).toISOString().slice(0, 10);

  // Creates the series and warms both up.
  await metrics.writeFenced({ hostId: host, fences, samples: samplesAt(Date.now(), 0) });
  await copyBare(database, 0);
  let written = SERIES;

  const rates = { bare: [] as number[], muster: [] as number[], compacted: [] as number[] };
  let expected = 250_000;
  for (let round = 0; round < rounds; round += 1) {
    ctx.signal.throwIfAborted();
    const bare = await inTurn(SLICE_MS, (batch) => copyBare(database, batch));
    rates.bare.push((bare.rows * 1_000) / bare.ms);
    await database.query(sql`truncate bare`);

    await fillClosedDay(database, closed, expected);
    const started = performance.now();
    const compaction = runAll(maintenance, ctx.signal);
    const muster = await inTurn(SLICE_MS, (batch) => writeBatch(metrics, host, fences, batch));
    await compaction;
    const elapsedMs = performance.now() - started;
    rates.muster.push((muster.rows * 1_000) / elapsedMs);
    rates.compacted.push((expected * 1_000) / elapsedMs);
    written += muster.rows;
    expected = muster.rows;
    ctx.progress(
      `round ${round + 1} of ${rounds}: ${Math.round(rates.bare.at(-1) ?? 0)} rows/s bare, ${Math.round(rates.muster.at(-1) ?? 0)} samples/s`,
    );
  }
  await metrics.flush();
  await checkStored(database, metrics, written);

  const ratios = rates.muster.map((rate, i) => rate / (rates.bare[i] ?? Number.NaN));
  const detail = {
    rounds,
    series: SERIES,
    agents: AGENTS,
    samples_a_batch: SERIES,
    connections: WRITERS,
    synchronous_commit: 'off for both',
    written,
    with: 'fence, latest, rollups and compaction of as many samples in the same process and turn',
  };
  return [
    { figure: 'ratio', value: median(ratios), raw: ratios, detail },
    { figure: 'samples', value: median(rates.muster), raw: rates.muster },
    { figure: 'copy', value: median(rates.bare), raw: rates.bare },
    { figure: 'compacted', value: median(rates.compacted), raw: rates.compacted },
  ];
}

/** Rows written in about `ms`, with WRITERS writes under way at once. */
async function inTurn(ms: number, write: (batch: number) => Promise<number>): Promise<{ readonly rows: number; readonly ms: number }> {
  const started = performance.now();
  let batch = 0;
  let rows = 0;
  const writer = async (): Promise<void> => {
    while (performance.now() - started < ms) {
      const count = await write(batch++);
      rows += count;
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, writer));
  return { rows, ms: performance.now() - started };
}

const valueOf = (batch: number, series: number): number => Math.round(Math.sin(batch / 20 + series) * 10_000) / 100;

function samplesAt(at: number, batch: number): readonly Sample[] {
  return Array.from({ length: SERIES }, (_, series) => ({
    metricName: `bench_metric_${series % METRICS_AN_AGENT}`,
    agentId: `bench_${Math.floor(series / METRICS_AN_AGENT)}`,
    unit: 'ratio',
    labels: {},
    at,
    value: valueOf(batch, series),
  }));
}

async function writeBatch(metrics: Metrics, host: HostId, fences: readonly Fence[], batch: number): Promise<number> {
  const result = await metrics.writeFenced({ hostId: host, fences, samples: samplesAt(Date.now(), batch) });
  if (result.rejected.length > 0) throw new Error(`${result.rejected.length} samples were refused: ${result.rejected[0]?.reason}`);
  return result.written;
}

const everySeries = Uint32Array.from({ length: SERIES }, (_, series) => series);
const seriesIds = Int32Array.from({ length: SERIES }, (_, series) => series + 1);

/** The same values, encoded by the same code, in one COPY and nothing else. */
async function copyBare(database: PostgresAdapter, batch: number): Promise<number> {
  const at = Date.now();
  const rows = Array.from({ length: SERIES }, (_, series) => ({ at, value: valueOf(batch, series) }));
  return database.transaction(
    (tx) =>
      tx.copyBinary('copy bare (ts, value, series_id, hour) from stdin (format binary)', encodeSampleCopy(rows, seriesIds, everySeries)),
    {
      synchronousCommit: 'off',
    },
  );
}

async function joinWithAgents(database: PostgresAdapter): Promise<{ readonly host: HostId; readonly fences: readonly Fence[] }> {
  const host = hostId(randomUUID());
  const agents = Array.from({ length: AGENTS }, (_, i) => `bench_${i}`);
  await database.query(
    sql`insert into muster.hosts (host_id, hostname, pid, version, capacity, expires_at) values (${host}, 'bench', 1, '0', ${AGENTS}, clock_timestamp() + interval '1 day')`,
  );
  await database.query(
    sql`insert into muster.agents (agent_id, agent_name, agent_type) select id, id, 'bench' from unnest(${agents}::text[]) as id`,
  );
  await database.query(sql`update muster.agent_leases set host_id = ${host}, epoch = 1 where agent_id = any(${agents}::text[])`);
  return { host, fences: agents.map((id) => ({ hostId: host, agentId: agentId(id), epoch: epoch(1) })) };
}

/** Rows for compaction to move: a sample every second of many series, as long as it takes. Not part of what is measured. */
async function fillClosedDay(database: PostgresAdapter, day: string, count: number): Promise<void> {
  await ensureDay(database, 'samples', day);
  await ensureDay(database, 'chunks', day);
  await database.query(sql`truncate muster.chunks`);
  await database.query(sql`
    insert into muster.samples (ts, value, series_id, hour)
    select ts, round((sin(t / 20.0 + s) * 100)::numeric, 2), s, muster.hour_of(ts)
    from generate_series(1, 100) as s, generate_series(1, ${Math.ceil(count / 100)}::int) as t,
      lateral (select ${`${day}T00:00:00Z`}::timestamptz + t * interval '5 seconds') as time (ts)
    where t < 17280`);
}

async function runAll(maintenance: ReturnType<typeof metricsMaintenance>, signal: AbortSignal): Promise<void> {
  for (const job of maintenance) await job.run(signal);
}

/** Queryable: what was reported written is what a query counts, and what `latest` shows is the newest. */
async function checkStored(database: PostgresAdapter, metrics: Metrics, written: number): Promise<void> {
  const row = await database.one<{ n: number }>(
    sql`select count(*)::float8 as n from muster.samples where ts > clock_timestamp() - interval '1 day'`,
  );
  if (row?.n !== written) throw new Error(`${written} samples were reported written, ${row?.n} are there`);
  await delay(10);
  const from = Date.now() - 3_600_000;
  const result = await metrics.query({
    metricName: 'bench_metric_0',
    agentIds: ['bench_0'],
    from,
    to: Date.now(),
    points: 300,
    aggregate: 'last',
    limit: 1,
  });
  const last = result.series[0]?.points.findLast(([, value]) => value !== null)?.[1];
  const latest = await metrics.latest({ metricName: 'bench_metric_0', agentId: 'bench_0' }, { limit: 1 });
  if (last === undefined || last !== latest.items[0]?.value)
    throw new Error(`the query ends with ${last}, latest says ${latest.items[0]?.value}`);
}
