import type { HostId } from '../../base/ids.ts';
import type { Queryable } from '../../db/database.ts';
import type { Fence } from '../fence.ts';

/** What names a series. */
export interface SeriesKey {
  readonly metricName: string;
  /** '' where it belongs to no agent. */
  readonly agentId: string;
  readonly unit: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface Sample extends SeriesKey {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly value: number;
}

/**
 * A batch of one host: refused as a whole where the host's lease is gone, less the samples of agents it no longer holds.
 * A sample with an agentId needs a fence of that agent; one without is the host's own.
 */
export interface HostBatch {
  readonly hostId: HostId;
  readonly fences: readonly Fence[];
  readonly samples: readonly Sample[];
}

/**
 * Why one sample was refused: its agent has moved on; NaN or an infinity; a new series beyond the limit; more than five minutes
 * in the future, or older than the detail that is kept; a name, unit or label that is empty, too long or has control characters.
 */
export type RejectionReason = 'stale_epoch' | 'not_finite' | 'too_many_series' | 'bad_time' | 'bad_name';

export interface WriteResult {
  readonly written: number;
  /** With the reason, by sample: index into the batch. */
  readonly rejected: readonly { readonly index: number; readonly reason: RejectionReason }[];
}

export type Aggregate = 'avg' | 'min' | 'max' | 'sum' | 'count' | 'last' | 'rate';

export interface RangeQuery {
  readonly metricName: string;
  /** All agents where left out; each is a series of its own in the answer. */
  readonly agentIds?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly from: number;
  readonly to: number;
  /** At most this many points a series, evenly spaced. 1 to 11,000. */
  readonly points: number;
  readonly aggregate: Aggregate;
  /** Series in the answer at most. */
  readonly limit: number;
}

export interface SeriesPoints extends SeriesKey {
  /** [start of the bucket in ms since 1970, value or null where nothing was measured] */
  readonly points: readonly (readonly [number, number | null])[];
}

export interface RangeResult {
  readonly series: readonly SeriesPoints[];
  readonly stepMs: number;
  /** Which storage answered. */
  readonly source: 'samples' | 'rollup_1m' | 'rollup_1h';
  /** True where `limit` left series out. */
  readonly truncated: boolean;
}

export interface LatestValue extends SeriesKey {
  readonly at: number;
  readonly value: number;
}

/** A series with the number it is known by. */
export interface KnownSeries extends SeriesKey {
  readonly seriesId: number;
}

/** Newest values side by side, in no order. Times in milliseconds since 1970. */
export interface NewestValues {
  readonly seriesIds: Int32Array;
  readonly times: Float64Array;
  readonly values: Float64Array;
}

/** In order of time, milliseconds since 1970. */
export interface SeriesSamples {
  readonly times: Float64Array;
  readonly values: Float64Array;
}

/** What became of the samples since this Metrics was made. */
export interface MetricsStatus {
  readonly written: number;
  readonly rejected: Readonly<Record<RejectionReason, number>>;
  /** Series whose newest value waits to be written to `latest`, a second at most. */
  readonly latestPending: number;
}

export interface Metrics extends AsyncDisposable {
  /**
   * In the name of a host's agents: fenced. Throws LEASE_LOST, with nothing written. After any other error the same batch (this very
   * object) may be written again: if the first attempt was committed after all, nothing is written twice.
   */
  writeFenced(batch: HostBatch): Promise<WriteResult>;
  /** In nobody's name: agentId is a label. May be repeated like `writeFenced`. */
  writeExternal(samples: readonly Sample[]): Promise<WriteResult>;
  query(query: RangeQuery): Promise<RangeResult>;
  /** The newest value of each series, in order of metric name; a tenth of a second old, more where a process writes more than 200 series in that time: two a millisecond. */
  latest(
    filter: { readonly metricName?: string | readonly string[]; readonly agentId?: string },
    page: { readonly limit: number; readonly after?: string },
  ): Promise<{ readonly items: readonly LatestValue[]; readonly nextCursor: string | null }>;
  /** Metric names in order, after `after`, with their usual unit and number of series. */
  names(
    filter: { readonly search?: string },
    page: { readonly limit: number; readonly after?: string },
  ): Promise<readonly { readonly metricName: string; readonly unit: string; readonly series: number }[]>;
  /** Series of these metrics in order of `seriesId`, those beyond `after`. */
  series(
    metricNames: readonly string[],
    page: { readonly after: number; readonly limit: number },
    /** Default: a connection of its own. */
    reader?: Queryable,
  ): Promise<readonly KnownSeries[]>;
  /** The newest values of many series in one statement. */
  newest(seriesIds: readonly number[], reader?: Queryable): Promise<NewestValues>;
  /** Every sample of these stretches, `to` exclusive, in one statement. */
  samples(stretches: readonly { readonly series: number; readonly from: number; readonly to: number }[]): Promise<readonly SeriesSamples[]>;
  /** Even buckets of each of these series, from rollups where those are cheaper. */
  buckets(query: {
    readonly seriesIds: readonly number[];
    readonly from: number;
    readonly to: number;
    readonly points: number;
    readonly aggregate: Aggregate;
  }): Promise<{ readonly stepMs: number; readonly series: readonly (readonly (readonly [number, number | null])[])[] }>;
  status(): MetricsStatus;
  /** Writes what is pending for `latest` now. */
  flush(): Promise<void>;
  /** Flushes and leaves no timer behind. Nothing is lost without it: `latest` mends itself within minutes. */
  stop(): Promise<void>;
}
