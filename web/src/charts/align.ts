import type { AlignedData } from 'uplot';
import type { Point } from '../api/types.ts';

export interface ChartSeries {
  readonly label: string;
  readonly points: readonly Point[];
}

/**
 * One time axis for several series, as uPlot wants it: seconds, ascending. A null stays a gap; a moment that only another series
 * knows is `undefined`, which is no gap.
 */
export function align(series: readonly ChartSeries[]): AlignedData {
  const times = new Set<number>();
  for (const each of series) for (const [at] of each.points) times.add(at);
  const axis = [...times].toSorted((a, b) => a - b);
  const place = new Map(axis.map((at, index) => [at, index]));
  const rows = series.map((each) => {
    const row: (number | null | undefined)[] = axis.map(() => undefined);
    for (const [at, value] of each.points) row[place.get(at) ?? 0] = value;
    return row;
  });
  return [axis.map((at) => at / 1_000), ...rows];
}

/**
 * Leaves out the nulls that only say that a thing is measured less often than the chart has steps. What is silent for more than
 * two and a half of its own intervals is a gap and stays one.
 */
export function bridge(points: readonly Point[]): readonly Point[] {
  const measured = points.filter(([, value]) => value !== null).map(([at]) => at);
  if (measured.length < 3 || measured.length === points.length) return points;
  const intervals = measured.slice(1).map((at, index) => at - (measured[index] ?? at));
  const median = intervals.toSorted((a, b) => a - b)[intervals.length >> 1] ?? 0;
  const kept: Point[] = [];
  let pending: Point[] = [];
  let before: number | undefined;
  for (const point of points) {
    if (point[1] === null) {
      pending.push(point);
      continue;
    }
    if (before === undefined || point[0] - before > 2.5 * median) kept.push(...pending);
    kept.push(point);
    pending = [];
    before = point[0];
  }
  return [...kept, ...pending];
}

/** The newest measured value and when its bucket began. */
export function lastOf(points: readonly Point[]): { readonly at: number; readonly value: number } | undefined {
  for (let index = points.length - 1; index >= 0; index--) {
    const point = points[index];
    if (point && point[1] !== null) return { at: point[0], value: point[1] };
  }
  return undefined;
}

export interface Extent {
  readonly lowest: number;
  readonly highest: number;
  readonly mean: number;
  readonly count: number;
  /** Stretches without a measurement between measurements. */
  readonly gaps: number;
}

export function extentOf(points: readonly Point[]): Extent | undefined {
  let lowest = Infinity;
  let highest = -Infinity;
  let sum = 0;
  let count = 0;
  let gaps = 0;
  let open = false;
  for (const [, value] of points) {
    if (value === null) {
      open = count > 0;
      continue;
    }
    if (open) gaps++;
    open = false;
    lowest = Math.min(lowest, value);
    highest = Math.max(highest, value);
    sum += value;
    count++;
  }
  return count === 0 ? undefined : { lowest, highest, mean: sum / count, count, gaps };
}
