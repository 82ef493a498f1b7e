import type { Column } from './codec/chunk.ts';
import type { Aggregate, RangeQuery, RangeResult } from './metrics.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, type MetricsRetention } from './options.ts';
import { millisecondsOf } from './pg-time.ts';

export const MOST_POINTS = 11_000;

/** Even stretches of time: `count` of them, `stepMs` long, from `start`. They lie on multiples of the step, so that a chart that moves on does not shimmer. */
export interface Grid {
  readonly start: number;
  readonly stepMs: number;
  readonly count: number;
  readonly source: RangeResult['source'];
}

const COARSENESS = { samples: 1, rollup_1m: MINUTE_MS, rollup_1h: HOUR_MS } as const;

/** The coarsest storage whose buckets fit into the step, among those that reach back far enough. */
export function planGrid(query: Pick<RangeQuery, 'from' | 'to' | 'points'>, now: number, retention: MetricsRetention): Grid {
  const wanted = Math.max(1, Math.ceil((query.to - query.from) / query.points));
  const age = now - query.from;
  const source =
    wanted >= HOUR_MS || age > retention.minuteDays * DAY_MS
      ? 'rollup_1h'
      : wanted >= MINUTE_MS || age > retention.detailDays * DAY_MS
        ? 'rollup_1m'
        : 'samples';
  const unit = COARSENESS[source];
  const stepMs = Math.ceil(wanted / unit) * unit;
  const end = Math.ceil(query.to / stepMs) * stepMs;
  const aligned = Math.floor(query.from / stepMs) * stepMs;
  // One bucket too many means that the first is cut by `from`: the chart begins with the next, a whole one.
  const count = Math.max(1, Math.min(query.points, (end - aligned) / stepMs));
  return { start: end - count * stepMs, stepMs, count, source };
}

/** Samples and rollups of one series, added up by bucket. */
export class Buckets {
  readonly #grid: Grid;
  readonly #n: Float64Array;
  readonly #sum: Float64Array;
  readonly #min: Float64Array;
  readonly #max: Float64Array;
  readonly #last: Float64Array;
  readonly #increase: Float64Array;
  readonly #seconds: Float64Array;

  constructor(grid: Grid) {
    const column = (fill: number): Float64Array => new Float64Array(grid.count).fill(fill);
    this.#grid = grid;
    this.#n = column(0);
    this.#sum = column(0);
    this.#min = column(Number.POSITIVE_INFINITY);
    this.#max = column(Number.NEGATIVE_INFINITY);
    this.#last = column(Number.NaN);
    this.#increase = column(0);
    this.#seconds = column(0);
  }

  /** In order of time. Samples before `from` (milliseconds) only tell where a counter stood. */
  addSamples({ times, values }: Column, from: number): void {
    let before = Number.NaN;
    let beforeAt = 0;
    for (let k = 0; k < times.length; k += 1) {
      const at = millisecondsOf(times[k] ?? 0);
      const value = values[k] ?? 0;
      const i = Math.floor((at - this.#grid.start) / this.#grid.stepMs);
      if (at >= from && i >= 0 && i < this.#grid.count) {
        this.add(i, 1, value, value, value, value);
        if (!Number.isNaN(before)) this.addIncrease(i, increaseOf(before, value), (at - beforeAt) / 1000);
      }
      before = value;
      beforeAt = at;
    }
  }

  /** What was measured in bucket `i` after all that was added to it before. */
  add(i: number, n: number, sum: number, min: number, max: number, last: number): void {
    this.#n[i] = (this.#n[i] ?? 0) + n;
    this.#sum[i] = (this.#sum[i] ?? 0) + sum;
    this.#min[i] = Math.min(this.#min[i] ?? min, min);
    this.#max[i] = Math.max(this.#max[i] ?? max, max);
    this.#last[i] = last;
  }

  addIncrease(i: number, increase: number, seconds: number): void {
    this.#increase[i] = (this.#increase[i] ?? 0) + increase;
    this.#seconds[i] = (this.#seconds[i] ?? 0) + seconds;
  }

  get isEmpty(): boolean {
    return this.#n.every((n) => n === 0);
  }

  points(aggregate: Aggregate): readonly (readonly [number, number | null])[] {
    return Array.from(this.#n, (_, i) => [this.#grid.start + i * this.#grid.stepMs, this.#value(aggregate, i)] as const);
  }

  #value(aggregate: Aggregate, i: number): number | null {
    const n = this.#n[i] ?? 0;
    if (n === 0) return null;
    switch (aggregate) {
      case 'avg':
        return finiteOrNull((this.#sum[i] ?? 0) / n);
      case 'min':
        return this.#min[i] ?? null;
      case 'max':
        return this.#max[i] ?? null;
      case 'sum':
        return finiteOrNull(this.#sum[i] ?? 0);
      case 'count':
        return n;
      case 'last':
        return this.#last[i] ?? null;
      case 'rate': {
        const seconds = this.#seconds[i] ?? 0;
        return seconds > 0 ? finiteOrNull((this.#increase[i] ?? 0) / seconds) : null;
      }
    }
  }
}

/** A counter that fell has begun again from zero. */
const increaseOf = (before: number, value: number): number => (value >= before ? value - before : value);

/** The sum of huge values may be beyond all doubles: there is no number to show. */
const finiteOrNull = (value: number): number | null => (Number.isFinite(value) ? value : null);
