import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';
import { decodeChunk, type Column } from './codec/chunk.ts';
import { DAY_MS } from './options.ts';
import { columnsOf, hourOf, microsecondsOf, timestampOf } from './pg-time.ts';

/** A stretch of one series, milliseconds since 1970; `to` is exclusive. */
export interface Stretch {
  readonly series: number;
  readonly from: number;
  readonly to: number;
}

/**
 * The samples of each stretch in order of time, wherever they lie: rows and chunks in one statement, so that what compaction
 * moves meanwhile is seen once. Rows come as one value a stretch, sixteen bytes a sample: a row each would cost ten times that.
 * The bounds of all stretches together stand in the statement for the planner to leave out the other days; each one's own are
 * applied here, to the hour there: known only while it runs, they would lead the planner astray.
 */
export async function readRaw(on: Queryable, stretches: readonly Stretch[]): Promise<readonly Column[]> {
  if (stretches.length === 0) return [];
  const least = stretches.reduce((a, { from }) => Math.min(a, from), Number.POSITIVE_INFINITY);
  const most = stretches.reduce((a, { to }) => Math.max(a, to), Number.NEGATIVE_INFINITY);
  const wanted = sql`unnest(${stretches.map(({ series }) => series)}::int[], ${stretches.map(({ from }) => timestampOf(from))}::timestamptz[],
    ${stretches.map(({ to }) => timestampOf(to))}::timestamptz[], ${stretches.map(({ from }) => hourOf(from))}::int[],
    ${stretches.map(({ to }) => hourOf(to))}::int[]) with ordinality as w (series_id, from_ts, to_ts, from_hour, to_hour, ord)`;
  const { rows } = await on.query<{ ord: number; packed: boolean; data: Buffer }>(sql`
    select w.ord::int as ord, false as packed, r.data
    from ${wanted}
    cross join lateral (
      select string_agg(timestamptz_send(p.ts) || float8send(p.value), ''::bytea) as data
      from muster.samples p
      where p.series_id = w.series_id and p.hour between w.from_hour and w.to_hour
        and p.ts >= ${timestampOf(least)}::timestamptz and p.ts < ${timestampOf(most)}::timestamptz
    ) r
    where r.data is not null
    union all
    select w.ord::int, true, c.data
    from ${wanted}
    join muster.chunks c on c.series_id = w.series_id and c.ts < w.to_ts and c.until >= w.from_ts
      -- A chunk stays within a day.
      and c.ts >= ${timestampOf(startOfDay(least))}::timestamptz and c.ts < ${timestampOf(most)}::timestamptz`);
  const parts: Column[][] = stretches.map(() => []);
  for (const { ord, packed, data } of rows) parts[ord - 1]?.push(packed ? decodeChunk(data) : columnsOf(data));
  return stretches.map(({ from, to }, index) => within(merge(parts[index] ?? []), microsecondsOf(from), microsecondsOf(to)));
}

export const startOfDay = (ms: number): number => Math.floor(ms / DAY_MS) * DAY_MS;

/** One column in order of time. Samples of the same instant keep the order of their columns. */
export function merge(columns: readonly Column[]): Column {
  const [only] = columns;
  return inOrder(only !== undefined && columns.length === 1 ? only : concatenate(columns));
}

function concatenate(columns: readonly Column[]): Column {
  const length = columns.reduce((sum, { times }) => sum + times.length, 0);
  const times = new Float64Array(length);
  const values = new Float64Array(length);
  let at = 0;
  for (const column of columns.toSorted((a, b) => (a.times[0] ?? 0) - (b.times[0] ?? 0))) {
    times.set(column.times, at);
    values.set(column.values, at);
    at += column.times.length;
  }
  return { times, values };
}

function inOrder(column: Column): Column {
  const { times, values } = column;
  if (isInOrder(times)) return column;
  const order = Uint32Array.from(times, (_, i) => i).toSorted((a, b) => (times[a] ?? 0) - (times[b] ?? 0) || a - b);
  return { times: Float64Array.from(order, (i) => times[i] ?? 0), values: Float64Array.from(order, (i) => values[i] ?? 0) };
}

function isInOrder(times: Float64Array): boolean {
  for (let i = 1; i < times.length; i += 1) if ((times[i] ?? 0) < (times[i - 1] ?? 0)) return false;
  return true;
}

function within({ times, values }: Column, from: number, to: number): Column {
  const first = firstAtOrAfter(times, from);
  const end = firstAtOrAfter(times, to);
  return first === 0 && end === times.length
    ? { times, values }
    : { times: times.subarray(first, end), values: values.subarray(first, end) };
}

function firstAtOrAfter(times: Float64Array, at: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] ?? 0) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}
