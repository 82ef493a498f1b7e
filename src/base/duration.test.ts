import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { durationMs, formatDuration } from './duration.ts';

describe('durationMs', () => {
  test.each([
    ['250ms', 250],
    ['30s', 30_000],
    ['1h30m', 5_400_000],
    ['2.5s', 2_500],
    ['1w', 604_800_000],
    [' 5m ', 300_000],
    [1_234, 1_234],
    [0, 0],
  ])('%j is %d ms', (input, ms) => {
    expect(durationMs(input)).toBe(ms);
  });

  test.each(['', '30', 's', '30 s', '-5s', '5x', '1h-3m', '1h 3m', Number.NaN, Number.POSITIVE_INFINITY, -1])(
    '%j is refused with a remedy',
    (input) => {
      expect(() => durationMs(input)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', remedy: expect.stringContaining('30s') }));
    },
  );

  test('reads back whatever formatDuration writes, to the second', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1_000, max: 10 ** 10 }), (ms) => durationMs(formatDuration(ms)) === Math.round(ms / 1_000) * 1_000),
    );
  });
});
