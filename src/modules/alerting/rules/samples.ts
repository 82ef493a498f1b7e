/** Samples of one series in order of time: milliseconds since 1970. */
export interface Samples {
  readonly times: readonly number[] | Float64Array;
  readonly values: readonly number[] | Float64Array;
}

/** Kept of a series at most: where a window holds more, its oldest are left out, and the rule's report says so. */
export const MOST_IN_WINDOW = 2_000;

/** The samples of the last `keepMs`, and the one before them, from which a counter's growth is counted. */
export class SampleWindow implements Samples {
  readonly keepMs: number;
  times: number[] = [];
  values: number[] = [];
  /** The newest that was left out for want of room. */
  #leftOutAt = Number.NEGATIVE_INFINITY;

  constructor(keepMs: number) {
    this.keepMs = keepMs;
  }

  get newestAt(): number {
    return this.times.at(-1) ?? Number.NEGATIVE_INFINITY;
  }

  /** Whether it holds less than there was in its time. */
  get isCut(): boolean {
    return this.#leftOutAt > this.newestAt - this.keepMs;
  }

  push(at: number, value: number): void {
    if (at < this.newestAt) return;
    if (at === this.newestAt) {
      this.values[this.values.length - 1] = value;
      return;
    }
    this.times.push(at);
    this.values.push(value);
    const oldest = at - this.keepMs;
    let gone = 0;
    while (gone + 1 < this.times.length && (this.times[gone + 1] ?? 0) <= oldest) gone += 1;
    const tooMany = this.times.length - MOST_IN_WINDOW;
    const isCut = tooMany > gone;
    gone = Math.max(gone, tooMany);
    // Cut now and then: a splice a sample would move the whole window each time.
    if (gone > 64 || gone > this.times.length / 2) {
      if (isCut) this.#leftOutAt = this.times[gone - 1] ?? this.#leftOutAt;
      this.times.splice(0, gone);
      this.values.splice(0, gone);
    }
  }
}

/** The samples after `from` up to `to`. */
export function between({ times, values }: Samples, from: number, to: number): { readonly times: number[]; readonly values: number[] } {
  const inside: { times: number[]; values: number[] } = { times: [], values: [] };
  for (let i = 0; i < times.length; i += 1) {
    const at = times[i] ?? 0;
    if (at <= from || at > to) continue;
    inside.times.push(at);
    inside.values.push(values[i] ?? Number.NaN);
  }
  return inside;
}

/**
 * By how much a counter grew, and over how long: from the last sample at or before `from`, where there is one. A counter that
 * fell began anew, at nothing.
 */
export function increaseWithin(
  { times, values }: Samples,
  from: number,
  to: number,
): { readonly increase: number; readonly ms: number } | undefined {
  let before: number | undefined;
  let firstAt = 0;
  let lastAt = 0;
  let increase = 0;
  let count = 0;
  for (let i = 0; i < times.length; i += 1) {
    const at = times[i] ?? 0;
    const value = values[i] ?? Number.NaN;
    if (at > to) break;
    if (at <= from || before === undefined) {
      before = value;
      firstAt = at;
      count = 1;
      continue;
    }
    increase += value >= before ? value - before : value;
    before = value;
    lastAt = at;
    count += 1;
  }
  return count < 2 || lastAt <= from ? undefined : { increase, ms: lastAt - firstAt };
}

/** The place of the first time after `at`. */
export function firstAfter(times: ArrayLike<number>, at: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What was known at `now`, `backMs` far back, and one before: a counter's growth is counted from it. */
export function knownAt({ times, values }: Samples, now: number, backMs: number): Samples {
  const end = firstAfter(times, now);
  const start = Math.max(0, firstAfter(times, now - backMs) - 1);
  return { times: times.slice(start, end), values: values.slice(start, end) };
}
