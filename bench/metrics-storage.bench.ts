import os from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { PostgresAdapter } from '../src/db/adapter.ts';
import { sql } from '../src/db/sql.ts';
import { METRICS, type MetricName } from '../src/modules/performance/catalogue.ts';
import { hostCollectors, thisMachine } from '../src/modules/performance/host/index.ts';
import { postgresCollectors } from '../src/modules/performance/postgres/collectors.ts';
import { processCollectors } from '../src/modules/performance/process/collectors.ts';
import type { Reading } from '../src/modules/performance/reading.ts';
import { Rounds, type RoundContext } from '../src/modules/performance/rounds.ts';
import { encodeChunk } from '../src/state/metrics/codec/chunk.ts';
import { createMetrics, metricsMaintenance, type Metrics, type Sample } from '../src/state/metrics/index.ts';
import { microsecondsOf } from '../src/state/metrics/pg-time.ts';
import type { Bench, BenchContext, Measurement } from './support/bench.ts';

const DAY_MS = 86_400_000;
const TOTAL = 10_000_000;
/** What performance_monitor is configured to by default. */
const INTERVALS = { fast: 5_000, slow: 30_000, rare: 300_000 };
/** The quick recording measures this often what the clock of its samples says is every five seconds. */
const QUICK_MS = 100;

/**
 * Metrics of a real machine at rest. The collectors of performance_monitor record this machine, its PostgreSQL and this process, live, for
 * the length of the bench, twice at once: every 100 ms, stamped as if every 5 s, and truly every 5 s.
 * The quick recording, written again under the names of more hosts until there are ten million samples, is what is stored: each
 * host's series are packed by themselves, so no copy profits from another. Its counters grow less from sample to sample than five
 * seconds would make them; the true recording, too short to fill chunks, shows what that is worth.
 */
export const bench: Bench = {
  name: 'metrics-storage',
  title: 'metrics of a real host at rest, 10 M samples',
  seconds: 600,
  figures: [
    { id: 'at-rest', title: 'chunks and rollups by hour, indexes included', unit: 'bytes/sample', bar: 6, better: 'less' },
    { id: 'chunks', title: 'chunks alone', unit: 'bytes/sample', better: 'less' },
    { id: 'hours', title: 'rollups by hour alone', unit: 'bytes/sample', better: 'less' },
    { id: 'minutes', title: 'rollups by minute (kept apart, and for less long)', unit: 'bytes/sample', better: 'less' },
    { id: 'rows', title: 'as rows, in the raw window', unit: 'bytes/sample', better: 'less' },
    { id: 'packed', title: 'the quick recording, packed, without tables', unit: 'bytes/sample', better: 'less' },
    { id: 'packed-true', title: 'the true recording at 5 s, packed in short chunks, without tables', unit: 'bytes/sample', better: 'less' },
  ],
  run,
};

async function run(ctx: BenchContext): Promise<readonly Measurement[]> {
  const { database } = await ctx.database();
  const rounds = Math.max(20, Math.round((ctx.seconds * 1_000) / QUICK_MS));
  ctx.say(`recording this machine for ${Math.round((rounds * QUICK_MS) / 1_000)} s…`);
  const [quick, real] = await Promise.all([
    record(ctx, database, { rounds, everyMs: QUICK_MS }),
    record(ctx, database, { rounds: Math.floor((rounds * QUICK_MS) / INTERVALS.fast), everyMs: INTERVALS.fast }),
  ]);
  const recorded = countOf(quick);
  const total = ctx.shortened ? Math.min(TOTAL, Math.max(200_000, Math.round((TOTAL * ctx.seconds) / 600))) : TOTAL;
  const hosts = Math.ceil(total / recorded);

  ctx.say(`storing ${recorded} samples of ${quick.size} series under the names of ${hosts} hosts…`);
  await using metrics = createMetrics(database);
  const start = Math.floor(Date.now() / DAY_MS) * DAY_MS - 5 * DAY_MS;
  let written = 0;
  for (let host = 0; host < hosts; host += 1) {
    ctx.signal.throwIfAborted();
    written += await store(metrics, quick, `host_${host}`, start);
    ctx.progress(`${written} of ${hosts * recorded} samples`);
  }
  await database.query({ text: 'truncate muster.rollup_dirty', values: [] });
  const rowBytes = await sizeOf(database, 'samples');
  await database.query(
    sql`update muster.rollup_progress set minutes_until = to_timestamp(${start / 1000}::float8), hours_until = to_timestamp(${start / 1000}::float8)`,
  );
  const began = performance.now();
  for (const job of metricsMaintenance(database)) await job.run(ctx.signal);
  const maintenanceSeconds = (performance.now() - began) / 1_000;

  const facts = await database.one<{ chunks: number; packed: number; rows: number; hours: number; minutes: number; largest: number }>(sql`
    select (select count(*)::float8 from muster.chunks) as chunks, (select sum(n)::float8 from muster.chunks) as packed, (select max(n) from muster.chunks) as largest,
      (select count(*)::float8 from muster.samples) as rows, (select count(*)::float8 from muster.rollup_1h) as hours, (select count(*)::float8 from muster.rollup_1m) as minutes`);
  if (facts === undefined || facts.packed !== written || facts.rows !== 0)
    throw new Error(`${written} samples were written, ${facts?.packed} are in chunks, ${facts?.rows} in rows`);
  const bytes = {
    chunks: await sizeOf(database, 'chunks'),
    hours: await sizeOf(database, 'rollup_1h'),
    minutes: await sizeOf(database, 'rollup_1m'),
  };
  const detail = {
    machine: `${os.cpus().length} cores, ${Math.round(os.totalmem() / 1e9)} GB, running this bench and whatever else it runs`,
    samples: written,
    series: quick.size * hosts,
    recorded: `${recorded} samples of ${quick.size} series, taken live every ${QUICK_MS} ms for ${Math.round((rounds * QUICK_MS) / 1_000)} s, stamped as every ${INTERVALS.fast / 1_000} s`,
    copies: hosts,
    ...facts,
    bytes,
    maintenance_seconds: Math.round(maintenanceSeconds),
  };
  return [
    { figure: 'at-rest', value: (bytes.chunks + bytes.hours) / written, detail },
    { figure: 'chunks', value: bytes.chunks / written },
    { figure: 'hours', value: bytes.hours / written },
    { figure: 'minutes', value: bytes.minutes / written },
    { figure: 'rows', value: rowBytes / written },
    { figure: 'packed', value: packedBytes(quick) / recorded },
    {
      figure: 'packed-true',
      value: packedBytes(real) / countOf(real),
      detail: { samples: countOf(real), samples_a_chunk: Math.max(...[...real.values()].map((points) => points.length)) },
    },
  ];
}

/** Values of each series by the number of the round in which they were taken. */
type Recording = ReadonlyMap<
  string,
  { readonly name: MetricName; readonly labels: Readonly<Record<string, string>>; readonly round: number; readonly value: number }[]
>;

const countOf = (recording: Recording): number => [...recording.values()].reduce((sum, points) => sum + points.length, 0);

/** Runs the real collectors `rounds` times. Their clock of ticks is that of the configuration, their clock of rates the real one. */
async function record(
  ctx: BenchContext,
  database: PostgresAdapter,
  { rounds, everyMs }: { readonly rounds: number; readonly everyMs: number },
): Promise<Recording> {
  const machine = thisMachine();
  const collectors = [...hostCollectors(machine), ...processCollectors(machine.host, machine.read), ...postgresCollectors(machine.host)];
  const course = new Rounds(collectors, INTERVALS);
  const context: Omit<RoundContext, 'monotonic'> = {
    sql: { read: (statement) => database.query(statement), write: refuse, transaction: refuse },
    pools: () => database.pools(),
    latest: () => Promise.resolve([]),
    statementTimeoutMs: 5_000,
    log: ctx.log,
  };
  const recording = new Map<string, { name: MetricName; labels: Reading['labels']; round: number; value: number }[]>();
  const started = performance.now();
  try {
    for (let round = 0; round < rounds; round += 1) {
      const readings = await course.collect(round * INTERVALS.fast, { ...context, monotonic: performance.now() });
      for (const { name, labels, value } of readings) {
        const key = JSON.stringify([name, labels]);
        const points = recording.get(key) ?? [];
        if (points.length === 0) recording.set(key, points);
        points.push({ name, labels, round, value });
      }
      await delay(Math.max(0, started + (round + 1) * everyMs - performance.now()), undefined, { signal: ctx.signal });
    }
  } finally {
    course.stop();
  }
  return recording;
}

const refuse = (): Promise<never> => Promise.reject(new Error('a collector only reads'));

/** One host's copy, in batches as large as one takes. */
async function store(metrics: Metrics, recording: Recording, host: string, start: number): Promise<number> {
  const samples: Sample[] = [...recording.values()].flatMap((points) =>
    points.map(({ name, labels, round, value }) => ({
      metricName: name,
      agentId: 'performance_monitor',
      unit: METRICS[name].unit,
      labels: { ...labels, host },
      at: start + round * INTERVALS.fast,
      value,
    })),
  );
  let written = 0;
  for (let at = 0; at < samples.length; at += 100_000) {
    const result = await metrics.writeExternal(samples.slice(at, at + 100_000));
    if (result.rejected.length > 0) throw new Error(`${result.rejected.length} samples were refused: ${result.rejected[0]?.reason}`);
    written += result.written;
  }
  return written;
}

const packedBytes = (recording: Recording): number =>
  [...recording.values()].reduce((sum, points) => {
    const times = Float64Array.from(points, ({ round }) => microsecondsOf(round * INTERVALS.fast));
    return sum + encodeChunk({ times, values: Float64Array.from(points, ({ value }) => value) }).length;
  }, 0);

/** Heap, indexes and TOAST of a table, or of all its partitions. */
async function sizeOf(database: PostgresAdapter, table: string): Promise<number> {
  const row = await database.one<{ bytes: number }>(sql`
    select sum(pg_total_relation_size(c.oid))::float8 as bytes
    from pg_class c
    where c.oid = ${`muster.${table}`}::regclass or c.oid in (select inhrelid from pg_inherits where inhparent = ${`muster.${table}`}::regclass)`);
  return row?.bytes ?? Number.NaN;
}
