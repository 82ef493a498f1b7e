import { sql } from '../../src/db/sql.ts';
import {
  createMetrics,
  metricsMaintenance,
  type Metrics,
  type MetricsOptions,
  type MetricsRetention,
  type Sample,
} from '../../src/state/metrics/index.ts';
import { testDatabase, type TestDatabase } from './database.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Metrics on a database of their own, with their maintenance at hand instead of on a timer. */
export class MetricsFixture {
  readonly on: TestDatabase;
  readonly metrics: Metrics;
  readonly #retention: Partial<MetricsRetention>;

  private constructor(on: TestDatabase, options: MetricsOptions) {
    this.on = on;
    this.metrics = createMetrics(on.database, options);
    this.#retention = options.retention ?? {};
  }

  static async open(options: MetricsOptions = {}): Promise<MetricsFixture> {
    return new MetricsFixture(await testDatabase(), options);
  }

  /** Runs one maintenance job once. */
  async run(
    name: 'metrics_rollups' | 'metrics_compaction' | 'metrics_retention',
    signal: AbortSignal = new AbortController().signal,
  ): Promise<void> {
    const job = metricsMaintenance(this.on.database, { retention: this.#retention }).find((each) => each.name === name);
    if (job === undefined) throw new Error(`there is no job ${name}`);
    await job.run(signal);
  }

  /** As if nothing had been rolled up since `at`: what is written after it is not late. */
  async rolledUpUntil(at: number): Promise<void> {
    await this.on.database
      .query(sql`update muster.rollup_progress set minutes_until = date_trunc('minute', to_timestamp(${at / 1000}::float8)),
      hours_until = date_trunc('hour', to_timestamp(${at / 1000}::float8), 'UTC')`);
    await this.on.database.query(sql`truncate muster.rollup_dirty`);
  }

  async count(table: string): Promise<number> {
    const row = await this.on.database.one<{ n: number }>({ text: `select count(*)::int as n from ${table}`, values: [] });
    return row?.n ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.metrics.stop();
    await this.on[Symbol.asyncDispose]();
  }
}

export const sample = (over: Partial<Sample> = {}): Sample => ({
  metricName: 'cpu_usage',
  agentId: 'a',
  unit: 'ratio',
  labels: {},
  at: Date.now(),
  value: 0.5,
  ...over,
});

/** Samples at even times, `from` first, each with the value that its number gives. */
export const evenly = (from: number, everyMs: number, count: number, value: (i: number) => number, over: Partial<Sample> = {}): Sample[] =>
  Array.from({ length: count }, (_, i) => sample({ at: from + i * everyMs, value: value(i), ...over }));
