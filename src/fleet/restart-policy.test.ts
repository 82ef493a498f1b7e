import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { afterCrash, NO_CRASHES, RESTART_POLICY, restartDelayMs, type CrashRecord } from './restart-policy.ts';

const crashes = (times: readonly number[], livedMs = 0): CrashRecord =>
  times.reduce((record, now) => afterCrash(record, now, livedMs), NO_CRASHES);

describe('a restart', () => {
  test('waits twice as long after each crash, up to the cap', () => {
    const longest = [1, 2, 3, 4, 5, 20].map((attempts) => restartDelayMs({ attempts, times: [], looping: false }, 1));
    expect(longest).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, RESTART_POLICY.capMs]);
  });

  test('is spread over the whole pause, so that many do not come back as one', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), fc.integer({ min: 1, max: 50 }), (random, attempts) => {
        const delay = restartDelayMs({ attempts, times: [], looping: false }, random);
        expect(delay).toBeGreaterThanOrEqual(0);
        expect(delay).toBeLessThanOrEqual(RESTART_POLICY.capMs);
      }),
    );
  });
});

describe('the limit of restarts', () => {
  test('is reached by five crashes within a minute', () => {
    expect(crashes([0, 10_000, 20_000, 30_000]).looping).toBe(false);
    expect(crashes([0, 10_000, 20_000, 30_000, 40_000]).looping).toBe(true);
  });

  test('is not reached by crashes that lie further apart, however many', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 15_001, max: 600_000 }), { maxLength: 60 }), (gaps) => {
        let now = 0;
        expect(crashes(gaps.map((gap) => (now += gap))).looping).toBe(false);
      }),
    );
  });

  test('once reached holds, with tries minutes apart, until a life went well', () => {
    const looping = crashes([0, 1, 2, 3, 4]);
    const later = afterCrash(looping, 300_000, 1_000);
    expect(later.looping).toBe(true);
    expect(restartDelayMs(later, 0)).toBe(RESTART_POLICY.capMs / 2);
    expect(afterCrash(later, 900_000, RESTART_POLICY.wellAfterMs)).toEqual({ attempts: 1, times: [900_000], looping: false });
  });
});
