/** Scores of one experiment: by example, then by key. */
export type Scores = ReadonlyMap<string, ReadonlyMap<string, number>>;

export interface KeyComparison {
  readonly key: string;
  /** Examples that have this score in both. */
  readonly n: number;
  readonly baseline: number;
  readonly candidate: number;
  readonly difference: number;
  /** 95 %: what the difference would be on other examples of this kind. Null of fewer than two. */
  readonly interval: readonly [low: number, high: number] | null;
  readonly wins: number;
  readonly losses: number;
  readonly ties: number;
  readonly verdict: 'better' | 'worse' | 'unclear' | 'same';
}

export interface Regression {
  readonly exampleId: string;
  readonly key: string;
  readonly from: number;
  readonly to: number;
}

export interface Comparison {
  readonly keys: readonly KeyComparison[];
  /** Examples that got worse, the worst first. */
  readonly regressions: readonly Regression[];
}

const RESAMPLES = 2_000;
/** Scores closer than this are the same. */
const TIE = 1e-9;
const MOST_REGRESSIONS = 200;

/** Compares two experiments on the examples that both have: each with itself, so that hard examples do not blur what changed. */
export function compare(baseline: Scores, candidate: Scores): Comparison {
  const pairs = new Map<string, { readonly exampleId: string; readonly from: number; readonly to: number }[]>();
  for (const [exampleId, scores] of candidate)
    for (const [key, to] of scores) {
      const from = baseline.get(exampleId)?.get(key);
      if (from !== undefined) pairs.set(key, [...(pairs.get(key) ?? []), { exampleId, from, to }]);
    }
  const keys = [...pairs].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return {
    keys: keys.map(([key, of]) => ofKey(key, of)),
    regressions: keys
      .flatMap(([key, of]) => of.filter(({ from, to }) => to < from - TIE).map((pair) => ({ key, ...pair })))
      .toSorted((a, b) => a.to - a.from - (b.to - b.from))
      .slice(0, MOST_REGRESSIONS),
  };
}

function ofKey(key: string, pairs: readonly { readonly from: number; readonly to: number }[]): KeyComparison {
  const differences = pairs.map(({ from, to }) => to - from);
  const [wins, losses] = [differences.filter((d) => d > TIE).length, differences.filter((d) => d < -TIE).length];
  const interval = differences.length < 2 ? null : bootstrap(differences);
  return {
    key,
    n: pairs.length,
    baseline: mean(pairs.map(({ from }) => from)),
    candidate: mean(pairs.map(({ to }) => to)),
    difference: mean(differences),
    interval,
    wins,
    losses,
    ties: differences.length - wins - losses,
    verdict:
      wins + losses === 0 ? 'same' : interval === null ? 'unclear' : interval[0] > 0 ? 'better' : interval[1] < 0 ? 'worse' : 'unclear',
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

export const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
