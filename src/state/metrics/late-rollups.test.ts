import fc from 'fast-check';
import { expect, test } from 'vitest';
import { joinStretches, minutesOf } from './late-rollups.ts';
import { microsecondsOf } from './pg-time.ts';
import { split } from './compaction.ts';
import { merge } from './raw-samples.ts';

test('stretches of a series that touch become one; those of others and empty ones do not', () => {
  const joined = joinStretches([
    { series: 2, from: 0, to: 5 },
    { series: 1, from: 10, to: 20 },
    { series: 1, from: 0, to: 10 },
    { series: 1, from: 15, to: 17 },
    { series: 1, from: 30, to: 30 },
    { series: 1, from: 40, to: 41 },
  ]);
  expect(joined).toEqual([
    { series: 1, from: 0, to: 20 },
    { series: 1, from: 40, to: 41 },
    { series: 2, from: 0, to: 5 },
  ]);
});

test('a minute has the number, sum, extremes and last of its samples', () => {
  const times = Float64Array.from([0, 30_000, 59_999, 60_000], (ms) => microsecondsOf(ms));
  expect(minutesOf({ times, values: Float64Array.from([3, -1, 2, 1.7e308]) })).toEqual([
    { bucket: 0, n: 3, sum: 4, min: -1, max: 3, last: 2 },
    { bucket: 60_000, n: 1, sum: 1e290, min: 1.7e308, max: 1.7e308, last: 1.7e308 },
  ]);
});

test('columns are merged into one in order of time with nothing lost, and split into pieces that begin apart', () => {
  const times = fc.array(fc.nat(500), { maxLength: 60 });
  fc.assert(
    fc.property(fc.array(times, { maxLength: 5 }), (columns) => {
      const merged = merge(
        columns.map((list, c) => ({ times: Float64Array.from(list), values: Float64Array.from(list, (time) => time * 10 + c) })),
      );
      expect([...merged.times]).toEqual(columns.flat().toSorted((a, b) => a - b));
      merged.times.forEach((time, i) => expect(Math.floor((merged.values[i] ?? Number.NaN) / 10)).toBe(time));
    }),
  );
  const long = Float64Array.from({ length: 10_000 }, (_, i) => Math.floor(i / 7));
  const pieces = split({ times: long, values: long });
  expect(pieces.map((piece) => piece.times.length).reduce((a, b) => a + b)).toBe(10_000);
  expect(new Set(pieces.map((piece) => piece.times[0])).size).toBe(pieces.length);
  for (const piece of pieces) expect(piece.times.length).toBeLessThan(4_096 + 7);
});
