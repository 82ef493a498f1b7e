import { BY_MINUTE, KEPT_DAYS, type Dimension, type Grain } from './dimension.ts';

/** Rows of one grain from one time to another, milliseconds since 1970, on multiples of the grain. */
export interface Stretch {
  readonly grain: Grain;
  readonly from: number;
  readonly to: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Up to here minutes are as few rows as hours are for a week. */
const LONGEST_BY_MINUTE_MS = 6 * HOUR_MS;

/** The fewest rows that cover a range: minutes for the last hours, else hours, and whole days in between. The ends are widened to whole rows. */
export function stretchesOf(from: number, to: number, now: number, dimensions: readonly Dimension[]): readonly Stretch[] {
  if (to - from <= LONGEST_BY_MINUTE_MS && hasMinutes(from, now) && dimensions.every((dimension) => BY_MINUTE.has(dimension)))
    return [{ grain: 60, ...widened(from, to, MINUTE_MS) }];
  const hours = widened(from, to, HOUR_MS);
  const firstDay = Math.ceil(hours.from / DAY_MS) * DAY_MS;
  const lastDay = Math.floor(hours.to / DAY_MS) * DAY_MS;
  // What is older than hours are kept is known by days only.
  const oldest = Math.ceil((now - KEPT_DAYS[3_600] * DAY_MS) / DAY_MS) * DAY_MS;
  if (hours.from < oldest) return [{ grain: 86_400, ...widened(from, to, DAY_MS) }];
  if (lastDay <= firstDay) return [{ grain: 3_600, ...hours }];
  const pieces: readonly Stretch[] = [
    { grain: 3_600, from: hours.from, to: firstDay },
    { grain: 86_400, from: firstDay, to: lastDay },
    { grain: 3_600, from: lastDay, to: hours.to },
  ];
  return pieces.filter((piece) => piece.to > piece.from);
}

/** Points of a chart: `count` stretches of `stepMs` from `start`, made of rows of one grain. */
export interface Steps {
  readonly grain: Grain;
  readonly start: number;
  readonly stepMs: number;
  readonly count: number;
}

/** Steps on multiples of themselves, so that a chart that moves on does not shimmer, and about as many as are asked for. */
export function stepsOf(from: number, to: number, points: number, now: number, dimension: Dimension): Steps {
  const wanted = Math.max(MINUTE_MS, Math.ceil((to - from) / points));
  const grain: Grain = wanted < HOUR_MS && hasMinutes(from, now) && BY_MINUTE.has(dimension) ? 60 : wanted <= 12 * HOUR_MS ? 3_600 : 86_400;
  const unit = grain * 1_000;
  const stepMs = niceStep(wanted, unit);
  const start = Math.floor(from / stepMs) * stepMs;
  return { grain, start, stepMs, count: Math.max(1, Math.ceil((to - start) / stepMs)) };
}

/** Steps that people think in. */
const NICE: readonly number[] = [1, 2, 5, 10, 15, 30]
  .map((minutes) => minutes * MINUTE_MS)
  .concat([1, 2, 3, 6, 12].map((hours) => hours * HOUR_MS));

function niceStep(wanted: number, unit: number): number {
  const nice = NICE.find((step) => step >= wanted && step % unit === 0);
  return nice ?? Math.max(1, Math.ceil(wanted / DAY_MS)) * DAY_MS;
}

const hasMinutes = (from: number, now: number): boolean => from >= now - KEPT_DAYS[60] * DAY_MS + HOUR_MS;

const widened = (from: number, to: number, unit: number): { readonly from: number; readonly to: number } => ({
  from: Math.floor(from / unit) * unit,
  to: Math.max(Math.ceil(to / unit), Math.floor(from / unit) + 1) * unit,
});
