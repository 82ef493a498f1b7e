import { setImmediate as yieldToOthers } from 'node:timers/promises';
import type { Database, Transaction } from '../../db/database.ts';
import { dropDayIfEmpty, ensureDay, partitionName, partitionsOf } from '../../db/partitions.ts';
import { sql } from '../../db/sql.ts';
import { encodeChunkCopy, COPY_CHUNKS, type ChunkRow } from './chunk-copy.ts';
import { decodeChunk, encodeChunk, type Column } from './codec/chunk.ts';
import { DAY_MS, HOUR_MS } from './options.ts';
import { columnsOf, timestampOf } from './pg-time.ts';
import { merge } from './raw-samples.ts';

/** Samples moved in one transaction: 1.6 MB of them, twice that on the wire. */
const SAMPLES_AT_ONCE = 100_000;
/**
 * Samples in a chunk at most. Larger ones save little (a row costs 80 bytes, 0.02 a sample), and a query for an hour
 * decodes whole chunks.
 */
const SAMPLES_A_CHUNK = 4_096;

/**
 * Turns the rows of closed days into chunks. Each transaction deletes the rows of some series and inserts their chunks, so
 * every sample is in exactly one of the two for whoever reads, a crash loses or doubles nothing, and the next run goes on with
 * what is left. Late samples of a day that is compacted already are merged into its chunks in the same way. A day's
 * partition is dropped when it is empty.
 */
export async function compact(database: Database, rawDays: number, signal: AbortSignal): Promise<void> {
  for (const { day, hasPartition } of await closedDays(database, rawDays)) {
    await ensureDay(database, 'chunks', day);
    // Rollups know how many samples to expect of each series; what they do not know of is counted (0.2 µs a row).
    for (const count of hasPartition ? [countByRollups, countByRows] : [countByRows]) {
      for (const batch of batchesOf(dayStart(day), await count(database, dayStart(day)))) {
        signal.throwIfAborted();
        await database.transaction((tx) => moveToChunks(tx, dayStart(day), batch), {
          isolation: 'repeatable read',
          statementTimeoutMs: 120_000,
          attempts: 3,
        });
      }
      signal.throwIfAborted();
      if (hasPartition && (await dropDayIfEmpty(database, 'samples', day))) break;
    }
  }
}

const dayStart = (day: string): number => Date.parse(`${day}T00:00:00Z`);

interface ClosedDay {
  readonly day: string;
  /** False: all that is there are late samples in the default partition. */
  readonly hasPartition: boolean;
}

/** Days that ended before the raw window and before what is rolled up, and have rows or a partition. */
async function closedDays(database: Database, rawDays: number): Promise<readonly ClosedDay[]> {
  const row = await database.one<{ first_open: number; strays: readonly string[] }>(sql`
    with open as (
      select date_trunc('day', least(hours_until, clock_timestamp() - ${rawDays} * interval '1 day'), 'UTC') as since from muster.rollup_progress
    )
    select date_part('epoch', since) * 1000 as first_open,
      array(select distinct to_char(ts at time zone 'UTC', 'YYYY-MM-DD') from muster.samples_default where ts < since) as strays
    from open`);
  if (row === undefined) return [];
  const firstOpen = partitionName('samples', dayOf(row.first_open));
  const closed = (await partitionsOf(database, 'samples'))
    .filter((name) => /_\d{8}$/.test(name) && name < firstOpen)
    .map((name) => name.replace(/^.*_(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3'));
  return [...new Set([...closed, ...row.strays])].toSorted().map((day) => ({ day, hasPartition: closed.includes(day) }));
}

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

interface Batch {
  readonly series: readonly number[];
  readonly from: number;
  readonly to: number;
}

interface SeriesCount {
  readonly series_id: number;
  readonly n: number;
}

async function countByRollups(database: Database, day: number): Promise<readonly SeriesCount[]> {
  const { rows } = await database.query<SeriesCount>(sql`
    select series_id, sum(n)::int as n from muster.rollup_1h
    where bucket >= ${timestampOf(day)}::timestamptz and bucket < ${timestampOf(day + DAY_MS)}::timestamptz
    group by series_id order by series_id`);
  return rows;
}

async function countByRows(database: Database, day: number): Promise<readonly SeriesCount[]> {
  const { rows } = await database.query<SeriesCount>(sql`
    select series_id, count(*)::int as n from muster.samples
    where ts >= ${timestampOf(day)}::timestamptz and ts < ${timestampOf(day + DAY_MS)}::timestamptz
    group by series_id order by series_id`);
  return rows;
}

/** A day in portions: as many series as fit, or a part of a series that has too many samples. */
function batchesOf(day: number, counts: readonly SeriesCount[]): readonly Batch[] {
  const batches: Batch[] = [];
  let series: number[] = [];
  let samples = 0;
  const close = (): void => {
    if (series.length > 0) batches.push({ series, from: day, to: day + DAY_MS });
    series = [];
    samples = 0;
  };
  for (const { series_id: id, n } of counts) {
    if (n > SAMPLES_AT_ONCE) {
      const parts = Math.min(24, Math.ceil(n / SAMPLES_AT_ONCE));
      const length = Math.ceil(24 / parts) * HOUR_MS;
      for (let from = day; from < day + DAY_MS; from += length)
        batches.push({ series: [id], from, to: Math.min(from + length, day + DAY_MS) });
      continue;
    }
    if (samples + n > SAMPLES_AT_ONCE) close();
    series.push(id);
    samples += n;
  }
  close();
  return batches;
}

/** Under one snapshot (repeatable read) the rows read are the rows deleted: a late one that comes between is left for the next run. */
async function moveToChunks(tx: Transaction, day: number, { series, from, to }: Batch): Promise<void> {
  // The planner would rather read the whole day for each batch than follow the index, and sort what lies in order of time.
  await tx.query(sql`select set_config('enable_seqscan', 'off', true), set_config('enable_sort', 'off', true)`);
  const rows = sql`where series_id = any(${series}::int[]) and ts >= ${timestampOf(from)}::timestamptz and ts < ${timestampOf(to)}::timestamptz`;
  // Two statements cost half of DELETE … RETURNING: 0.7 µs a sample against 1.4.
  const moved = await tx.query<{ series_id: number; data: Buffer }>(sql`
    select series_id, string_agg(timestamptz_send(ts) || float8send(value), ''::bytea) as data from muster.samples ${rows} group by series_id`);
  await tx.query(sql`delete from muster.samples ${rows}`);
  if (moved.rows.length === 0) return;
  const present = await tx.query<{ series_id: number; data: Buffer }>(sql`
    delete from muster.chunks
    where series_id = any(${moved.rows.map((row) => row.series_id)}::int[]) and ts >= ${timestampOf(day)}::timestamptz
      and ts < ${timestampOf(to)}::timestamptz and until >= ${timestampOf(from)}::timestamptz
    returning series_id, data`);
  const columns = new Map<number, Column[]>();
  const collect = (id: number, column: Column): void => void columns.set(id, [...(columns.get(id) ?? []), column]);
  for (const row of present.rows) collect(row.series_id, decodeChunk(row.data));
  for (const row of moved.rows) collect(row.series_id, columnsOf(row.data));
  const chunks: ChunkRow[] = [];
  for (const [id, parts] of columns) {
    for (const column of split(merge(parts))) chunks.push({ series: id, column, data: encodeChunk(column) });
    await yieldToOthers(); // packing a chunk takes a millisecond; a beat must not wait for all of them
  }
  await tx.copyBinary(COPY_CHUNKS, encodeChunkCopy(chunks));
}

/** Pieces of about the same size; samples of one instant stay together, so that no two pieces begin at the same time. */
export function split({ times, values }: Column): readonly Column[] {
  const pieces = Math.ceil(times.length / SAMPLES_A_CHUNK);
  const size = Math.ceil(times.length / pieces);
  const columns: Column[] = [];
  for (let from = 0; from < times.length;) {
    let to = Math.min(from + size, times.length);
    while (to < times.length && times[to] === times[to - 1]) to += 1;
    columns.push({ times: times.subarray(from, to), values: values.subarray(from, to) });
    from = to;
  }
  return columns;
}
