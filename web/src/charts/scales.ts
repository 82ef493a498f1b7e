/** Where the value axis begins: at zero, or near the values where zero would flatten what matters. */
export type YFloor = 'zero' | 'fit';

/** The ends of the value axis: never empty, with a little air above. */
export function yRange(low: number | null, high: number | null, floor: YFloor): [number, number] {
  if (low === null || high === null || !Number.isFinite(low) || !Number.isFinite(high)) return [0, 1];
  const bottom = floor === 'zero' && low >= 0 ? 0 : low;
  const span = high - bottom;
  if (span === 0) return high === 0 ? [0, 1] : [high - Math.abs(high) * 0.1, high + Math.abs(high) * 0.1];
  return [floor === 'fit' ? bottom - span * 0.1 : bottom, high + span * 0.12];
}

/** Minutes, hours and days as people count them: 200 s would be a line at 3 min 20 s. */
const durations = [60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800];

/** Steps between grid lines: powers of two for bytes, whole minutes and hours for long times, round decimals for the rest. */
export function incrementsOf(unit: string): number[] {
  if (unit.startsWith('bytes') || unit.startsWith('By')) return Array.from({ length: 56 }, (_, power) => 2 ** power);
  const decimals: number[] = [];
  for (let power = -9; power <= 15; power++) for (const factor of [1, 2, 2.5, 5]) decimals.push(Number(`${factor}e${power}`));
  if (unit === 'seconds' || unit === 's') return [...decimals.filter((step) => step <= 20 && step !== 2.5), 30, ...durations];
  return decimals;
}

/** Room for the longest label of the value axis, in pixels: 11 h 30 min needs more than 50 %. */
export const labelRoom = (labels: readonly string[] | null): number =>
  Math.max(50, ...(labels ?? []).map((label) => 12 + label.length * 6));

const minute = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const second = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const date = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

/** Clock times; the day where midnight is crossed or only days matter. */
export function timeLabels(splits: readonly number[], spanSeconds: number): string[] {
  return splits.map((at) => {
    const time = new Date(at * 1_000);
    const midnight = time.getHours() === 0 && time.getMinutes() === 0;
    if (spanSeconds > 2 * 86_400 || midnight) return midnight || spanSeconds > 2 * 86_400 ? date.format(time) : minute.format(time);
    return spanSeconds < 240 ? second.format(time) : minute.format(time);
  });
}
