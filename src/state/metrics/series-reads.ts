import type { Database, Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';
import type { MetricsRetention } from './options.ts';
import type { Aggregate, KnownSeries, NewestValues, SeriesSamples } from './metrics.ts';
import { millisecondsOf } from './pg-time.ts';
import { bucketsOf, keyOfRow } from './range-query.ts';
import { readRaw, type Stretch } from './raw-samples.ts';

/** Bytes of a row as muster.latest is packed: series, time, value. */
const NEWEST_BYTES = 20;

/** Series of these metrics in order of their numbers, which grow: whoever knows those up to `after` asks only for new ones. */
export async function readSeries(
  database: Queryable,
  metricNames: readonly string[],
  { after, limit }: { readonly after: number; readonly limit: number },
): Promise<readonly KnownSeries[]> {
  if (metricNames.length === 0) return [];
  const { rows } = await database.query<{
    series_id: number;
    metric_name: string;
    agent_id: string | null;
    unit: string | null;
    labels: Record<string, unknown>;
  }>(sql`
    select series_id, metric_name, agent_id, unit, labels from muster.series
    where series_id > ${after} and metric_name = any(${metricNames}::text[])
    order by series_id limit ${limit}`);
  return rows.map((row) => ({ seriesId: row.series_id, ...keyOfRow(row.metric_name, row) }));
}

/** The newest values of these series. One value travels instead of a row each: that costs a tenth. */
export async function readNewest(database: Queryable, seriesIds: readonly number[]): Promise<NewestValues> {
  const { rows } =
    seriesIds.length === 0
      ? { rows: [] }
      : await database.query<{ packed: Buffer | null }>(sql`
          select string_agg(int4send(series_id) || timestamptz_send(ts) || float8send(value), ''::bytea) as packed
          from muster.latest where series_id = any(${seriesIds}::int[])`);
  const bytes = rows[0]?.packed ?? Buffer.alloc(0);
  const count = bytes.length / NEWEST_BYTES;
  const newest = { seriesIds: new Int32Array(count), times: new Float64Array(count), values: new Float64Array(count) };
  for (let i = 0; i < count; i += 1) {
    const at = i * NEWEST_BYTES;
    newest.seriesIds[i] = bytes.readInt32BE(at);
    newest.times[i] = millisecondsOf(bytes.readInt32BE(at + 4) * 4_294_967_296 + bytes.readUInt32BE(at + 8));
    newest.values[i] = bytes.readDoubleBE(at + 12);
  }
  return newest;
}

export async function readSamples(database: Database, stretches: readonly Stretch[]): Promise<readonly SeriesSamples[]> {
  const columns = await readRaw(database, stretches);
  return columns.map(({ times, values }) => ({ times: Float64Array.from(times, millisecondsOf), values }));
}

/** Even buckets of each series, up to the one that `to` lies in. Read like a chart: from rollups where those are cheaper. */
export async function readBuckets(
  database: Database,
  retention: MetricsRetention,
  query: {
    readonly seriesIds: readonly number[];
    readonly from: number;
    readonly to: number;
    readonly points: number;
    readonly aggregate: Aggregate;
  },
): Promise<{ readonly stepMs: number; readonly series: readonly (readonly (readonly [number, number | null])[])[] }> {
  return bucketsOf(database, retention, query);
}
