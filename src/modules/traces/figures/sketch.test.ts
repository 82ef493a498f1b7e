import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Sketch } from './sketch.ts';

const durations = fc.array(fc.integer({ min: 1, max: 86_400_000_000 }), { minLength: 1, maxLength: 300 });
const sketchOf = (values: readonly number[]): Sketch => {
  const sketch = new Sketch();
  for (const value of values) sketch.add(value);
  return sketch;
};
const exact = (values: readonly number[], q: number): number =>
  values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(q * values.length) - 1)] ?? 0;
const QUANTILES = [0.01, 0.5, 0.9, 0.95, 0.99, 1];

describe('a sketch', () => {
  it('is within 1 % of the exact percentile, after any merging and packing', () => {
    fc.assert(
      fc.property(durations, durations, (a, b) => {
        const sketch = new Sketch();
        sketch.merge(sketchOf(a).pack());
        sketch.mergeWith(sketchOf(b));
        const all = [...a, ...b];
        expect(sketch.count).toBe(all.length);
        for (const q of QUANTILES) {
          const truth = exact(all, q);
          expect(Math.abs((sketch.quantile(q) ?? 0) - truth) / truth).toBeLessThanOrEqual(0.01);
        }
      }),
    );
  });

  it('does not care in which order it was merged', () => {
    fc.assert(
      fc.property(durations, durations, (a, b) => {
        const [ab, ba] = [sketchOf(a), sketchOf(b)];
        ab.merge(sketchOf(b).pack());
        ba.merge(sketchOf(a).pack());
        expect(ab.pack().equals(ba.pack())).toBe(true);
      }),
    );
  });

  it('takes what stands for many as many, and what is out of reach as its ends', () => {
    const sketch = new Sketch();
    sketch.add(1_000_000, 99);
    sketch.add(5_000_000, 1);
    expect((sketch.quantile(0.98) ?? 0) / 1_000_000).toBeCloseTo(1, 1);
    const ends = sketchOf([-5, 0, 1e300]);
    expect(ends.quantile(0.5)).toBeCloseTo(1, 1);
    expect((ends.quantile(1) ?? 0) / 1e13).toBeCloseTo(1, 1);
    expect(new Sketch().quantile(0.5)).toBeUndefined();
    expect(new Sketch().pack()).toHaveLength(0);
  });

  it('takes two bytes a bin, and refuses what it did not write', () => {
    const busy = sketchOf(Array.from({ length: 10_000 }, (_, i) => 200_000 + i * 900));
    expect(busy.pack().length).toBeLessThan(450);
    expect(() => new Sketch().merge(Buffer.from([9, 1, 1]))).toThrow(RangeError);
    expect(() => new Sketch().merge(Buffer.from([1, 5]))).toThrow(RangeError);
    expect(() => new Sketch().merge(Buffer.from([1, 255, 255, 255, 255, 127, 1]))).toThrow(RangeError);
  });
});
