/**
 * Durations, kept so that any percentile of any number of them merged is within 1 % of the exact one. Each lies in a bin of which the upper end is
 * 2 % above the lower, and the bin's middle stands for it (as DDSketch does): a busy hour takes about 300 bins, two bytes each.
 */
const ACCURACY = 0.0099;
const GAMMA = (1 + ACCURACY) / (1 - ACCURACY);
const LN_GAMMA = Math.log(GAMMA);
/** Four months, in microseconds: bin 1,500. */
const LONGEST = 1e13;
const HIGHEST_BIN = Math.ceil(Math.log(LONGEST) / LN_GAMMA);
const FORM = 1;
const SLACK = 16;

export class Sketch {
  /** Counts of the bins from #first on. */
  #bins: number[] = [];
  #first = 0;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(micros: number, weight = 1): void {
    this.addTo(binOf(micros), weight);
  }

  merge(packed: Uint8Array): void {
    if (packed.length === 0) return;
    if (packed[0] !== FORM) throw new RangeError(`a sketch of form ${packed[0]}, which only a newer version reads`);
    let at = 1;
    const next = (): number => {
      let value = 0;
      let scale = 1;
      for (;;) {
        const byte = packed[at++];
        if (byte === undefined) throw new RangeError('a sketch was cut short');
        value += (byte & 0x7f) * scale;
        if (byte < 0x80) return value;
        scale *= 128;
      }
    };
    let bin = -1;
    while (at < packed.length) {
      bin += next() + 1;
      this.addTo(bin, next());
    }
  }

  mergeWith(other: Sketch): void {
    other.#bins.forEach((count, index) => {
      if (count > 0) this.addTo(other.#first + index, count);
    });
  }

  /** The nearest-rank percentile, 0 < q ≤ 1, in microseconds; undefined of nothing. */
  quantile(q: number): number | undefined {
    if (this.#count === 0) return undefined;
    const rank = Math.max(1, Math.ceil(q * this.#count - 1e-9));
    let seen = 0;
    for (let i = 0; i < this.#bins.length; i++) {
      seen += this.#bins[i] ?? 0;
      if (seen >= rank) return (2 * GAMMA ** (this.#first + i)) / (GAMMA + 1);
    }
    return undefined;
  }

  /** A byte for the form, then of each bin that is not empty how many it lies after the last, and its count: varints. */
  pack(): Buffer {
    if (this.#count === 0) return Buffer.alloc(0);
    const bytes: number[] = [FORM];
    const put = (value: number): void => {
      let rest = value;
      while (rest >= 128) {
        bytes.push((rest % 128) | 0x80);
        rest = Math.floor(rest / 128);
      }
      bytes.push(rest);
    };
    let last = -1;
    this.#bins.forEach((count, index) => {
      if (count === 0) return;
      const bin = this.#first + index;
      put(bin - last - 1);
      put(count);
      last = bin;
    });
    return Buffer.from(bytes);
  }

  /** What `binOf` says. */
  addTo(bin: number, weight: number): void {
    if (!(bin >= 0 && bin <= HIGHEST_BIN)) throw new RangeError(`a sketch has no bin ${bin}`);
    if (this.#bins.length === 0) {
      this.#bins = [weight];
      this.#first = bin;
    } else {
      if (bin < this.#first || bin >= this.#first + this.#bins.length) this.#reach(bin);
      const index = bin - this.#first;
      this.#bins[index] = (this.#bins[index] ?? 0) + weight;
    }
    this.#count += weight;
  }

  /** Plain arrays: most sketches hold a few bins, and a typed array costs more to make than it saves. */
  #reach(bin: number): void {
    const first = bin < this.#first ? Math.max(0, bin - SLACK) : this.#first;
    const last = this.#first + this.#bins.length - 1;
    const end = bin > last ? bin + SLACK : last;
    const none = (count: number): number[] => Array.from<number>({ length: count }).fill(0);
    this.#bins = [...none(this.#first - first), ...this.#bins, ...none(end - last)];
    this.#first = first;
  }
}

/** The bin of a duration in microseconds; below one is taken for one. */
export const binOf = (micros: number): number => Math.ceil(Math.log(Math.min(Math.max(micros, 1), LONGEST)) / LN_GAMMA - 1e-9);
