import type { TickProgress } from '../state/agents.ts';
import type { Grid } from './grid.ts';
import type { CompiledSchedule } from './schedule.ts';

/** A run that is due. */
export interface DueTick {
  /** The instant it is for. */
  readonly tick: number;
  /** Ticks before it that get no run of their own: skipped, made up by this one, or beyond the bound of `catch_up`. */
  readonly missed: number;
  /** Of those, the ones that were given up although each was to be made up. */
  readonly givenUp: number;
  /** It was begun before, and whoever began it did not come to its end. */
  readonly again: boolean;
}

export interface TickPlan {
  readonly due: DueTick | undefined;
  /** When to look again, where nothing is due. */
  readonly next: number | undefined;
}

/** Whether ticks are claimed in the database before their runs: where none may be lost, none may be begun twice either. */
export const isClaimed = (schedule: CompiledSchedule): boolean => schedule.missed !== 'skip';

/** A tick that lies further ahead was begun by a clock that has been set back since. */
export const AHEAD_MS = 60_000;

/**
 * What a schedule asks for at `now`, given how far the agent is. `from`: up to there this life owes nothing under `skip`, because
 * it began there or its last run ended there. All times are the database's.
 */
export function planTick(schedule: CompiledSchedule, grid: Grid, progress: TickProgress, now: number, from: number): TickPlan {
  const begun = credible(progress.begun, now);
  const settled = Math.max(credible(progress.done, now), progress.activeSince);
  // The first tick of a period lies before the agent was wanted: it is unsettled as long as nothing was ever done.
  const isUnfinished = begun > (progress.done === null ? Number.NEGATIVE_INFINITY : settled);
  if (isClaimed(schedule) && isUnfinished) return { due: { tick: begun, missed: 0, givenUp: 0, again: true }, next: undefined };
  // One that never ran runs soon: what is wanted often is wanted at once.
  if (schedule.everyMs !== undefined && progress.begun === null) return planSince(grid, now - schedule.everyMs, now, schedule, 1);
  if (isClaimed(schedule)) {
    const limit = schedule.missed === 'catch_up' ? schedule.catchUpLimit : 1;
    return planSince(grid, Math.max(begun, settled), now, schedule, limit);
  }
  const wentBack = from > now + Math.max(AHEAD_MS, schedule.everyMs ?? 0);
  return planSince(grid, Math.max(begun, wentBack ? now : from), now, schedule, 1);
}

const credible = (time: number | null, now: number): number => (time === null || time > now + AHEAD_MS ? Number.NEGATIVE_INFINITY : time);

/** The oldest of the newest `limit` ticks after `from`; later ones wait for their turn. */
function planSince(grid: Grid, from: number, now: number, { missed: policy }: CompiledSchedule, limit: number): TickPlan {
  const { ticks, count } = grid.between(from, now, limit);
  const tick = ticks[0];
  if (tick === undefined) return { due: undefined, next: grid.after(Math.max(from, now)) };
  const missed = count - ticks.length;
  return { due: { tick, missed, givenUp: policy === 'catch_up' ? missed : 0, again: false }, next: undefined };
}
