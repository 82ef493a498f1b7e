import type { HostLoad } from '../state/hosts.ts';

/** What part of an even share a host carries, step by step. */
const WEIGHTS = [1, 0.75, 0.5, 0.25] as const;
/** Above either it is too much, below both of the others it is well; between them nothing changes. */
const LAG_SECONDS = { hot: 0.25, calm: 0.1 };
const MACHINE_CPU = { hot: 0.95, calm: 0.8 };
/** Overloaded for so long without a break, and it goes down a step. */
const HOT_MS = 15_000;
/** Well for so long, and it goes up a step; twice as long after each relapse, so that agents do not go to and fro. */
const CALM_MS = 60_000;
const LONGEST_CALM_MS = 16 * CALM_MS;
/** A step down within so many calm times of the last step up is a relapse. */
const RELAPSE_WITHIN = 5;

/** How a host has been lately. Times are monotonic milliseconds. */
export interface LoadStanding {
  readonly step: number;
  readonly mood: 'hot' | 'calm' | 'between';
  readonly since: number;
  readonly calmMs: number;
  /** When it last went up a step. */
  readonly roseAt: number;
}

export const RESTED: LoadStanding = {
  step: 0,
  mood: 'between',
  since: Number.NEGATIVE_INFINITY,
  calmMs: CALM_MS,
  roseAt: Number.NEGATIVE_INFINITY,
};

export const weightOf = (standing: LoadStanding): number => WEIGHTS[standing.step] ?? 1;

/**
 * After one more look at the load. Only what lasts counts, down and up: an event loop that lags once, or a machine that is
 * busy for a moment, moves no agents.
 */
export function judgeLoad(before: LoadStanding, load: HostLoad, now: number): LoadStanding {
  const mood = moodOf(load);
  const standing = mood === before.mood ? before : { ...before, mood, since: now };
  const lasted = now - standing.since;
  if (mood === 'hot' && lasted >= HOT_MS && standing.step < WEIGHTS.length - 1) {
    const relapse = now - standing.roseAt < RELAPSE_WITHIN * standing.calmMs;
    return { ...standing, step: standing.step + 1, since: now, calmMs: relapse ? Math.min(standing.calmMs * 2, LONGEST_CALM_MS) : CALM_MS };
  }
  if (mood === 'calm' && lasted >= standing.calmMs && standing.step > 0)
    return { ...standing, step: standing.step - 1, since: now, roseAt: now };
  return standing;
}

function moodOf({ eventLoopLagSeconds: lag = 0, machineCpuRatio: cpu = 0 }: HostLoad): LoadStanding['mood'] {
  if (lag > LAG_SECONDS.hot || cpu > MACHINE_CPU.hot) return 'hot';
  return lag < LAG_SECONDS.calm && cpu < MACHINE_CPU.calm ? 'calm' : 'between';
}
