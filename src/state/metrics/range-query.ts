import { MusterError } from '../../base/errors.ts';
import type { Database } from '../../db/database.ts';
import { raw, sql, type Sql } from '../../db/sql.ts';
import { Buckets, MOST_POINTS, planGrid, type Grid } from './buckets.ts';
import type { RangeQuery, RangeResult, SeriesPoints } from './metrics.ts';
import { HOUR_MS, type MetricsRetention } from './options.ts';
import { timestampOf } from './pg-time.ts';
import { readRaw } from './raw-samples.ts';
import { LOOK_BACK_MS } from './rollups.ts';

/** Series whose samples are in memory at once. */
const SERIES_AT_ONCE = 50;
/** `latest` may be behind its series by this much after a crash. */
const LATEST_SLACK_MS = 600_000;

interface SeriesRow {
  readonly series_id: number;
  readonly agent_id: string | null;
  readonly unit: string | null;
  readonly labels: Readonly<Record<string, unknown>>;
}

interface Progress {
  readonly now: number;
  readonly minutes_until: number;
  readonly hours_until: number;
}

/** The one way to read metrics over time: rollups as far as they are complete, the samples themselves after that. */
export async function queryRange(database: Database, retention: MetricsRetention, query: RangeQuery): Promise<RangeResult> {
  check(query);
  const progress = await readProgress(database);
  const grid = planGrid(query, progress.now, retention);
  const found = await findSeries(database, query, grid);
  const series: SeriesPoints[] = [];
  const wanted = found.slice(0, query.limit);
  for (let at = 0; at < wanted.length; at += SERIES_AT_ONCE) {
    const page = wanted.slice(at, at + SERIES_AT_ONCE);
    const filled = await fill(
      database,
      grid,
      progress,
      query,
      page.map(({ series_id }) => series_id),
    );
    page.forEach((row, index) => {
      const buckets = filled[index];
      if (buckets !== undefined && !buckets.isEmpty)
        series.push({ ...keyOfRow(query.metricName, row), points: buckets.points(query.aggregate) });
    });
  }
  return { series, stepMs: grid.stepMs, source: grid.source, truncated: found.length > query.limit };
}

async function readProgress(database: Database): Promise<Progress> {
  const progress = await database.one<Progress>(sql`
    select (date_part('epoch', clock_timestamp()) * 1000) as now, (date_part('epoch', minutes_until) * 1000) as minutes_until,
      (date_part('epoch', hours_until) * 1000) as hours_until
    from muster.rollup_progress`);
  if (progress === undefined) throw new MusterError('SCHEMA_MISSING', 'muster.rollup_progress has no row');
  return progress;
}

/** The same for series whose numbers are known. */
export async function bucketsOf(
  database: Database,
  retention: MetricsRetention,
  query: Stretch & { readonly seriesIds: readonly number[] },
): Promise<{ readonly stepMs: number; readonly series: readonly SeriesPoints['points'][] }> {
  check({ ...query, limit: 1 });
  const progress = await readProgress(database);
  const grid = planGrid(query, progress.now, retention);
  const series: SeriesPoints['points'][] = [];
  for (let at = 0; at < query.seriesIds.length; at += SERIES_AT_ONCE) {
    const filled = await fill(database, grid, progress, query, query.seriesIds.slice(at, at + SERIES_AT_ONCE));
    series.push(...filled.map((buckets) => buckets.points(query.aggregate)));
  }
  return { stepMs: grid.stepMs, series };
}

type Stretch = Pick<RangeQuery, 'from' | 'to' | 'points' | 'aggregate'>;

function check({ from, to, points, limit }: Pick<RangeQuery, 'from' | 'to' | 'points' | 'limit'>): void {
  const problem =
    !Number.isFinite(from) || !Number.isFinite(to) || to <= from
      ? '`to` must be later than `from`'
      : !Number.isInteger(points) || points < 1 || points > MOST_POINTS
        ? `\`points\` must be from 1 to ${MOST_POINTS}`
        : !Number.isInteger(limit) || limit < 1
          ? '`limit` must be 1 or more'
          : undefined;
  if (problem !== undefined) throw new MusterError('INVALID_INPUT', problem);
}

export function keyOfRow(metricName: string, row: Omit<SeriesRow, 'series_id'>): Omit<SeriesPoints, 'points'> {
  // Rows that SQL inserted may carry any JSON in their metadata.
  const labels = Object.fromEntries(
    Object.entries(row.labels).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
  );
  return { metricName, agentId: row.agent_id ?? '', unit: row.unit ?? '', labels };
}

/** One more than the limit, to know whether there are more. A series whose newest sample is older than the range has nothing in it. */
async function findSeries(database: Database, query: RangeQuery, grid: Grid): Promise<readonly SeriesRow[]> {
  const agents = query.agentIds ?? null;
  const { rows } = await database.query<SeriesRow>(sql`
    select s.series_id, s.agent_id, s.unit, s.labels
    from muster.series s left join muster.latest l using (series_id)
    where s.metric_name = ${query.metricName}
      and (${agents}::text[] is null or s.agent_id = any(${agents}::text[]) or (s.agent_id is null and '' = any(${agents}::text[])))
      and s.labels @> ${JSON.stringify(query.labels ?? {})}::jsonb
      and (l.ts is null or l.ts >= ${timestampOf(grid.start - LATEST_SLACK_MS)}::timestamptz)
    order by s.agent_id nulls first, s.series_id
    limit ${query.limit + 1}`);
  return rows;
}

async function fill(
  database: Database,
  grid: Grid,
  progress: Progress,
  query: Stretch,
  ids: readonly number[],
): Promise<readonly Buckets[]> {
  const buckets = ids.map(() => new Buckets(grid));
  const end = Math.min(grid.start + grid.count * grid.stepMs, query.to);
  let from = grid.start;
  for (const [table, until] of [
    ['rollup_1h', progress.hours_until],
    ['rollup_1m', progress.minutes_until],
  ] as const) {
    if (grid.source === 'samples' || (table === 'rollup_1h' && grid.source === 'rollup_1m')) continue;
    const to = Math.min(end, until);
    if (to <= from) continue;
    await addRollups(database, table, grid, query, ids, buckets, { from, to });
    from = to;
  }
  if (from < end) {
    const lookBack = query.aggregate === 'rate' ? Math.max(LOOK_BACK_MS, Math.min(grid.stepMs, HOUR_MS)) : 0;
    const columns = await readRaw(
      database,
      ids.map((series) => ({ series, from: from - lookBack, to: end })),
    );
    columns.forEach((column, index) => buckets[index]?.addSamples(column, from));
  }
  return buckets;
}

interface RollupRow {
  readonly series_id: number;
  readonly i: number;
  readonly n: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  readonly last: number | null;
  readonly increase: number | null;
  readonly seconds: number | null;
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/** Adds up in SQL: of a day of minutes only the buckets travel. `last` costs a sort, so it is computed for those who ask. */
async function addRollups(
  database: Database,
  table: 'rollup_1m' | 'rollup_1h',
  grid: Grid,
  query: Stretch,
  ids: readonly number[],
  buckets: readonly Buckets[],
  span: Span,
): Promise<void> {
  const rate = query.aggregate === 'rate';
  const i = sql`floor((date_part('epoch', bucket) * 1000 - ${grid.start}::float8) / ${grid.stepMs}::float8)::int`;
  const last = query.aggregate === 'last' ? raw('(array_agg(last order by bucket desc))[1]') : raw('null::float8');
  const increase = rate ? raw('sum(increase), sum(seconds)::float8') : raw('null::float8, null::float8');
  const { rows } = await database.query<RollupRow>(sql`
    select series_id, i, n, sum, min, max, last, increase, seconds from (
      select series_id, ${i}, sum(n)::float8, sum(sum), min(min), max(max), ${last}, ${increase}
      from ${rate && table === 'rollup_1m' ? minutesWithIncrease(ids, span) : sql`muster.${raw(table)} as r`}
      where series_id = any(${ids}::int[]) and bucket >= ${timestampOf(span.from)}::timestamptz and bucket < ${timestampOf(span.to)}::timestamptz
      group by 1, 2
    ) as grouped (series_id, i, n, sum, min, max, last, increase, seconds)
    order by series_id, i`);
  const place = new Map(ids.map((id, index) => [id, index]));
  for (const row of rows) {
    const target = buckets[place.get(row.series_id) ?? -1];
    if (target === undefined || row.i < 0 || row.i >= grid.count) continue;
    target.add(row.i, row.n, row.sum, row.min, row.max, row.last ?? Number.NaN);
    if (row.seconds !== null && row.increase !== null) target.addIncrease(row.i, row.increase, row.seconds);
  }
}

/** Hours know by how much a counter grew; minutes are compared with the minute before. */
const minutesWithIncrease = (ids: readonly number[], { from, to }: Span): Sql => sql`(
  select *, case when last >= before then last - before else last end as increase
  from (
    select *, lag(last) over w as before, date_part('epoch', bucket - lag(bucket) over w) as seconds
    from muster.rollup_1m
    where series_id = any(${ids}::int[]) and bucket >= ${timestampOf(from - LOOK_BACK_MS)}::timestamptz and bucket < ${timestampOf(to)}::timestamptz
    window w as (partition by series_id order by bucket)
  ) as minutes
) as r`;
