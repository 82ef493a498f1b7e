import { mean, type Comparison } from './comparison.ts';
import type { Unscored } from './scorers/index.ts';
import type { Reached } from './thresholds.ts';
import type { Trial } from './trial.ts';

export interface KeySummary {
  readonly key: string;
  readonly n: number;
  readonly mean: number;
}

export interface Report {
  readonly dataset: string;
  readonly experiment: string;
  readonly target: string | null;
  readonly examples: number;
  readonly errors: number;
  readonly latency_p50_seconds: number;
  readonly latency_p95_seconds: number;
  /** USD of all examples whose cost is known; null: of none. */
  readonly cost_usd: number | null;
  readonly scores: readonly KeySummary[];
  /** Scores that should be there and could not be given: how many, and why the last could not. */
  readonly unscored: readonly { readonly key: string; readonly n: number; readonly because: string }[];
  readonly thresholds: readonly Reached[];
  readonly failed: readonly { readonly example_id: string; readonly error: string }[];
  readonly baseline: string | null;
  readonly comparison: Comparison | null;
}

const MOST_FAILED = 20;

export function reportOf(
  named: Pick<Report, 'dataset' | 'experiment' | 'target' | 'baseline'>,
  trials: readonly Trial[],
  {
    comparison = null,
    thresholds = [],
    unscored = [],
  }: {
    readonly comparison?: Comparison | null;
    readonly thresholds?: readonly Reached[];
    readonly unscored?: readonly Unscored[];
  } = {},
): Report {
  const byKey = new Map<string, number[]>();
  for (const { scores } of trials) for (const { key, score } of scores) byKey.set(key, [...(byKey.get(key) ?? []), score]);
  const times = trials.map((trial) => trial.seconds).toSorted((a, b) => a - b);
  const costs = trials.flatMap(({ cost }) => cost ?? []);
  const failed = trials.filter(({ error }) => error !== null);
  const missing = new Map<string, { key: string; n: number; because: string }>();
  for (const { key, unscored: because } of unscored) missing.set(key, { key, n: (missing.get(key)?.n ?? 0) + 1, because });
  return {
    ...named,
    examples: trials.length,
    errors: failed.length,
    latency_p50_seconds: at(times, 0.5),
    latency_p95_seconds: at(times, 0.95),
    cost_usd: costs.length === 0 ? null : costs.reduce((sum, cost) => sum + cost, 0),
    scores: [...byKey].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, values]) => ({ key, n: values.length, mean: mean(values) })),
    unscored: [...missing.values()],
    thresholds,
    failed: failed.slice(0, MOST_FAILED).map(({ exampleId, error }) => ({ example_id: exampleId, error: error ?? '' })),
    comparison,
  };
}

const at = (sorted: readonly number[], share: number): number => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;

export const signed = (value: number, digits = 3): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(digits)}`;
/** As people say it: of less than a tenth of a second in milliseconds. */
export const seconds = (value: number): string => (value < 0.1 ? `${Math.round(value * 1_000)} ms` : `${value.toFixed(2)} s`);
/** USD, to four figures at least: an example costs thousandths of a cent. */
export const usd = (value: number): string => `$${value.toFixed(value !== 0 && Math.abs(value) < 1 ? 6 : 2)}`;
export const REGRESSION_MEANS =
  'A score is worse, a regression, where at least 6 examples changed and the whole 95 % interval of the mean difference lies below zero (paired bootstrap, 2,000 samples, fixed seed).';
