import type { Point, Series } from '../api/types.ts';
import { bridge, type ChartSeries } from './align.ts';
import type { YFloor } from './scales.ts';

/** One question to the metrics store, and how its series become lines. */
export interface LineSpec {
  readonly metric: string;
  readonly aggregate: 'avg' | 'max' | 'rate' | 'last';
  /** Name of the line where there is one. */
  readonly label: string;
  /** A line for each value of this label; without it all series are added up into one. */
  readonly by?: string;
  /** Names for the values of `by`, which also puts them in order. */
  readonly names?: Readonly<Record<string, string>>;
  /** Values of `by` that are told only when they are not 0 all the time: exceptions, whose absence is the rule. */
  readonly unlessZero?: readonly string[];
}

export interface ChartSpec {
  readonly id: string;
  readonly title: string;
  readonly note?: string;
  /** The title is the metric's own name. */
  readonly exact?: boolean;
  readonly unit: string;
  readonly floor?: YFloor;
  /** Why there may be nothing, and what to do. */
  readonly absence: string;
  readonly lines: readonly LineSpec[];
}

/** More lines than this are no longer told apart. */
const maxLines = 6;

/** The series of one answer as lines of the chart. */
export function linesOf(spec: LineSpec, series: readonly Series[]): readonly ChartSeries[] {
  const { by } = spec;
  if (series.length === 0) return [];
  if (by === undefined) return [{ label: spec.label, points: bridge(addUp(series.map((each) => each.points))) }];
  const groups = new Map<string, Series[]>();
  for (const each of series) {
    const value = each.labels[by] ?? '';
    groups.set(value, [...(groups.get(value) ?? []), each]);
  }
  const order = Object.keys(spec.names ?? {});
  const rank = (value: string): number => (order.includes(value) ? order.indexOf(value) : order.length);
  return [...groups]
    .toSorted(([a], [b]) => rank(a) - rank(b) || a.localeCompare(b))
    .filter(
      ([value, members]) =>
        spec.unlessZero?.includes(value) !== true ||
        members.some((each) => each.points.some(([, figure]) => figure !== null && figure !== 0)),
    )
    .slice(0, maxLines)
    .map(([value, members]) => ({
      label: spec.names?.[value] ?? (value === '' ? spec.label : value),
      points: bridge(addUp(members.map((each) => each.points))),
    }));
}

/** Adds series up moment by moment. What none of them knows stays unknown. */
export function addUp(all: readonly (readonly Point[])[]): readonly Point[] {
  const [only] = all;
  if (all.length === 1 && only) return only;
  const sums = new Map<number, number | null>();
  for (const points of all) {
    for (const [at, value] of points) {
      const sum = sums.get(at) ?? null;
      sums.set(at, value === null ? sum : (sum ?? 0) + value);
    }
  }
  return [...sums].toSorted(([a], [b]) => a - b);
}
