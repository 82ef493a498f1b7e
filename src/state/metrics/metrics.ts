import type { HostId } from '../../base/ids.ts';
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

/** A batch of one host: refused as a whole where the host's lease is gone, less the samples of agents it no longer holds. */
export interface HostBatch {
  readonly hostId: HostId;
  readonly fences: readonly Fence[];
  readonly samples: readonly Sample[];
}

export interface WriteResult {
  readonly written: number;
  /** With the reason, by sample: index into the batch. */
  readonly rejected: readonly { readonly index: number; readonly reason: 'stale_epoch' | 'not_finite' | 'too_many_series' | 'bad_time' | 'bad_name' }[];
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

export interface Metrics {
  /** In the name of a host's agents: fenced. */
  writeFenced(batch: HostBatch): Promise<WriteResult>;
  /** In nobody's name: agent_id is a label. */
  writeExternal(samples: readonly Sample[]): Promise<WriteResult>;
  query(query: RangeQuery): Promise<RangeResult>;
  latest(filter: { readonly metricName?: string; readonly agentId?: string }, page: { readonly limit: number; readonly after?: string }): Promise<{ readonly items: readonly LatestValue[]; readonly nextCursor: string | null }>;
  /** Metric names with their units and numbers of series. */
  names(filter: { readonly search?: string }, page: { readonly limit: number; readonly after?: string }): Promise<readonly { readonly metricName: string; readonly unit: string; readonly series: number }[]>;
}
