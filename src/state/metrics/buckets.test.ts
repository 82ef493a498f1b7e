import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Buckets, planGrid, type Grid } from './buckets.ts';
import type { Column } from './codec/chunk.ts';
import type { Aggregate } from './metrics.ts';
import { DAY_MS, DEFAULT_METRICS_RETENTION as RETENTION, HOUR_MS, MINUTE_MS } from './options.ts';
import { microsecondsOf } from './pg-time.ts';

const NOW = Date.parse('2026-11-22T12:34:56.789Z');
const column = (samples: readonly (readonly [number, number])[]): Column => ({
  times: Float64Array.from(samples, ([at]) => microsecondsOf(at)),
  values: Float64Array.from(samples, ([, value]) => value),
});

describe('a grid', () => {
  test.each<[string, number, number, number, Grid['source'], number]>([
    ['an hour in 300 points', HOUR_MS, 0, 300, 'samples', 12_000],
    ['a day in 300 points', DAY_MS, 0, 300, 'rollup_1m', 5 * MINUTE_MS],
    ['a year in 300 points', 365 * DAY_MS, 0, 300, 'rollup_1h', 30 * HOUR_MS],
    ['an hour of three weeks ago', HOUR_MS, 21 * DAY_MS, 300, 'samples', 12_000],
    ['an hour of before the detail', HOUR_MS, 40 * DAY_MS, 300, 'rollup_1h', HOUR_MS],
  ])('of %s is read from where it is cheapest', (_, length, ago, points, source, stepMs) => {
    const to = NOW - ago;
    expect(planGrid({ from: to - length, to, points }, NOW, RETENTION)).toMatchObject({ source, stepMs });
  });

  test('takes minutes where they are kept for longer than the detail', () => {
    const to = NOW - 40 * DAY_MS;
    expect(planGrid({ from: to - HOUR_MS, to, points: 300 }, NOW, { ...RETENTION, minuteDays: 90 }).source).toBe('rollup_1m');
  });

  test('lies on multiples of its step, ends with the bucket of the end, and has no more points than asked for, whatever the range', () => {
    const range = fc.record({
      length: fc.integer({ min: 1, max: 3 * 365 * DAY_MS }),
      ago: fc.nat(800 * DAY_MS),
      points: fc.integer({ min: 1, max: 11_000 }),
    });
    fc.assert(
      fc.property(range, ({ length, ago, points }) => {
        const to = NOW - ago;
        const grid = planGrid({ from: to - length, to, points }, NOW, RETENTION);
        const end = grid.start + grid.count * grid.stepMs;
        expect(grid.start % grid.stepMs).toBe(0);
        expect(grid.count).toBeGreaterThanOrEqual(1);
        expect(grid.count).toBeLessThanOrEqual(points);
        expect(end).toBeGreaterThanOrEqual(to);
        expect(end - grid.stepMs).toBeLessThan(to);
        // At the beginning at most one bucket, cut by the range, is left out.
        expect(grid.start - (to - length)).toBeLessThan(grid.stepMs);
      }),
    );
  });
});

describe('buckets', () => {
  const grid: Grid = { start: 0, stepMs: 10_000, count: 3, source: 'samples' };
  const filled = (samples: readonly (readonly [number, number])[], aggregate: Aggregate): (number | null)[] => {
    const buckets = new Buckets(grid);
    buckets.addSamples(column(samples), 0);
    return buckets.points(aggregate).map(([, value]) => value);
  };

  test('say null where nothing was measured, and no number where there is none', () => {
    expect(filled([[25_000, 4]], 'avg')).toEqual([null, null, 4]);
    expect(
      filled(
        [
          [5_000, 1e308],
          [6_000, 1e308],
        ],
        'sum',
      ),
    ).toEqual([null, null, null]);
  });

  test('give each sample to the bucket that begins at or before it', () => {
    expect(
      filled(
        [
          [0, 1],
          [9_999, 1],
          [10_000, 1],
          [29_999, 1],
          [30_000, 1],
        ],
        'count',
      ),
    ).toEqual([2, 1, 1]);
  });

  test('count what a counter grew, also across a gap and after a new beginning', () => {
    expect(
      filled(
        [
          [0, 100],
          [5_000, 150],
          [25_000, 350],
          [29_000, 8],
        ],
        'rate',
      ),
    ).toEqual([10, null, 208 / 24]);
  });
});
