import { METRICS, type Labels, type MetricName } from '../performance/index.ts';
import { isOwnInterval, OWN_INTERVALS_MS, type Tier } from '../metric.ts';

/** The newest value of one series of a performance_monitor. */
export interface LatestReading {
  readonly name: string;
  readonly labels: Labels;
  readonly value: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** A value may be this old, by tier, before it tells nothing about now. */
export type MaxAges = Readonly<Record<'fast' | 'slow' | 'rare', number>>;

/** The readings that are fresh enough to judge by: of one database, or of machines and the fleet's own database, which have no label `database`. */
export class Readings {
  readonly #byName = new Map<string, LatestReading[]>();

  constructor(latest: readonly LatestReading[], now: number, maxAges: MaxAges, database?: string) {
    for (const reading of latest) {
      if (reading.labels['database'] !== database || !isMetricName(reading.name)) continue;
      if (now - reading.at > maxAge(METRICS[reading.name].tier, maxAges)) continue;
      const known = this.#byName.get(reading.name);
      if (known === undefined) this.#byName.set(reading.name, [reading]);
      else known.push(reading);
    }
  }

  all(name: MetricName, where: Labels = {}): readonly LatestReading[] {
    const wanted = Object.entries(where);
    return (this.#byName.get(name) ?? []).filter(({ labels }) => wanted.every(([key, value]) => labels[key] === value));
  }

  /** The value of the one series that matches, the newest where there are several. */
  value(name: MetricName, where: Labels = {}): number | undefined {
    return this.all(name, where).toSorted((a, b) => b.at - a.at)[0]?.value;
  }

  get size(): number {
    return this.#byName.size;
  }
}

/** Three intervals, as for the tiers of the configuration; what every run records is not judged here. */
function maxAge(tier: Tier, maxAges: MaxAges): number {
  if (tier === 'run') return Number.NEGATIVE_INFINITY;
  return isOwnInterval(tier) ? 3 * OWN_INTERVALS_MS[tier] : maxAges[tier];
}

const isMetricName = (name: string): name is MetricName => Object.hasOwn(METRICS, name);
