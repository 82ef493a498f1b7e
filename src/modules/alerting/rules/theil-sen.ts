/** Points a fit is made of at most: 120 give 7,140 slopes, a millisecond. */
const MOST_POINTS = 120;
const FEWEST_POINTS = 8;
/** Two-sided 95%. */
const Z = 1.96;

export interface Trend {
  /** A millisecond. */
  readonly slope: number;
  /** The slope's interval of 95%. */
  readonly least: number;
  readonly most: number;
  /** What the line says of `at`. */
  valueAt(at: number): number;
}

/**
 * The median of the slopes between all pairs of points (Theil 1950, Sen 1968): a third of the points may be outliers. Its interval
 * comes from the ranks of the slopes, by the variance of Kendall's S. Undefined where there are too few points to say anything.
 */
export function theilSen(times: ArrayLike<number>, values: ArrayLike<number>): Trend | undefined {
  const points = thinned(times, values);
  const n = points.length;
  if (n < FEWEST_POINTS) return undefined;
  const slopes: number[] = [];
  for (let i = 0; i < n; i += 1) {
    for (let k = i + 1; k < n; k += 1) {
      const [a, b] = [points[i], points[k]];
      if (a !== undefined && b !== undefined && b.at > a.at) slopes.push((b.value - a.value) / (b.at - a.at));
    }
  }
  if (slopes.length === 0) return undefined;
  const sorted = Float64Array.from(slopes).toSorted();
  const slope = median(sorted);
  const half = Z * Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18);
  const edge = (index: number): number => sorted[Math.min(sorted.length - 1, Math.max(0, Math.round(index)))] ?? slope;
  const intercept = median(Float64Array.from(points, ({ at, value }) => value - slope * at).toSorted());
  return {
    slope,
    least: edge((sorted.length - half) / 2),
    most: edge((sorted.length + half) / 2),
    valueAt: (at) => intercept + slope * at,
  };
}

/** Means of even groups: the trend stays, the cost does not grow with the samples. */
function thinned(times: ArrayLike<number>, values: ArrayLike<number>): readonly { readonly at: number; readonly value: number }[] {
  const group = Math.max(1, Math.ceil(times.length / MOST_POINTS));
  const points: { at: number; value: number }[] = [];
  for (let start = 0; start < times.length; start += group) {
    const end = Math.min(times.length, start + group);
    let at = 0;
    let value = 0;
    for (let i = start; i < end; i += 1) {
      // Divided first: sums of large values would run over.
      at += (times[i] ?? 0) / (end - start);
      value += (values[i] ?? 0) / (end - start);
    }
    points.push({ at, value });
  }
  return points;
}

function median(sorted: Float64Array): number {
  const middle = sorted.length >>> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}
