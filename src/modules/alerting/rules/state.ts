import type { Level } from './rule.ts';
import type { VerdictState } from './verdict.ts';

/** One run of bad samples. */
export interface BadRun {
  readonly since: number;
  readonly samples: number;
}

/** What is known of one target between two evaluations: plain JSON, so that what was stored goes on exactly as it was. */
export interface TargetState {
  readonly state: VerdictState;
  /** Pending: the gravest reached. Firing: the level that fires. */
  readonly level: Level | null;
  /** The level that fires, also while there is no data: silence does not heal. */
  readonly open: Level | null;
  readonly since: number;
  /** Of each level, the run of bad samples that is going on. */
  readonly bad: Readonly<Partial<Record<Level, BadRun>>>;
  /** Since when it has been better than `open` without a break. */
  readonly goodSince: number | null;
  /** When it stopped firing lately, oldest first; only where the rule damps flapping. */
  readonly stops: readonly number[];
  readonly value: number | null;
  readonly threshold: number | null;
  /** The time of the newest sample that was counted. */
  readonly sampleAt: number | null;
  readonly why: string;
}

export const OK_STATE: TargetState = {
  state: 'ok',
  level: null,
  open: null,
  since: 0,
  bad: {},
  goodSince: null,
  stops: [],
  value: null,
  threshold: null,
  sampleAt: null,
  why: '',
};
