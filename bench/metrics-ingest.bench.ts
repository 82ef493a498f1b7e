import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { agentId, epoch, hostId, type HostId } from '../src/base/ids.ts';
import type { PostgresAdapter } from '../src/db/adapter.ts';
import { ensureDay } from '../src/db/partitions.ts';
import { sql } from '../src/db/sql.ts';
import type { Fence } from '../src/state/fence.ts';
import { createMetrics, metricsMaintenance, type Metrics, type Sample } from '../src/state/metrics/index.ts';
import { microsecondsOf } from '../src/state/metrics/pg-time.ts';
import { encodeSampleCopy } from '../src/state/metrics/sample-copy.ts';
import type { Bench, BenchContext, Measurement } from './support/bench.ts';
import { median } from './support/percentiles.ts';

const AGENTS = 200;
const METRICS_AN_AGENT = 25;
const SERIES = AGENTS * METRICS_AN_AGENT;
/** Two samples of each series: as many as a host sends at once. */
const BATCH = 2 * SERIES;
/** Writes under way at once, and so connections, of either kind. A host sends its batches one after the other. */
const WRITERS = 1;
const TURN_MS = 5_000;
const DAY_MS = 86_400_000;
const AGENT_IDS = Array.from({ length: AGENTS }, (_, i) => `bench_${i}`);
const METRIC_NAMES = Array.from({ length: METRICS_AN_AGENT }, (_, i) => `bench_metric_${i}`);

/**
 * What a host process writes in full, against the least that PostgreSQL can be asked to do with the same values. They take turns of
 * five seconds in one process, each given the same samples as a host's agents hand them over. The peer is a binary COPY of the samples as they are given (agent, metric, value, unit, time, labels) into an
 * unindexed table; beside it stands a COPY of what is left when somebody else has resolved the names: time, value, two integers.
 * In its turn Muster also does the maintenance that its samples cause, in the same process: it rolls up what has settled, and compacts
 * as many samples of a closed day as it takes in. The rate of samples is that at which they are committed while this goes on; the
 * sustained one counts until the maintenance is done too.
 */
export const bench: Bench = {
  name: 'metrics-ingest',
  title: 'samples of one host process, committed and queryable, against a bare binary COPY',
  seconds: 600,
  figures: [
    { id: 'ratio', title: 'rate of samples / rate of a bare binary COPY of the same', unit: 'ratio', bar: 0.3, better: 'more' },
    {
      id: 'ratio-sustained',
      title: 'the same, until as many samples are rolled up and compacted too',
      unit: 'ratio',
      better: 'more',
    },
    { id: 'ratio-numbers', title: 'rate of samples / rate of a bare binary COPY of their numbers alone', unit: 'ratio', better: 'more' },
    { id: 'samples', title: 'samples committed and queryable', unit: 'samples/s', better: 'more' },
    { id: 'sustained', title: 'samples committed, rolled up and compacted', unit: 'samples/s', better: 'more' },
    { id: 'copy', title: 'bare binary COPY of the samples', unit: 'rows/s', better: 'more' },
    { id: 'copy-numbers', title: 'bare binary COPY of the numbers alone', unit: 'rows/s', better: 'more' },
  ],
  run,
};

async function run(ctx: BenchContext): Promise<readonly Measurement[]> {
  const { database } = await ctx.database({ poolMax: WRITERS + 2 });
  await database.query(
    sql`create table bare (agent_id text, metric_name text, metric_value float8, metric_unit text, "timestamp" timestamptz, metadata jsonb)`,
  );
  await database.query(
    sql`create table bare_numbers (ts timestamptz not null, value float8 not null, series_id int not null, hour int not null)`,
  );
  const { host, fences } = await joinWithAgents(database);
  await using metrics = createMetrics(database);
  const maintenance = metricsMaintenance(database);
  const rounds = Math.max(2, Math.round((ctx.seconds * 1_000) / (3 * TURN_MS)));
  const closed = new Date(Date.now() - 4 * DAY_MS).toISOString().slice(0, 10);

  // Creates the series and warms all three up.
  await metrics.writeFenced({ hostId: host, fences, samples: samplesAt(Date.now(), 0) });
  await copySamples(database, 0);
  await copyNumbers(database, 0);
  let written = BATCH;

  const rates = {
    samples: [] as number[],
    sustained: [] as number[],
    maintained: [] as number[],
    copy: [] as number[],
    numbers: [] as number[],
  };
  let share = 50 * BATCH;
  for (let round = 0; round < rounds; round += 1) {
    ctx.signal.throwIfAborted();
    await settle(database);
    rates.copy.push(rateOf(await inTurn((batch) => copySamples(database, batch))));
    await settle(database);
    rates.numbers.push(rateOf(await inTurn((batch) => copyNumbers(database, batch))));

    await fillClosedDay(database, closed, share);
    await settle(database);
    const started = performance.now();
    const upkeep = runAll(maintenance, ctx.signal).then(() => performance.now() - started);
    const { ms } = await inTurn((batch) => writeBatch(metrics, host, fences, batch), share);
    const upkeepMs = await upkeep;
    rates.samples.push(rateOf({ rows: share, ms }));
    rates.sustained.push(rateOf({ rows: share, ms: Math.max(ms, upkeepMs) }));
    rates.maintained.push(Math.min(1, upkeepMs / ms));
    written += share;
    // About TURN_MS the next time.
    share = Math.max(BATCH, Math.round((share * TURN_MS) / ms / BATCH) * BATCH);
    ctx.progress(
      `round ${round + 1} of ${rounds}: ${Math.round(rates.samples.at(-1) ?? 0)} samples/s, ${Math.round(rates.copy.at(-1) ?? 0)} rows/s bare`,
    );
  }
  await metrics.flush();
  await checkStored(database, metrics, written);

  const ratios = rates.samples.map((rate, i) => rate / (rates.copy[i] ?? Number.NaN));
  const sustained = rates.sustained.map((rate, i) => rate / (rates.copy[i] ?? Number.NaN));
  const toNumbers = rates.samples.map((rate, i) => rate / (rates.numbers[i] ?? Number.NaN));
  const detail = {
    rounds,
    series: SERIES,
    agents: AGENTS,
    samples_a_batch: BATCH,
    connections: WRITERS,
    synchronous_commit: 'off for all',
    checkpoint: 'before each turn',
    written,
    share_of_the_turn_with_maintenance_under_way: median(rates.maintained),
    with: 'fence, latest, rollups and compaction of as many samples, in the same process and turn',
  };
  return [
    { figure: 'ratio', value: median(ratios), raw: ratios, detail },
    { figure: 'ratio-sustained', value: median(sustained), raw: sustained },
    { figure: 'ratio-numbers', value: median(toNumbers), raw: toNumbers },
    { figure: 'samples', value: median(rates.samples), raw: rates.samples },
    { figure: 'sustained', value: median(rates.sustained), raw: rates.sustained },
    { figure: 'copy', value: median(rates.copy), raw: rates.copy },
    { figure: 'copy-numbers', value: median(rates.numbers), raw: rates.numbers },
  ];
}

/** What one turn wrote is not flushed in the next one's time. */
async function settle(database: PostgresAdapter): Promise<void> {
  await database.query(sql`truncate bare, bare_numbers`);
  await database.query(sql`checkpoint`);
}

interface Turn {
  readonly rows: number;
  readonly ms: number;
}

const rateOf = ({ rows, ms }: Turn): number => (rows * 1_000) / ms;

/** Writes for about TURN_MS, or until so many rows are written, with WRITERS writes under way at once. */
async function inTurn(write: (batch: number) => Promise<number>, rows = Number.POSITIVE_INFINITY): Promise<Turn> {
  const started = performance.now();
  let batch = 0;
  let done = 0;
  const writer = async (): Promise<void> => {
    while (rows === Number.POSITIVE_INFINITY ? performance.now() - started < TURN_MS : batch * BATCH < rows) {
      const count = await write(batch++);
      done += count;
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, writer));
  return { rows: done, ms: performance.now() - started };
}

const NO_LABELS = {};
const agentOf = (series: number): string => AGENT_IDS[Math.floor(series / METRICS_AN_AGENT)] ?? '';
const metricOf = (series: number): string => METRIC_NAMES[series % METRICS_AN_AGENT] ?? '';
const valueOf = (batch: number, i: number): number => Math.round(Math.sin(batch / 20 + i) * 10_000) / 100;

function samplesAt(at: number, batch: number): readonly Sample[] {
  return Array.from({ length: BATCH }, (_, i) => ({
    metricName: metricOf(i % SERIES),
    agentId: agentOf(i % SERIES),
    unit: 'ratio',
    labels: NO_LABELS,
    at: at + Math.floor(i / SERIES),
    value: valueOf(batch, i),
  }));
}

async function writeBatch(metrics: Metrics, host: HostId, fences: readonly Fence[], batch: number): Promise<number> {
  const result = await metrics.writeFenced({ hostId: host, fences, samples: samplesAt(Date.now(), batch) });
  if (result.rejected.length > 0) throw new Error(`${result.rejected.length} samples were refused: ${result.rejected[0]?.reason}`);
  return result.written;
}

const everyPlace = Uint32Array.from({ length: BATCH }, (_, i) => i);
const seriesIds = Int32Array.from({ length: BATCH }, (_, i) => (i % SERIES) + 1);

/** The same values less their names, encoded by the same code, in one COPY and nothing else. */
function copyNumbers(database: PostgresAdapter, batch: number): Promise<number> {
  const samples = samplesAt(Date.now(), batch);
  return copy(database, 'bare_numbers (ts, value, series_id, hour)', encodeSampleCopy(samples, seriesIds, everyPlace));
}

/** The same samples, names and all: what does not change from batch to batch is encoded once. */
function copySamples(database: PostgresAdapter, batch: number): Promise<number> {
  const samples = samplesAt(Date.now(), batch);
  const parts: Buffer[] = [Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1')];
  for (const [i, { at, value }] of samples.entries()) {
    const microseconds = microsecondsOf(at);
    const high = Math.floor(microseconds / 4_294_967_296);
    const row = Buffer.from(ROWS[i % SERIES] ?? Buffer.alloc(0));
    row.writeDoubleBE(value, row.length - VALUE_FROM_END);
    row.writeInt32BE(high, row.length - TIME_FROM_END);
    row.writeUInt32BE(microseconds - high * 4_294_967_296, row.length - TIME_FROM_END + 4);
    parts.push(row);
  }
  parts.push(Buffer.from([0xff, 0xff]));
  return copy(database, 'bare (agent_id, metric_name, metric_unit, metadata, metric_value, "timestamp")', Buffer.concat(parts));
}

const field = (bytes: Buffer): Buffer => {
  const length = Buffer.alloc(4);
  length.writeInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};
const VALUE_FROM_END = 8 + 4 + 8;
const TIME_FROM_END = 8;
const ROWS = Array.from({ length: SERIES }, (_, series) =>
  Buffer.concat([
    Buffer.from([0, 6]),
    ...[
      Buffer.from(agentOf(series)),
      Buffer.from(metricOf(series)),
      Buffer.from('ratio'),
      Buffer.from('\u0001{}'),
      Buffer.alloc(8),
      Buffer.alloc(8),
    ].map(field),
  ]),
);

const copy = (database: PostgresAdapter, target: string, payload: Buffer): Promise<number> =>
  database.transaction((tx) => tx.copyBinary(`copy ${target} from stdin (format binary)`, payload), { synchronousCommit: 'off' });

async function joinWithAgents(database: PostgresAdapter): Promise<{ readonly host: HostId; readonly fences: readonly Fence[] }> {
  const host = hostId(randomUUID());
  await database.query(
    sql`insert into muster.hosts (host_id, hostname, pid, version, capacity, expires_at) values (${host}, 'bench', 1, '0', ${AGENTS}, clock_timestamp() + interval '1 day')`,
  );
  await database.query(
    sql`insert into muster.agents (agent_id, agent_name, agent_type) select id, id, 'bench' from unnest(${AGENT_IDS}::text[]) as id`,
  );
  await database.query(sql`update muster.agent_leases set host_id = ${host}, epoch = 1 where agent_id = any(${AGENT_IDS}::text[])`);
  return { host, fences: AGENT_IDS.map((id) => ({ hostId: host, agentId: agentId(id), epoch: epoch(1) })) };
}

/** Rows for compaction to move, rolled up as they would be: a sample every five seconds of a hundred series. Not part of what is measured. */
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
  await database.query(sql`truncate muster.rollup_1h`);
  await database.query(sql`
    insert into muster.rollup_1h (bucket, series_id, n, sum, min, max, last)
    select date_trunc('hour', ts, 'UTC'), series_id, count(*), sum(value), min(value), max(value), 0
    from muster.samples where ts < ${day}::timestamptz + interval '1 day' group by 1, 2`);
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
