import type { Metrics } from '../../../state/metrics/metrics.ts';
import type { Buckets, Events } from './conditions.ts';
import type { Tracked } from './tracked-series.ts';
import type { Rule } from './rule.ts';
import type { Samples } from './samples.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** Of the window of a forecast so many points: more would not change the line. */
const FORECAST_POINTS = 120;
/** What looks back for hours changes slowly. */
const AGAIN_MS = 30_000;
/** One more than the window: the newest bucket is not over yet. */
const FINE = { bucketMs: MINUTE_MS, count: 6 * 60 + 1 };
const COARSE = { bucketMs: HOUR_MS, count: 72 + 1 };
/** Series of one burn rate, added up: more would read millions of rows each time. */
export const MOST_EVENT_SERIES = 500;
export const MOST_FORECAST_SERIES = 1_000;

interface Slow {
  readAt: number;
  version: readonly Tracked[];
  samples: ReadonlyMap<Tracked, Samples>;
  events: readonly [Events | undefined, Events | undefined];
}

/** What looks back for hours or days: read from rollups, now and then, a statement for fifty series. */
export class SlowReads {
  readonly #metrics: Metrics;
  readonly #byRule = new Map<string, Slow>();

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  samples(rule: string, tracked: Tracked): Samples | undefined {
    return this.#byRule.get(rule)?.samples.get(tracked);
  }

  /** Bad and all. */
  events(rule: string): readonly [Events | undefined, Events | undefined] {
    return this.#byRule.get(rule)?.events ?? [undefined, undefined];
  }

  async read(
    bounds: readonly {
      readonly rule: Rule;
      readonly targets: readonly Tracked[];
      readonly divisors: ReadonlyMap<string, Tracked> | undefined;
    }[],
    now: number,
  ): Promise<void> {
    const names = new Set<string>();
    for (const { rule, targets, divisors } of bounds) {
      if (rule.kind !== 'forecast' && rule.kind !== 'burn_rate') continue;
      names.add(rule.name);
      const before = this.#byRule.get(rule.name);
      if (before !== undefined && before.version === targets && now - before.readAt < AGAIN_MS) continue;
      this.#byRule.set(rule.name, {
        readAt: now,
        version: targets,
        samples: rule.kind === 'forecast' ? await readForecast(this.#metrics, rule, targets, now) : new Map(),
        events:
          rule.kind === 'burn_rate'
            ? [await readEvents(this.#metrics, targets, now), await readEvents(this.#metrics, [...(divisors?.values() ?? [])], now)]
            : [undefined, undefined],
      });
    }
    for (const name of this.#byRule.keys()) if (!names.has(name)) this.#byRule.delete(name);
  }
}

/** Averages of even buckets, each at its middle. */
export async function readForecast(
  metrics: Metrics,
  rule: Rule,
  all: readonly Tracked[],
  now: number,
): Promise<ReadonlyMap<Tracked, Samples>> {
  const targets = all.slice(0, MOST_FORECAST_SERIES);
  if (targets.length === 0) return new Map();
  const { series, stepMs } = await metrics.buckets({
    seriesIds: targets.map(({ seriesId }) => seriesId),
    from: now - rule.windowMs,
    to: now,
    points: FORECAST_POINTS,
    aggregate: 'avg',
  });
  return new Map(
    targets.map((tracked, index): [Tracked, Samples] => {
      const points = (series[index] ?? []).filter((point): point is readonly [number, number] => point[1] !== null);
      return [tracked, { times: points.map(([at]) => Math.min(at + stepMs / 2, now)), values: points.map(([, value]) => value) }];
    }),
  );
}

/** By how much all these counters together grew, in buckets of minutes and of hours. */
export async function readEvents(metrics: Metrics, all: readonly Tracked[], now: number): Promise<Events | undefined> {
  const seriesIds = all.slice(0, MOST_EVENT_SERIES).map(({ seriesId }) => seriesId);
  if (seriesIds.length === 0) return undefined;
  const read = async ({ bucketMs, count }: typeof FINE): Promise<Buckets> => {
    const { series, stepMs } = await metrics.buckets({
      seriesIds,
      from: now - count * bucketMs,
      to: now,
      points: count,
      aggregate: 'rate',
    });
    const end = (series[0]?.at(-1)?.[0] ?? now) + stepMs;
    const length = series[0]?.length ?? 0;
    const counts = Array.from({ length }, (_, i) =>
      series.reduce((sum, points) => {
        const [at, rate] = points[i] ?? [0, null];
        // The bucket that is not over yet has grown for the part of it that is.
        return sum + ((rate ?? 0) * Math.min(stepMs, Math.max(0, now - at))) / 1_000;
      }, 0),
    );
    return { bucketMs: stepMs, end, counts };
  };
  return { fine: await read(FINE), coarse: await read(COARSE) };
}
