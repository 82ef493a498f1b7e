/** Intervals that are the collector's own: what it reads costs too much, or changes too slowly, for the tiers of the configuration. */
export const OWN_INTERVALS_MS = { '10s': 10_000, '1m': 60_000, '10m': 600_000, '1h': 3_600_000, '6h': 21_600_000 } as const;

export type OwnInterval = keyof typeof OWN_INTERVALS_MS;

/** How often a metric is measured: fast, slow and rare are intervals of performance_monitor's configuration; run is every run of its agent. */
export type Tier = 'fast' | 'slow' | 'rare' | 'run' | OwnInterval;

export const isOwnInterval = (tier: Tier): tier is OwnInterval => Object.hasOwn(OWN_INTERVALS_MS, tier);

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

const everyTier = (kind: Metric['kind']) =>
  ({
    fast: metric(kind, 'fast'),
    slow: metric(kind, 'slow'),
    rare: metric(kind, 'rare'),
    run: metric(kind, 'run'),
    '10s': metric(kind, '10s'),
    '1m': metric(kind, '1m'),
    '10m': metric(kind, '10m'),
    '1h': metric(kind, '1h'),
    '6h': metric(kind, '6h'),
  }) as const satisfies Readonly<Record<Tier, unknown>>;

export const gauge = everyTier('gauge');
export const counter = everyTier('counter');
