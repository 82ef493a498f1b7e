import { OTHER, type Dimension, type Grain } from './dimension.ts';
import { Sketch } from './sketch.ts';

export const COUNTERS = [
  'runs',
  'counted',
  'traces',
  'errors',
  'calls',
  'unpriced',
  'streamed',
  'prompt_tokens',
  'completion_tokens',
  'total_tokens',
  'cached_tokens',
  'cache_write_tokens',
  'reasoning_tokens',
  'audio_tokens',
] as const;
export type Counter = (typeof COUNTERS)[number];

export const COSTS = ['prompt_cost', 'completion_cost', 'total_cost'] as const;
export type CostName = (typeof COSTS)[number];

/** What some runs add up to. */
export class Tally {
  readonly counts: Record<Counter, number> = {
    runs: 0,
    counted: 0,
    traces: 0,
    errors: 0,
    calls: 0,
    unpriced: 0,
    streamed: 0,
    prompt_tokens: 0,
    completion_tokens: 0,
    total_tokens: 0,
    cached_tokens: 0,
    cache_write_tokens: 0,
    reasoning_tokens: 0,
    audio_tokens: 0,
  };
  /** 1e-12 USD. */
  readonly costs: Record<CostName, bigint> = { prompt_cost: 0n, completion_cost: 0n, total_cost: 0n };
  readonly latency = new Sketch();
  readonly firstToken = new Sketch();

  addCounts(other: Tally): void {
    for (const counter of COUNTERS) this.counts[counter] += other.counts[counter];
    for (const cost of COSTS) this.costs[cost] += other.costs[cost];
  }

  add(other: Tally): void {
    this.addCounts(other);
    this.latency.mergeWith(other.latency);
    this.firstToken.mergeWith(other.firstToken);
  }
}

/** Which row of the figures. */
export interface Place {
  readonly projectNo: number;
  readonly grain: Grain;
  readonly dimension: Dimension;
  /** Milliseconds since 1970, on a multiple of the grain. */
  readonly bucket: number;
  readonly value: string;
}

/** The places of one dimension in one stretch of time share their room. */
export const roomOf = ({ projectNo, grain, dimension, bucket }: Omit<Place, 'value'>): string =>
  `${projectNo} ${grain} ${dimension} ${bucket}`;

export const keyOf = (place: Place): string => `${roomOf(place)} ${place.value}`;

/** Tallies by place, as many as a batch of runs touches. */
export class Tallies {
  readonly #rows = new Map<string, { readonly place: Place; readonly tally: Tally }>();

  at(place: Place): Tally {
    const key = keyOf(place);
    const found = this.#rows.get(key);
    if (found !== undefined) return found.tally;
    const tally = new Tally();
    this.#rows.set(key, { place, tally });
    return tally;
  }

  get rows(): Iterable<{ readonly place: Place; readonly tally: Tally }> {
    return this.#rows.values();
  }

  /** The same, with the values that found no room under OTHER. */
  within(admits: (place: Place) => boolean): Tallies {
    const kept = new Tallies();
    for (const { place, tally } of this.#rows.values()) kept.at(admits(place) ? place : { ...place, value: OTHER }).add(tally);
    return kept;
  }
}
