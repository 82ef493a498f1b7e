import type { Database } from '../../../db/database.ts';
import { FeedReader } from '../feed/feed-reader.ts';
import { FIGURES_READER } from './count-runs.ts';
import type { Tally } from './tally.ts';

/** Where a figure comes from and how far it can be trusted. */
export interface Provenance {
  readonly source: 'rollups' | 'runs';
  readonly counted_up_to: string | null;
  readonly lag_seconds: number;
  readonly percentile_error: number;
  readonly counted_runs: number;
  readonly is_estimate: boolean;
  readonly unpriced_runs: number;
  readonly is_truncated: boolean;
}

/** How far counting is behind: transactions of the intake that wait, and the age of the oldest. */
export const figureLag = (database: Database): Promise<{ readonly entries: number; readonly seconds: number }> =>
  new FeedReader(database, FIGURES_READER).lag();

export async function provenanceOfRollups(database: Database, { counts }: Tally, now: number, isTruncated: boolean): Promise<Provenance> {
  const { entries, seconds } = await figureLag(database);
  return {
    source: 'rollups',
    counted_up_to: entries === 0 ? null : new Date(now - seconds * 1_000).toISOString(),
    lag_seconds: Math.round(seconds * 1_000) / 1_000,
    percentile_error: 0.01,
    counted_runs: counts.counted,
    is_estimate: Math.abs(counts.runs - counts.counted) > 0.5,
    unpriced_runs: Math.max(0, Math.round(counts.unpriced)),
    is_truncated: isTruncated,
  };
}

export const provenanceOfRuns = ({ counts }: Tally, isTruncated: boolean): Provenance => ({
  source: 'runs',
  counted_up_to: null,
  lag_seconds: 0,
  percentile_error: 0.01,
  counted_runs: counts.counted,
  is_estimate: Math.abs(counts.runs - counts.counted) > 0.5,
  unpriced_runs: Math.max(0, Math.round(counts.unpriced)),
  is_truncated: isTruncated,
});
