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

/** Nothing known is not nothing paid: false where there are calls, and the cost of none is known. */
export const isCostKnown = ({ counts, costs }: Pick<Tally, 'counts' | 'costs'>): boolean =>
  costs.total_cost > 0n || counts.calls === 0 || counts.unpriced < counts.calls;

/** The values of a dimension in one stretch of time of a project: they share its room. */
export interface Room {
  readonly projectNo: number;
  readonly grain: Grain;
  readonly dimension: Dimension;
  /** Milliseconds since 1970, on a multiple of the grain. */
  readonly bucket: number;
}

/** Which row of the figures. */
export interface Place extends Room {
  readonly value: string;
}

export const keyOf = ({ projectNo, grain, dimension, bucket }: Room): string => `${projectNo} ${grain} ${dimension} ${bucket}`;

interface OpenRoom {
  readonly room: Room;
  readonly tallies: Map<string, Tally>;
}

type Stretch = Partial<Record<Dimension, OpenRoom>>;

/** Tallies by place, as many as a batch of runs touches. A value that its room does not admit is one of the others. */
export class Tallies {
  readonly #admits: (room: Room, value: string) => boolean;
  /** By project, and then by beginning and grain in one number: asked for with every run. */
  readonly #stretches = new Map<number, Map<number, Stretch>>();

  constructor(admits: (room: Room, value: string) => boolean = () => true) {
    this.#admits = admits;
  }

  at({ projectNo, grain, dimension, bucket, value }: Place): Tally {
    return this.in(this.stretch(projectNo, grain, bucket), projectNo, grain, dimension, bucket, value);
  }

  /** All rooms of a stretch of time: a run has places in many of them, and they are looked up once. */
  stretch(projectNo: number, grain: Grain, bucket: number): Stretch {
    let ofProject = this.#stretches.get(projectNo);
    if (ofProject === undefined) this.#stretches.set(projectNo, (ofProject = new Map<number, Stretch>()));
    // No two meet: buckets are whole minutes in milliseconds, and grains lie closer together.
    const key = bucket * 2 + grain;
    let stretch = ofProject.get(key);
    if (stretch === undefined) ofProject.set(key, (stretch = {}));
    return stretch;
  }

  in(stretch: Stretch, projectNo: number, grain: Grain, dimension: Dimension, bucket: number, value: string): Tally {
    const { room, tallies } = (stretch[dimension] ??= { room: { projectNo, grain, dimension, bucket }, tallies: new Map() });
    const found = tallies.get(value);
    if (found !== undefined) return found;
    const admitted = value === OTHER || this.#admits(room, value) ? value : OTHER;
    const tally = tallies.get(admitted) ?? new Tally();
    tallies.set(admitted, tally);
    return tally;
  }

  *rows(): Iterable<{ readonly place: Place; readonly tally: Tally }> {
    for (const ofProject of this.#stretches.values())
      for (const stretch of ofProject.values())
        for (const { room, tallies } of Object.values(stretch))
          for (const [value, tally] of tallies) yield { place: { ...room, value }, tally };
  }
}
