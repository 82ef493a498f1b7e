import { MusterError } from '../../../base/errors.ts';
import { mean } from './comparison.ts';
import type { Trial } from './trial.ts';

/** The least mean a score must reach. */
export interface Threshold {
  readonly key: string;
  readonly least: number;
}

export interface Reached extends Threshold {
  /** Examples whose target failed count as 0; null: nobody gave this score. */
  readonly mean: number | null;
  readonly passed: boolean;
}

/** `exact=0.8`. Throws USAGE for what is none. */
export function thresholdOf(text: string): Threshold {
  const [, key = '', least = ''] = /^(.+)=(-?\d+(?:\.\d+)?)$/.exec(text.trim()) ?? [];
  if (key === '')
    throw new MusterError('USAGE', `--fail-under ${text} says no score and its least mean`, { remedy: 'Write it as exact=0.8.' });
  return { key: key.trim(), least: Number(least) };
}

/** A target that fails on half of the examples must not pass by what it says on the rest: failures count as 0 here. */
export function reachedBy(trials: readonly Trial[], thresholds: readonly Threshold[]): readonly Reached[] {
  const failures = trials.filter(({ error }) => error !== null).map(() => 0);
  return thresholds.map((threshold) => {
    const given = trials.flatMap(({ error, scores }) => (error === null ? scores : [])).filter(({ key }) => key === threshold.key);
    if (given.length === 0) return { ...threshold, mean: null, passed: false };
    const value = mean([...given.map(({ score }) => score), ...failures]);
    return { ...threshold, mean: value, passed: value >= threshold.least - 1e-9 };
  });
}
