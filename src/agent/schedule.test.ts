import { describe, expect, test } from 'vitest';
import { MusterError } from '../base/errors.ts';
import { compileSchedule, describeSchedule, firstRunAt, FIRST_RUN_SPREAD_MS, nextRunAt, phaseOf } from './schedule.ts';

const at = (iso: string): number => Date.parse(iso);

describe('a period', () => {
  const halfMinute = compileSchedule({ every: '30s' });

  test('spreads the first runs of a thousand agents evenly', () => {
    const now = at('2026-03-01T10:00:00Z');
    const delays = Array.from({ length: 1_000 }, (_, n) => (firstRunAt(halfMinute, now, phaseOf(`agent_${n}`)) ?? 0) - now);
    expect(Math.max(...delays)).toBeLessThanOrEqual(FIRST_RUN_SPREAD_MS);
    const perSecond = [0, 1, 2, 3, 4].map((second) => delays.filter((delay) => Math.floor(delay / 1_000) === second).length);
    expect(Math.max(...perSecond)).toBeLessThan(260);
    expect(Math.min(...perSecond)).toBeGreaterThan(140);
  });

  test('keeps the same grid on every host and after every run', () => {
    const phase = phaseOf('agent_7');
    const first = nextRunAt(halfMinute, at('2026-03-01T10:00:00Z'), phase, Number.NEGATIVE_INFINITY) ?? 0;
    const elsewhere = nextRunAt(halfMinute, at('2026-03-01T10:07:11Z'), phase, Number.NEGATIVE_INFINITY) ?? 0;
    expect((elsewhere - first) % 30_000).toBe(0);
    expect(nextRunAt(halfMinute, first + 40, phase, first)).toBe(first + 30_000);
  });

  test('skips the ticks that passed while a run took long', () => {
    const first = nextRunAt(halfMinute, at('2026-03-01T10:00:00Z'), 0.25, Number.NEGATIVE_INFINITY) ?? 0;
    expect(nextRunAt(halfMinute, first + 100_000, 0.25, first)).toBe(first + 120_000);
  });

  test('does not run twice in half a period', () => {
    const grid = at('2026-03-01T10:00:00Z');
    expect(nextRunAt(halfMinute, grid - 5_000, 0, grid - 6_000)).toBe(grid + 30_000);
  });
});

describe('a cron expression', () => {
  test('follows the time zone over the change to summer time', () => {
    const nightly = compileSchedule({ cron: '0 3 * * *', timezone: 'Europe/Warsaw' });
    expect(nextRunAt(nightly, at('2026-03-28T12:00:00Z'), 0, 0)).toBe(at('2026-03-29T01:00:00Z'));
    expect(nextRunAt(nightly, at('2026-03-27T12:00:00Z'), 0, 0)).toBe(at('2026-03-28T02:00:00Z'));
  });

  test('is read in UTC unless told otherwise, and may have seconds', () => {
    const often = compileSchedule({ cron: '*/10 * * * * *' });
    expect(firstRunAt(often, at('2026-03-28T12:00:01Z'), 0.9)).toBe(at('2026-03-28T12:00:10Z'));
    expect(describeSchedule({ cron: '0 3 * * *' })).toBe('cron 0 3 * * * (UTC)');
  });

  test('that never comes again gives no next run', () => {
    expect(firstRunAt(compileSchedule({ cron: '0 0 30 2 *' }), at('2026-03-28T12:00:01Z'), 0)).toBeUndefined();
  });
});

test.each([
  [{ every: 'often' }, /schedule.every/],
  [{ every: '1ms' }, /out of range/],
  [{ every: '2000d' }, /out of range/],
  [{ cron: 'at noon' }, /schedule.cron/],
  [{ cron: '0 3 * * *', timezone: 'Europe/Atlantis' }, /Atlantis/],
] as const)('%j is refused with a remedy', (schedule, message) => {
  const refusal = (() => {
    try {
      compileSchedule(schedule);
    } catch (error) {
      return error;
    }
    return undefined;
  })();
  expect(refusal).toBeInstanceOf(MusterError);
  expect(refusal).toMatchObject({ code: 'AGENT_INVALID', message: expect.stringMatching(message) });
  expect((refusal as MusterError).remedy).toMatch(/Write|Choose/);
});
