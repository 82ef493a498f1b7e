import { firstAfter } from './samples.ts';
import type { VerdictState } from './verdict.ts';

/** The gravest goes for all; what is well counts only where something is known. */
const GRAVEST = ['firing', 'error', 'pending', 'ok', 'no_data'] as const satisfies readonly VerdictState[];

export const gravestOf = (holds: (state: VerdictState) => boolean): VerdictState => GRAVEST.find(holds) ?? 'no_data';

/** What was said of one target, each state from its time on. */
export interface Turn {
  readonly at: number;
  readonly state: VerdictState;
}

/** What a rule said as a whole over time, made of what it said of each of its targets. */
export class Timeline {
  readonly times: readonly number[];
  readonly #states: readonly VerdictState[];

  constructor(targets: readonly (readonly Turn[])[]) {
    const changes = targets
      .flatMap((ofTarget, target) => ofTarget.map((change) => ({ ...change, target })))
      .toSorted((a, b) => a.at - b.at);
    const now = new Map<number, VerdictState>();
    const counts: Record<VerdictState, number> = { ok: 0, pending: 0, firing: 0, no_data: 0, error: 0 };
    const times: number[] = [];
    const states: VerdictState[] = [];
    for (const { at, state, target } of changes) {
      const before = now.get(target);
      if (before !== undefined) counts[before] -= 1;
      counts[state] += 1;
      now.set(target, state);
      const whole = gravestOf((each) => counts[each] > 0);
      if (times.at(-1) === at) states[states.length - 1] = whole;
      else if (states.at(-1) !== whole) {
        times.push(at);
        states.push(whole);
      }
    }
    this.times = times;
    this.#states = states;
  }

  /** Before anything was said nothing is known. */
  at(now: number): VerdictState {
    const end = firstAfter(this.times, now);
    return this.#states[end - 1] ?? 'no_data';
  }
}
