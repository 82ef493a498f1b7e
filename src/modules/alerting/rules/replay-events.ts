import type { Metrics } from '../../../state/metrics/metrics.ts';
import { BURN_WINDOWS, type Events } from './conditions.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** Minutes a statement reads: as many points as a query may have. */
const MINUTES_A_READ = 10_000;
const FINE_MINUTES = 6 * 60 + 1;
const COARSE_HOURS = 72;
/** As far back as a burn rate looks. */
const BACK_MS = Math.max(...BURN_WINDOWS.map(({ longMs }) => longMs));

/** What all these counters together grew by, so that it can be asked as of any minute of a stretch. */
export async function readEventHistory(
  metrics: Metrics,
  seriesIds: readonly number[],
  range: { readonly from: number; readonly to: number },
): Promise<(now: number) => Events | undefined> {
  if (seriesIds.length === 0) return () => undefined;
  const start = Math.floor((range.from - BACK_MS) / HOUR_MS) * HOUR_MS;
  const minutes = Math.floor((range.to - start) / MINUTE_MS);
  /** All that came before each minute. */
  const before = new Float64Array(minutes + 1);
  for (let at = 0; at < minutes; at += MINUTES_A_READ) {
    const count = Math.min(MINUTES_A_READ, minutes - at);
    const from = start + at * MINUTE_MS;
    const read = await metrics.buckets({ seriesIds, from, to: from + count * MINUTE_MS, points: count, aggregate: 'rate' });
    // What is older than the rollups by minute comes by hour: as much in each of its minutes.
    const wide = Math.max(1, Math.round(read.stepMs / MINUTE_MS));
    for (const points of read.series) {
      for (const [time, rate] of points) {
        const first = Math.round((time - start) / MINUTE_MS);
        for (let minute = Math.max(at, first); minute < Math.min(at + count, first + wide); minute += 1)
          before[minute + 1] = (before[minute + 1] ?? 0) + (rate ?? 0) * 60;
      }
    }
  }
  for (let minute = 1; minute <= minutes; minute += 1) before[minute] = (before[minute] ?? 0) + (before[minute - 1] ?? 0);
  const upTo = (minute: number): number => before[Math.min(minutes, Math.max(0, minute))] ?? 0;
  return (now) => {
    const last = Math.floor((now - start) / MINUTE_MS);
    const end = start + last * MINUTE_MS;
    const buckets = (count: number, wide: number): readonly number[] =>
      Array.from({ length: count }, (_, i) => upTo(last - (count - 1 - i) * wide) - upTo(last - (count - i) * wide));
    return {
      fine: { bucketMs: MINUTE_MS, end, counts: buckets(FINE_MINUTES, 1) },
      coarse: { bucketMs: HOUR_MS, end, counts: buckets(COARSE_HOURS, 60) },
    };
  };
}
