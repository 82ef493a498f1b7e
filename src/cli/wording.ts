import { formatDuration } from '../base/duration.ts';

/** `3s ago`; `now` and `then` in milliseconds since 1970. */
export function ago(then: number | null, now: number): string {
  if (then === null) return 'never';
  const ms = Math.max(0, now - then);
  return ms < 1_000 ? 'now' : `${formatDuration(coarse(ms))} ago`;
}

/** A length of time in its one or two greatest units. */
export function coarse(ms: number): number {
  for (const unit of [86_400_000, 3_600_000, 60_000]) if (ms >= 10 * unit) return Math.floor(ms / unit) * unit;
  for (const [above, unit] of [
    [86_400_000, 3_600_000],
    [3_600_000, 60_000],
    [60_000, 1_000],
  ] as const)
    if (ms >= above) return Math.floor(ms / unit) * unit;
  return Math.floor(ms / 1_000) * 1_000;
}

const BYTES = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** A value in its unit, as short as a person needs it. */
export function withUnit(value: number, unit: string): string {
  if (unit === 'bytes') {
    const power = value === 0 ? 0 : Math.min(BYTES.length - 1, Math.floor(Math.log2(Math.abs(value)) / 10));
    return `${trim(value / 1024 ** power)} ${BYTES[power] ?? 'B'}`;
  }
  if (unit === 'ratio') return `${Number((value * 100).toPrecision(3))}%`;
  if (unit === 'seconds') return Math.abs(value) < 1 ? `${trim(value * 1_000)} ms` : `${trim(value)} s`;
  return unit === '' ? trim(value) : `${trim(value)} ${unit}`;
}

/** Four significant digits, without trailing zeros, and k, M, G where they help. */
function trim(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e5) {
    const [divisor, suffix] = size >= 1e9 ? [1e9, 'G'] : size >= 1e6 ? [1e6, 'M'] : [1e3, 'k'];
    return `${Number((value / divisor).toPrecision(4))}${suffix}`;
  }
  return String(Number(value.toPrecision(4)));
}

export const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;
