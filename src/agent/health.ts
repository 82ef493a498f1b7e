import { storable } from './storable.ts';

/** How fit an agent is. */
export interface HealthReport {
  /** 0 (broken) to 100 (fit). */
  readonly score: number;
  /** Why it is not 100: what a person should read. */
  readonly reasons?: readonly string[];
}

/** What an agent's runs came to. Counts go on across hosts and restarts; `recent` is of this life. */
export interface RunRecord {
  readonly runCount: number;
  readonly errorCount: number;
  readonly consecutiveFailures: number;
  readonly lastError: string | null;
  /** The newest runs, oldest first, at most {@link RECENT_RUNS}: true where one succeeded. */
  readonly recent: readonly boolean[];
}

export const RECENT_RUNS = 10;
/** Below this an agent counts as degraded. */
export const DEGRADED_BELOW = 50;

/** The share of recent runs that succeeded, as a score. An agent that has not run yet is fit. */
export function healthOfRuns(runs: RunRecord): HealthReport {
  const failed = runs.recent.filter((succeeded) => !succeeded).length;
  if (failed === 0) return { score: 100 };
  const score = Math.round((100 * (runs.recent.length - failed)) / runs.recent.length);
  return {
    score,
    reasons: [`${failed} of the last ${runs.recent.length} runs failed${runs.lastError === null ? '' : `: ${runs.lastError}`}`],
  };
}

const MOST_REASONS = 10;
const MAX_REASON_LENGTH = 500;

/** A report as it may be stored: the score in range, the reasons few and bounded. What is no number is no health. */
export function checkedHealth(report: HealthReport): HealthReport {
  const score = Number(report.score);
  if (!Number.isFinite(score)) return { score: 0, reasons: [`health() returned ${String(report.score)}, which is no score from 0 to 100`] };
  const given: unknown = report.reasons;
  const reasons = Array.isArray(given) ? given.slice(0, MOST_REASONS).map((reason) => storable(String(reason), MAX_REASON_LENGTH)) : [];
  return { score: Math.min(100, Math.max(0, score)), ...(reasons.length > 0 && { reasons }) };
}
