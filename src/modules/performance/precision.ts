import type { Metric } from '../metric.ts';

/**
 * Digits that were measured, and no more: processor shares are counted in ticks of 10 ms, a few hundred or thousand an
 * interval, and timers tell microseconds. What a division adds behind that is noise, and noise is what does not compress.
 */
export function measuredPrecision(value: number, unit: Metric['unit']): number {
  switch (unit) {
    case 'ratio':
      return Number(value.toPrecision(4));
    case 'seconds':
      return Math.round(value * 1e6) / 1e6;
    case 'bytes':
      return Math.round(value);
    case 'bytes_per_second':
    case 'per_second':
    case 'points':
      return Math.round(value * 1e3) / 1e3;
    case '':
      return value;
  }
}
