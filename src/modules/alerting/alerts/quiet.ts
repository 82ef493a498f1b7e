import { cronGrid, type Grid } from '../../../agent/grid.ts';
import type { Suppression } from './alert.ts';
import { matchesAll, type Matcher } from './matcher.ts';

/** Somebody wants no word of what matches, until then. */
export interface Silence {
  readonly silenceId: string;
  readonly matchers: readonly Matcher[];
  readonly reason: string;
  readonly createdBy: string;
  readonly startsAt: number;
  readonly endsAt: number;
}

/** Work that is planned: once, or again and again. What fires in it and still does at its end is told then. */
export interface MaintenanceWindow {
  readonly windowId: string;
  readonly name: string;
  readonly matchers: readonly Matcher[];
  readonly reason: string;
  readonly when:
    | { readonly startsAt: number; readonly endsAt: number }
    | { readonly cron: string; readonly timeZone: string; readonly durationMs: number };
}

/** The silence or window that keeps these labels quiet now: the one that lasts longest. */
export function quietOf(
  labels: Readonly<Record<string, string>>,
  silences: readonly Silence[],
  windows: readonly MaintenanceWindow[],
  now: number,
): Suppression | null {
  let longest: (Suppression & { readonly until: number }) | null = null;
  const take = (kind: 'silence' | 'maintenance', id: string, reason: string, until: number): void => {
    if (longest === null || until > longest.until) longest = { kind, id, reason, until };
  };
  for (const { createdBy, endsAt, matchers, reason, silenceId, startsAt } of silences) {
    if (startsAt <= now && now < endsAt && matchesAll(matchers, labels)) take('silence', silenceId, `${reason} (${createdBy})`, endsAt);
  }
  for (const window of windows) {
    const until = matchesAll(window.matchers, labels) ? openUntil(window, now) : undefined;
    if (until !== undefined) take('maintenance', window.windowId, `${window.name}: ${window.reason}`, until);
  }
  return longest;
}

/** When a window that is open now ends; undefined: it is not open. */
export function openUntil({ when }: MaintenanceWindow, now: number): number | undefined {
  if ('startsAt' in when) return when.startsAt <= now && now < when.endsAt ? when.endsAt : undefined;
  const start = gridOf(when.cron, when.timeZone)
    .between(now - when.durationMs, now, 1)
    .ticks.at(-1);
  // `between` leaves out its beginning: a window that began exactly then ends exactly now.
  return start === undefined ? undefined : start + when.durationMs;
}

/** When a window opens next after `now`; undefined: never again. */
export function opensNext({ when }: MaintenanceWindow, now: number): number | undefined {
  if ('startsAt' in when) return when.startsAt > now ? when.startsAt : undefined;
  return gridOf(when.cron, when.timeZone).after(now);
}

/** When what is quiet now may change by itself: something begins or ends. */
export function nextChange(silences: readonly Silence[], windows: readonly MaintenanceWindow[], now: number): number | undefined {
  const times = [
    ...silences.flatMap(({ endsAt, startsAt }) => [startsAt, endsAt]),
    ...windows.flatMap((window) => [openUntil(window, now) ?? Infinity, opensNext(window, now) ?? Infinity]),
  ].filter((at) => at > now && at < Infinity);
  return times.length === 0 ? undefined : Math.min(...times);
}

const grids = new Map<string, Grid>();
const MOST_GRIDS = 1_000;

/** Throws what croner throws for an expression or time zone that cannot be read. */
export function gridOf(cron: string, timeZone: string): Grid {
  const key = `${timeZone} ${cron}`;
  let grid = grids.get(key);
  if (grid === undefined) {
    grid = cronGrid(cron, timeZone);
    if (grids.size >= MOST_GRIDS) grids.clear();
    grids.set(key, grid);
  }
  return grid;
}

/** Whether that is a cron expression in a time zone. */
export function isCron(cron: string, timeZone: string): boolean {
  try {
    gridOf(cron, timeZone);
    return true;
  } catch {
    return false;
  }
}
