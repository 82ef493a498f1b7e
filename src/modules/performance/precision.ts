import type { Metric } from '../metric.ts';

/** Decimals that are measured, by unit. */
const DECIMALS: Readonly<Record<Metric['unit'], number | undefined>> = {
  // Processor shares are counted in ticks of 10 ms, a few thousand an interval; nobody acts on a hundredth of a percent.
  ratio: 4,
  // Timers tell microseconds, and jitter by tens of them.
  seconds: 5,
  bytes: 0,
  bytes_per_second: 0,
  per_second: 3,
  points: 1,
  '': undefined,
};

/**
 * A value to the decimals that were measured and no further: what a division adds behind them is noise, and noise is what
 * does not compress. Decimals and not significant digits, because values of one scale are packed as whole numbers.
 */
export function measuredPrecision(value: number, unit: Metric['unit']): number {
  const decimals = DECIMALS[unit];
  return decimals === undefined ? value : Math.round(value * 10 ** decimals) / 10 ** decimals;
}
