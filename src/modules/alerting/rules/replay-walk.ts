import { explain } from './explain.ts';
import type { Level, Rule } from './rule.ts';
import { firstAfter } from './samples.ts';
import type { TargetState } from './state.ts';
import { dueAt, step, type Reading } from './step.ts';
import type { Turn } from './timeline.ts';

/** So many looks a replay takes at most, that one question costs seconds and not minutes. */
export const MOST_REPLAY_EVALUATIONS = 2_000_000;
/** Where nothing comes of its own: silence is noticed, and history read, at this pace. */
const PACE_MS = 15_000;
const FORECAST_PACE_MS = 5 * 60_000;
const BURN_PACE_MS = 60_000;

/** Once when it would have fired. */
export interface Firing {
  readonly target: string;
  readonly level: Level;
  readonly badSince: number;
  readonly firedAt: number;
  /** Null: it would still fire at the end. */
  readonly endedAt: number | null;
  readonly value: number | null;
  readonly threshold: number | null;
  readonly explanation: string;
}

export interface Range {
  readonly from: number;
  readonly to: number;
}

/** What a replay found so far, and what it cost. */
export interface Findings {
  readonly firings: Firing[];
  evaluations: number;
}

export interface WalkTarget {
  readonly target: string;
  readonly unit: string;
  /** Times at which something came. */
  readonly sources: readonly ArrayLike<number>[];
  read(now: number): Reading;
}

/** Looks at one target whenever something came, something was due, or enough time went by; tells what it said of it when. */
export function walk(rule: Rule, on: WalkTarget, { from, to }: Range, findings: Findings): readonly Turn[] {
  const { sources, target, unit } = on;
  const pace = paceOf(rule, to - from);
  const places = sources.map((times) => firstAfter(times, from - 1));
  const changes: Turn[] = [];
  let state: TargetState | undefined;
  let open: Firing | undefined;
  let now = from;
  for (;;) {
    findings.evaluations += 1;
    state = step(rule, state, on.read(now), now);
    if (changes.at(-1)?.state !== state.state) changes.push({ at: now, state: state.state });
    if (open !== undefined && (state.open === null || state.open !== open.level)) {
      findings.firings.push({ ...open, endedAt: now });
      open = undefined;
    }
    if (open === undefined && state.state === 'firing' && state.open !== null) {
      open = {
        target,
        level: state.open,
        badSince: state.since,
        firedAt: now,
        endedAt: null,
        value: state.value,
        threshold: state.threshold,
        explanation: explain(rule, state, unit, now),
      };
    }
    if (now >= to || findings.evaluations >= MOST_REPLAY_EVALUATIONS) break;
    let next = now + pace;
    sources.forEach((times, index) => {
      while ((times[places[index] ?? 0] ?? Number.POSITIVE_INFINITY) <= now) places[index] = (places[index] ?? 0) + 1;
      next = Math.min(next, times[places[index] ?? 0] ?? Number.POSITIVE_INFINITY);
    });
    const due = dueAt(rule, state);
    if (due !== null && due > now) next = Math.min(next, due);
    now = Math.min(next, to);
  }
  if (open !== undefined) findings.firings.push(open);
  return changes;
}

function paceOf({ kind }: Rule, ms: number): number {
  if (kind === 'forecast') return FORECAST_PACE_MS;
  return Math.max(kind === 'burn_rate' ? BURN_PACE_MS : PACE_MS, ms / 100_000);
}
