import { describe, expect, test } from 'vitest';
import type { Point, Series } from '../api/types.ts';
import { align, bridge, extentOf, lastOf } from './align.ts';
import { rangeOf } from './range.ts';
import { incrementsOf, labelRoom, yRange } from './scales.ts';
import { sparkPath } from './sparkline.tsx';
import { addUp, linesOf } from './spec.ts';
import { summarise } from './summary.ts';

const every = (seconds: number, values: readonly (number | null)[]): Point[] =>
  values.map((value, index) => [index * seconds * 1_000, value]);
const series = (labels: Readonly<Record<string, string>>, points: readonly Point[]): Series => ({
  metric_name: 'm',
  agent_id: '',
  unit: '',
  labels,
  points,
});

describe('align', () => {
  test('puts series on one axis: a null is a gap, a moment of another series is none', () => {
    expect(
      align([
        {
          label: 'a',
          points: [
            [1_000, 1],
            [3_000, null],
          ],
        },
        { label: 'b', points: [[2_000, 5]] },
      ]),
    ).toEqual([
      [1, 2, 3],
      [1, undefined, null],
      [undefined, 5, undefined],
    ]);
  });
});

describe('bridge', () => {
  test('a metric measured every 30 s has no gaps on a grid of 5 s', () => {
    const points = every(
      5,
      Array.from({ length: 37 }, (_, index) => (index % 6 === 0 ? index : null)),
    );
    expect(bridge(points).every(([, value]) => value !== null)).toBe(true);
  });

  test('silence of more than two and a half intervals stays a gap', () => {
    const points = every(
      5,
      Array.from({ length: 49 }, (_, index) => (index % 6 === 0 && (index <= 12 || index >= 36) ? 1 : null)),
    );
    const gap = bridge(points)
      .filter(([, value]) => value === null)
      .map(([at]) => at / 5_000);
    expect(Math.min(...gap)).toBe(13);
    expect(Math.max(...gap)).toBe(35);
  });

  test('what is silent now is not drawn on to the present', () => {
    const points = every(5, [1, 1, 1, 1, null, null, null, null]);
    expect(bridge(points)).toEqual(points);
  });
});

test('series are added up moment by moment, and what none of them knows stays unknown', () => {
  expect(addUp([every(1, [1, null, null]), every(1, [2, 3, null])])).toEqual(every(1, [3, 3, null]));
});

describe('linesOf', () => {
  const spec = {
    metric: 'm',
    aggregate: 'avg',
    label: 'all',
    by: 'state',
    names: { active: 'at work', idle: 'idle' },
    unlessZero: ['hidden'],
  } as const;

  test('makes a line for each value of the label, in the order of the names, exceptions only when there are some', () => {
    const answer = [
      series({ state: 'hidden' }, every(1, [0, 0])),
      series({ state: 'idle' }, every(1, [4, 4])),
      series({ state: 'active' }, every(1, [1, 2])),
    ];
    expect(linesOf(spec, answer).map((line) => line.label)).toEqual(['at work', 'idle']);
    expect(linesOf(spec, [series({ state: 'hidden' }, every(1, [0, 1]))]).map((line) => line.label)).toEqual(['hidden']);
  });

  test('without a label everything is one line, and nothing is no line', () => {
    const { by: _, ...plain } = spec;
    expect(linesOf(plain, [series({ d: 'sda' }, every(1, [1])), series({ d: 'sdb' }, every(1, [2]))])).toEqual([
      { label: 'all', points: every(1, [3]) },
    ]);
    expect(linesOf(plain, [])).toEqual([]);
  });
});

test('the extent counts gaps between measurements, not the silence before and after', () => {
  expect(extentOf(every(1, [null, 1, null, null, 3, null]))).toEqual({ lowest: 1, highest: 3, mean: 2, count: 2, gaps: 1 });
  expect(extentOf(every(1, [null, null]))).toBeUndefined();
  expect(lastOf(every(1, [1, 2, null]))).toEqual({ at: 1_000, value: 2 });
});

test('a chart is told in a sentence, with what is unknown', () => {
  const lines = [
    { label: 'read', points: every(1, [1024, 2048, null]) },
    { label: 'written', points: every(1, [null, null, null]) },
  ];
  expect(summarise('Disk', 'bytes', lines, 900, 3_000)).toBe(
    'Disk, last 15 min. read: latest 2 KiB (2 s ago), lowest 1 KiB, highest 2 KiB, average 1.5 KiB; written: nothing measured.',
  );
  expect(summarise('Disk', 'bytes', [], 60, 0)).toBe('Disk, last 1 min: nothing measured.');
});

test('the value axis is never empty and stands on zero unless told to fit', () => {
  expect(yRange(null, null, 'zero')).toEqual([0, 1]);
  expect(yRange(5, 5, 'zero')).toEqual([0, 5.6]);
  expect(yRange(5, 5, 'fit')).toEqual([4.5, 5.5]);
  expect(yRange(0, 0, 'zero')).toEqual([0, 1]);
  expect(yRange(2, 10, 'zero')).toEqual([0, 11.2]);
  const [low, high] = yRange(0.98, 1, 'fit');
  expect(low).toBeGreaterThan(0.97);
  expect(high).toBeGreaterThan(1);
  expect(incrementsOf('bytes')).toContain(1024);
  expect(incrementsOf('ratio')).toContain(0.25);
});

test('long times have lines at whole minutes and hours, and room for their names', () => {
  const steps = incrementsOf('seconds');
  expect(steps.filter((step) => step >= 20 && step % 60 !== 0)).toEqual([20, 30]);
  expect(steps.toSorted((a, b) => a - b)).toEqual(steps);
  expect(labelRoom(['0 s', '1 h 30 min'])).toBeGreaterThan(labelRoom(['0 s', '5 min']));
  expect(labelRoom(null)).toBe(labelRoom(['0']));
});

test('a sparkline lifts its pen over a gap and stands on zero', () => {
  expect(sparkPath(every(1, [1, 1, null, 2, 2])).match(/M/g)).toHaveLength(2);
  expect(sparkPath(every(1, [0, 0]))).toMatch(/^M0\.0 18\.0L80\.0 18\.0$/);
  expect(sparkPath([])).toBe('');
});

test('an unknown range is the default one', () => {
  expect(rangeOf('7d').seconds).toBe(604_800);
  expect(rangeOf('constructor').name).toBe('15m');
  expect(rangeOf(null).name).toBe('15m');
});
