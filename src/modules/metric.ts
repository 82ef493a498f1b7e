/** How often a metric is measured: fast, slow and rare are intervals of performance_monitor's configuration; run is every run of its agent. */
export type Tier = 'fast' | 'slow' | 'rare' | 'run';

/** What a metric means, once: the code that records it, the documentation and the tests all read it from here. */
export interface Metric {
  /** A counter only grows, until what it counts restarts; a gauge is a reading. */
  readonly kind: 'counter' | 'gauge';
  /** A base unit; '' is a count. */
  readonly unit: '' | 'seconds' | 'bytes' | 'ratio' | 'bytes_per_second' | 'per_second' | 'points';
  readonly tier: Tier;
  readonly labels: readonly string[];
  /** Where the figure comes from. */
  readonly source: string;
  readonly help: string;
}

export type Catalogue = Readonly<Record<string, Metric>>;

const metric =
  (kind: Metric['kind'], tier: Tier) =>
  (unit: Metric['unit'], source: string, help: string, labels: readonly string[] = []): Metric => ({
    kind,
    tier,
    unit,
    labels,
    source,
    help,
  });

export const gauge = {
  fast: metric('gauge', 'fast'),
  slow: metric('gauge', 'slow'),
  rare: metric('gauge', 'rare'),
  run: metric('gauge', 'run'),
} as const;
export const counter = {
  fast: metric('counter', 'fast'),
  slow: metric('counter', 'slow'),
  rare: metric('counter', 'rare'),
  run: metric('counter', 'run'),
} as const;
