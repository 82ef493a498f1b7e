import type { State } from './component.ts';

/** Milliseconds of one day (UTC) in each state. What is missing to the length of the day is unknown. */
export interface Day {
  readonly day: string;
  readonly up: number;
  readonly degraded: number;
  readonly down: number;
  /** Of these three, within maintenance. */
  readonly maintenance: { readonly up: number; readonly degraded: number; readonly down: number };
  /** How much of the day there is to know: all of it, or less where the component began, or today. */
  readonly length: number;
}

export interface Piece {
  readonly day: string;
  readonly state: State;
  readonly inMaintenance: boolean;
  readonly ms: number;
}

export interface Availability {
  /** Share of the known time in which it was up or degraded; null where nothing is known. */
  readonly ratio: number | null;
  /** Between which the truth lies: had all the unknown time been down, had it all been up. */
  readonly between: readonly [number, number] | null;
  readonly unknownMs: number;
  readonly downMs: number;
  readonly windowMs: number;
}

const DAY_MS = 86_400_000;

/** The last `count` days, today last, from what was recorded. Nothing is to be known before `begun` and after `now`. */
export function daysOf(
  pieces: readonly Piece[],
  { now, begun, count }: { readonly now: number; readonly begun: number; readonly count: number },
): readonly Day[] {
  const today = Math.floor(now / DAY_MS);
  const byDay = new Map<string, Piece[]>();
  for (const piece of pieces) byDay.set(piece.day, [...(byDay.get(piece.day) ?? []), piece]);
  return Array.from({ length: count }, (_, n) => {
    const number = today - count + 1 + n;
    const day = new Date(number * DAY_MS).toISOString().slice(0, 10);
    const [from, to] = [Math.max(number * DAY_MS, begun), Math.min((number + 1) * DAY_MS, now)];
    const of = (state: State, only?: 'maintenance'): number =>
      (byDay.get(day) ?? [])
        .filter((piece) => piece.state === state && (only === undefined || piece.inMaintenance))
        .reduce((sum, { ms }) => sum + ms, 0);
    return {
      day,
      up: of('up'),
      degraded: of('degraded'),
      down: of('down'),
      maintenance: { up: of('up', 'maintenance'), degraded: of('degraded', 'maintenance'), down: of('down', 'maintenance') },
      length: Math.max(0, to - from),
    };
  });
}

export const unknownOf = ({ up, degraded, down, length }: Day): number => Math.max(0, length - up - degraded - down);

/** Weighted by time. Degraded counts as available; unknown counts as nothing, and is told apart. */
export function availabilityOf(days: readonly Day[], { withMaintenance }: { readonly withMaintenance: boolean }): Availability {
  const sum = (value: (day: Day) => number): number => days.reduce((total, day) => total + value(day), 0);
  const of = (state: State): number => sum((day) => day[state] - (withMaintenance ? 0 : day.maintenance[state]));
  const [available, downMs, unknownMs] = [of('up') + of('degraded'), of('down'), sum(unknownOf)];
  const windowMs = available + downMs + unknownMs;
  return {
    ratio: available + downMs === 0 ? null : available / (available + downMs),
    between: windowMs === 0 ? null : [available / windowMs, (available + unknownMs) / windowMs],
    unknownMs,
    downMs,
    windowMs,
  };
}

/** `99.98%`, never rounded up: what was down for a second is not 100%. */
export function percentText(ratio: number | null): string {
  if (ratio === null) return 'unknown';
  return `${(Math.floor(ratio * 100_000 + 1e-7) / 1_000).toFixed(3).replace(/0$/, '')}%`;
}
