import type { Trial } from './trial.ts';

/** One figure of the same examples, before and now. */
export interface Difference {
  /** Examples that have it in both. */
  readonly n: number;
  readonly baseline: number;
  readonly candidate: number;
  readonly difference: number;
  /** 95 %: what the difference would be on other examples of this kind. Null of fewer than two. */
  readonly interval: readonly [low: number, high: number] | null;
}

export interface KeyComparison extends Difference {
  readonly key: string;
  readonly wins: number;
  readonly losses: number;
  readonly ties: number;
  /** `worse` is a regression. */
  readonly verdict: 'better' | 'worse' | 'unclear' | 'same';
}

export interface Change {
  readonly key: string;
  readonly from: number;
  readonly to: number;
}

/** What became of one example. */
export interface ExampleChange {
  readonly exampleId: string;
  readonly changes: readonly Change[];
  /** The sum of what its scores gained and lost. */
  readonly gain: number;
  readonly seconds: readonly [from: number, to: number];
  readonly cost: readonly [from: number | null, to: number | null];
  /** The target failed. */
  readonly failed: readonly [before: boolean, now: boolean];
}

export interface Regression extends Change {
  readonly exampleId: string;
}

export interface Comparison {
  readonly keys: readonly KeyComparison[];
  /** Seconds, of examples that failed in neither. */
  readonly latency: Difference | null;
  /** USD, of examples whose cost is known in both. */
  readonly cost: Difference | null;
  /** Examples that failed in one of them. */
  readonly failures: { readonly baseline: number; readonly candidate: number };
  /** Scores of examples that got worse, the worst first. */
  readonly regressions: readonly Regression[];
  /** All examples that both have, those that lost most first: first of all what fails now and did not before. */
  readonly examples: readonly ExampleChange[];
}

export type Trials = ReadonlyMap<string, Trial>;

const RESAMPLES = 2_000;
/** Scores closer than this are the same. */
const TIE = 1e-9;
const MOST_REGRESSIONS = 200;
/** Of fewer examples that changed even a change all of one kind is chance too often (a test of signs: 2 · ½⁵ = 6 %). */
const FEWEST_CHANGED = 6;

/** Compares two experiments on the examples that both have: each with itself, so that hard examples do not blur what changed. */
export function compare(baseline: Trials, candidate: Trials): Comparison {
  // In an order of their own: samples are drawn by place, and the same experiments give the same intervals however they were read.
  const both = [...candidate.values()]
    .toSorted((a, b) => (a.exampleId < b.exampleId ? -1 : 1))
    .flatMap((now) => {
      const before = baseline.get(now.exampleId);
      return before === undefined ? [] : [{ before, now }];
    });
  const examples = both
    .map(({ before, now }) => changeOf(before, now))
    .toSorted((a, b) => answersLost(b) - answersLost(a) || a.gain - b.gain || (a.exampleId < b.exampleId ? -1 : 1));
  const pairs = new Map<string, Change[]>();
  for (const { changes } of examples) for (const change of changes) pairs.set(change.key, [...(pairs.get(change.key) ?? []), change]);
  const answered = both.filter(({ before, now }) => before.error === null && now.error === null);
  return {
    keys: [...pairs].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, of]) => ofKey(key, of)),
    latency: differenceOf(answered.map(({ before, now }) => ({ from: before.seconds, to: now.seconds }))),
    cost: differenceOf(
      both.flatMap(({ before, now }) => (before.cost === null || now.cost === null ? [] : [{ from: before.cost, to: now.cost }])),
    ),
    failures: { baseline: failuresIn(both.map(({ before }) => before)), candidate: failuresIn(both.map(({ now }) => now)) },
    regressions: examples
      .flatMap(({ changes, exampleId }) => changes.filter(({ from, to }) => to < from - TIE).map((change) => ({ exampleId, ...change })))
      .toSorted((a, b) => a.to - a.from - (b.to - b.from))
      .slice(0, MOST_REGRESSIONS),
    examples,
  };
}

/** Who answered and fails now lost more than any score: 1; who failed and answers now won as much: -1. */
const answersLost = ({ failed: [before, now] }: ExampleChange): number => Number(now) - Number(before);

const failuresIn = (trials: readonly Trial[]): number => trials.filter(({ error }) => error !== null).length;

function changeOf(before: Trial, now: Trial): ExampleChange {
  const then = new Map(before.scores.map(({ key, score }) => [key, score]));
  const changes = now.scores.flatMap(({ key, score }) => {
    const from = then.get(key);
    return from === undefined ? [] : [{ key, from, to: score }];
  });
  return {
    exampleId: now.exampleId,
    changes,
    gain: changes.reduce((sum, { from, to }) => sum + to - from, 0),
    seconds: [before.seconds, now.seconds],
    cost: [before.cost, now.cost],
    failed: [before.error !== null, now.error !== null],
  };
}

function ofKey(key: string, changes: readonly Change[]): KeyComparison {
  const wins = changes.filter(({ from, to }) => to > from + TIE).length;
  const losses = changes.filter(({ from, to }) => to < from - TIE).length;
  const difference = differenceOf(changes) ?? { n: 0, baseline: 0, candidate: 0, difference: 0, interval: null };
  return { key, ...difference, wins, losses, ties: changes.length - wins - losses, verdict: verdictOf(wins + losses, difference.interval) };
}

function verdictOf(changed: number, interval: Difference['interval']): KeyComparison['verdict'] {
  if (changed === 0) return 'same';
  if (interval === null || changed < FEWEST_CHANGED) return 'unclear';
  return interval[0] > 0 ? 'better' : interval[1] < 0 ? 'worse' : 'unclear';
}

/** Null of none. */
function differenceOf(pairs: readonly Pick<Change, 'from' | 'to'>[]): Difference | null {
  if (pairs.length === 0) return null;
  const differences = pairs.map(({ from, to }) => to - from);
  return {
    n: pairs.length,
    baseline: mean(pairs.map(({ from }) => from)),
    candidate: mean(pairs.map(({ to }) => to)),
    difference: mean(differences),
    interval: differences.length < 2 ? null : bootstrap(differences),
  };
}

/** The middle 95 % of the means of samples drawn again from the same differences. Seeded: the same experiments give the same figures. */
function bootstrap(differences: readonly number[]): readonly [number, number] {
  const random = mulberry32(differences.length);
  const means = Array.from({ length: RESAMPLES }, () => {
    let sum = 0;
    for (let i = 0; i < differences.length; i++) sum += differences[Math.floor(random() * differences.length)] ?? 0;
    return sum / differences.length;
  }).toSorted((a, b) => a - b);
  return [means[Math.floor(RESAMPLES * 0.025)] ?? 0, means[Math.ceil(RESAMPLES * 0.975) - 1] ?? 0];
}

/** A small generator with a seed (public domain, Tommy Ettinger). */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What --fail-on-regression lets pass: no score is worse, and there was one to tell by. Experiments without a score in common say nothing. */
export const isNoRegression = ({ keys }: Pick<Comparison, 'keys'>): boolean =>
  keys.length > 0 && keys.every(({ verdict }) => verdict !== 'worse');

export const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
