/** How long each form of the samples is kept, in whole days. */
export interface MetricsRetention {
  /** As rows, for SQL. Then they become chunks. */
  readonly rawDays: number;
  /** Every sample, as row or chunk. */
  readonly detailDays: number;
  readonly minuteDays: number;
  readonly hourDays: number;
}

/** Series there may be, of one metric and of all. */
export const MOST_SERIES = { ofMetric: 10_000, ofAll: 1_000_000 } as const;

export interface MetricsOptions {
  /** New series beyond it are refused, a metric name at a time. Default 10,000. */
  readonly seriesPerMetric?: number;
  /** Default 1,000,000. */
  readonly series?: number;
  /** `on`: a sample that was reported written survives a crash of the database server too. Default off: its last second may be lost. */
  readonly synchronousCommit?: 'on' | 'off';
  readonly retention?: Partial<MetricsRetention>;
  /** Newest values were committed: whoever judges by them may look. */
  readonly onNewest?: (() => void) | undefined;
}

export const DEFAULT_METRICS_RETENTION: MetricsRetention = { rawDays: 2, detailDays: 30, minuteDays: 30, hourDays: 730 };

export const DAY_MS = 86_400_000;
export const HOUR_MS = 3_600_000;
export const MINUTE_MS = 60_000;

/** A sample may be this far ahead of the database's clock. */
export const FUTURE_MS = 5 * MINUTE_MS;
/** What arrives this long after its time is late: its minute is rolled up again. */
export const LATE_MS = 30_000;
/**
 * Rollups leave a minute alone for this long after its end. A sample that was not late when its transaction judged so is
 * committed by then: two statements of 15 s and three pauses of 4 s are the most that such a transaction lives.
 */
export const SETTLE_MS = 120_000;
export const WRITE_STATEMENT_MS = 15_000;
