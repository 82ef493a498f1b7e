import type { Database, Transaction } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';
import type { Column } from './codec/chunk.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from './options.ts';
import { millisecondsOf, timestampOf } from './pg-time.ts';
import { readRaw, startOfDay, type Stretch } from './raw-samples.ts';
import { insertHours, lockProgress, LOOK_BACK, LOOK_BACK_MS } from './rollups.ts';

/** Rows of rollup_dirty in one transaction, and samples read for them at once, more or less. */
const DIRTY_AT_ONCE = 1_000;
const STRETCHES_AT_ONCE = 100;
const LARGEST_SUM = 1e290;

/**
 * Rolls up again what came late, or was changed by SQL, from the samples themselves, rows and chunks alike. A row of
 * rollup_dirty that is seen here was committed with its samples, so they are seen too.
 */
export async function rollUpLate(database: Database, detailDays: number, signal: AbortSignal): Promise<void> {
  for (let more = true; more;) {
    signal.throwIfAborted();
    more = await database.transaction((tx) => rollUpAgain(tx, detailDays), {
      synchronousCommit: 'off',
      statementTimeoutMs: 120_000,
      attempts: 3,
    });
  }
}

async function rollUpAgain(tx: Transaction, detailDays: number): Promise<boolean> {
  const { minutesUntil, hoursUntil } = await lockProgress(tx);
  const { rows } = await tx.query<{ series_id: number; from_ms: number; to_ms: number; now_ms: number }>(sql`
    delete from muster.rollup_dirty where id = any(array(select id from muster.rollup_dirty order by id limit ${DIRTY_AT_ONCE}))
    returning series_id, date_part('epoch', from_ts) * 1000 as from_ms, date_part('epoch', to_ts) * 1000 as to_ms,
      date_part('epoch', clock_timestamp()) * 1000 as now_ms`);
  const now = rows[0]?.now_ms;
  if (now === undefined) return false;
  // Where the detail is gone, the rollups are all that is left: they stay as they are. Minutes not rolled up yet come by themselves.
  const oldest = startOfDay(now - detailDays * DAY_MS) + DAY_MS;
  const stretches = joinStretches(
    rows.map((row) => ({
      series: row.series_id,
      from: Math.max(oldest, Math.floor(row.from_ms / MINUTE_MS) * MINUTE_MS),
      to: Math.min(minutesUntil, (Math.floor(row.to_ms / MINUTE_MS) + 1) * MINUTE_MS),
    })),
  );
  for (let at = 0; at < stretches.length; at += STRETCHES_AT_ONCE) {
    const page = stretches.slice(at, at + STRETCHES_AT_ONCE);
    await replaceMinutes(tx, page, await readRaw(tx, page));
    await replaceHours(tx, page, hoursUntil);
  }
  return rows.length === DIRTY_AT_ONCE;
}

/** Stretches of a series that touch become one; empty ones go. */
export function joinStretches(stretches: readonly Stretch[]): readonly Stretch[] {
  const joined: Stretch[] = [];
  for (const next of stretches.filter(({ from, to }) => from < to).toSorted((a, b) => a.series - b.series || a.from - b.from)) {
    const last = joined.at(-1);
    if (last !== undefined && last.series === next.series && next.from <= last.to) {
      joined[joined.length - 1] = { ...last, to: Math.max(last.to, next.to) };
    } else joined.push(next);
  }
  return joined;
}

export interface MinuteRollup {
  readonly bucket: number;
  n: number;
  sum: number;
  min: number;
  max: number;
  last: number;
}

/** The samples of one series, in order of time, by minute. */
export function minutesOf({ times, values }: Column): readonly MinuteRollup[] {
  const minutes: MinuteRollup[] = [];
  times.forEach((time, index) => {
    const value = values[index] ?? 0;
    const bucket = Math.floor(millisecondsOf(time) / MINUTE_MS) * MINUTE_MS;
    const summable = Math.min(Math.max(value, -LARGEST_SUM), LARGEST_SUM);
    const last = minutes.at(-1);
    if (last === undefined || last.bucket !== bucket) minutes.push({ bucket, n: 1, sum: summable, min: value, max: value, last: value });
    else {
      last.n += 1;
      last.sum += summable;
      last.min = Math.min(last.min, value);
      last.max = Math.max(last.max, value);
      last.last = value;
    }
  });
  return minutes;
}

async function replaceMinutes(tx: Transaction, stretches: readonly Stretch[], columns: readonly Column[]): Promise<void> {
  await tx.query(
    sql`delete from muster.rollup_1m r using ${stretchRows(stretches)} where r.series_id = w.series_id and r.bucket >= w.from_ts and r.bucket < w.to_ts`,
  );
  const minutes = columns.flatMap((column, index) =>
    minutesOf(column).map((minute) => ({ series: stretches[index]?.series ?? 0, ...minute })),
  );
  await tx.query(sql`
    insert into muster.rollup_1m (bucket, series_id, n, sum, min, max, last)
    select * from unnest(${minutes.map((m) => timestampOf(m.bucket))}::timestamptz[], ${minutes.map((m) => m.series)}::int[], ${minutes.map((m) => m.n)}::int[],
      ${minutes.map((m) => m.sum)}::float8[], ${minutes.map((m) => m.min)}::float8[], ${minutes.map((m) => m.max)}::float8[], ${minutes.map((m) => m.last)}::float8[])`);
}

/** The hours that the stretches touch, as far as hours are rolled up, from their minutes. */
async function replaceHours(tx: Transaction, stretches: readonly Stretch[], hoursUntil: number): Promise<void> {
  const hours = joinStretches(
    stretches.map(({ series, from, to }) => ({
      series,
      from: Math.floor(from / HOUR_MS) * HOUR_MS,
      // A counter's growth in the next hour begins with the last minute of this one.
      to: Math.min(hoursUntil, Math.ceil((to + LOOK_BACK_MS) / HOUR_MS) * HOUR_MS),
    })),
  );
  if (hours.length === 0) return;
  await tx.query(
    sql`delete from muster.rollup_1h r using ${stretchRows(hours)} where r.series_id = w.series_id and r.bucket >= w.from_ts and r.bucket < w.to_ts`,
  );
  await tx.query(
    insertHours(sql`select w.from_ts as hour, r.* from ${stretchRows(hours)}
      join muster.rollup_1m r on r.series_id = w.series_id and r.bucket >= w.from_ts - ${LOOK_BACK} and r.bucket < w.to_ts`),
  );
}

const stretchRows = (stretches: readonly Stretch[]): ReturnType<typeof sql> =>
  sql`unnest(${stretches.map(({ series }) => series)}::int[], ${stretches.map(({ from }) => timestampOf(from))}::timestamptz[],
    ${stretches.map(({ to }) => timestampOf(to))}::timestamptz[]) as w (series_id, from_ts, to_ts)`;
