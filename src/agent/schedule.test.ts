import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MusterError } from '../base/errors.ts';
import { COUNTED_BEYOND } from './grid.ts';
import { compileSchedule, describeSchedule, phaseOf, type Schedule } from './schedule.ts';

const at = (iso: string): number => Date.parse(iso);
const iso = (time: number | undefined): string | undefined => (time === undefined ? undefined : new Date(time).toISOString());

/** The first ticks after a time. */
function walk(schedule: Schedule, from: string, count: number): readonly (string | undefined)[] {
  const grid = compileSchedule(schedule).grid(0);
  const ticks: (string | undefined)[] = [];
  for (let tick = grid.after(at(from)); tick !== undefined && ticks.length < count; tick = grid.after(tick)) ticks.push(iso(tick));
  return ticks;
}

describe('a period', () => {
  test('spreads a thousand agents evenly over itself', () => {
    const now = at('2026-03-01T10:00:00Z');
    const waits = Array.from({ length: 1_000 }, (_, n) => {
      const grid = compileSchedule({ every: '5s' }).grid(phaseOf(`agent_${n}`));
      return (grid.after(now) ?? 0) - now;
    });
    const perSecond = [0, 1, 2, 3, 4].map((second) => waits.filter((wait) => Math.floor(wait / 1_000) === second).length);
    expect(Math.max(...perSecond)).toBeLessThan(260);
    expect(Math.min(...perSecond)).toBeGreaterThan(140);
  });

  test('has the same ticks wherever and whenever one looks, all of them and no other', () => {
    const period = fc.record({ everyMs: fc.integer({ min: 10, max: 100_000_000 }), phase: fc.double({ min: 0, max: 0.999, noNaN: true }) });
    fc.assert(
      fc.property(period, fc.integer({ min: 0, max: 2 ** 42 }), fc.integer({ min: 1, max: 300 }), ({ everyMs, phase }, from, periods) => {
        const grid = compileSchedule({ every: everyMs }).grid(phase);
        const to = from + periods * everyMs;
        const { ticks, count } = grid.between(from, to, 1_000);
        expect(count).toBe(periods);
        expect(ticks).toHaveLength(periods);
        expect(ticks[0]).toBe(grid.after(from));
        for (const [n, tick] of ticks.entries()) {
          expect(Number.isInteger(tick)).toBe(true);
          if (n > 0) expect(grid.after(ticks[n - 1] ?? 0)).toBe(tick);
        }
        expect(grid.between(from, to, 2).ticks).toEqual(ticks.slice(-2));
      }),
    );
  });
});

describe('a cron expression', () => {
  test('is read in UTC unless told otherwise, and may have seconds', () => {
    expect(walk({ cron: '*/10 * * * * *' }, '2026-03-28T12:00:01Z', 1)).toEqual(['2026-03-28T12:00:10.000Z']);
    expect(describeSchedule({ cron: '0 3 * * *' })).toBe('cron 0 3 * * * (UTC)');
  });

  test('that never comes again has no tick', () => {
    expect(compileSchedule({ cron: '0 0 30 2 *' }).grid(0).after(at('2026-03-28T12:00:01Z'))).toBeUndefined();
  });

  test('keeps to the time of the day over the change to summer time; what falls into the gap comes at its end', () => {
    const warsaw = (cron: string): Schedule => ({ cron, timezone: 'Europe/Warsaw' });
    expect(walk(warsaw('0 3 * * *'), '2026-03-27T12:00:00Z', 2)).toEqual(['2026-03-28T02:00:00.000Z', '2026-03-29T01:00:00.000Z']);
    expect(walk(warsaw('30 2 * * *'), '2026-03-28T12:00:00Z', 2)).toEqual(['2026-03-29T01:00:00.000Z', '2026-03-30T00:30:00.000Z']);
    expect(walk(warsaw('*/30 * * * *'), '2026-03-29T00:20:00Z', 3)).toEqual([
      '2026-03-29T00:30:00.000Z',
      '2026-03-29T01:00:00.000Z',
      '2026-03-29T01:30:00.000Z',
    ]);
    // A list of minutes within the hour that is left out is left out with it.
    expect(walk(warsaw('15,45 2 * * *'), '2026-03-28T12:00:00Z', 1)).toEqual(['2026-03-30T00:15:00.000Z']);
  });

  test('at a time of the hour that comes twice in autumn runs the first time; one that repeats runs in both', () => {
    const warsaw = (cron: string): Schedule => ({ cron, timezone: 'Europe/Warsaw' });
    expect(walk(warsaw('30 2 * * *'), '2026-10-24T12:00:00Z', 2)).toEqual(['2026-10-25T00:30:00.000Z', '2026-10-26T01:30:00.000Z']);
    expect(walk(warsaw('30 2 * * *'), '2026-10-25T01:10:00Z', 1)).toEqual(['2026-10-26T01:30:00.000Z']);
    expect(walk(warsaw('*/30 * * * *'), '2026-10-24T23:50:00Z', 5)).toEqual([
      '2026-10-25T00:00:00.000Z',
      '2026-10-25T00:30:00.000Z',
      '2026-10-25T01:00:00.000Z',
      '2026-10-25T01:30:00.000Z',
      '2026-10-25T02:00:00.000Z',
    ]);
  });

  test('has the same ticks from wherever one looks, also around the changes of the clock', () => {
    const zones = fc.constantFrom('Europe/Warsaw', 'America/New_York', 'Australia/Lord_Howe', 'America/Sao_Paulo', 'UTC');
    const expressions = fc.constantFrom('30 2 * * *', '*/20 * * * *', '0 0 * * *', '15,45 1-3 * * *', '0 */6 * * 0');
    const moments = fc.constantFrom('2026-03-08', '2026-03-29', '2026-04-05', '2026-10-04', '2026-10-25', '2026-11-01', '2018-11-04');
    fc.assert(
      fc.property(
        expressions,
        zones,
        moments,
        fc.integer({ min: -86_400, max: 86_400 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (cron, timezone, day, seconds, share) => {
          const grid = compileSchedule({ cron, timezone }).grid(0);
          const from = at(`${day}T00:00:00Z`) + seconds * 1_000;
          const next = grid.after(from) ?? 0;
          expect(next).toBeGreaterThan(from);
          expect(grid.after(from + Math.floor((next - from - 1) * share))).toBe(next);
          const third = grid.after(grid.after(next) ?? 0) ?? 0;
          expect(grid.between(from, third, 10)).toEqual({ ticks: [next, grid.after(next), third], count: 3 });
        },
      ),
      { numRuns: 60 },
    );
  });

  test('counts only so far back, but knows the newest of a long time', () => {
    const grid = compileSchedule({ cron: '* * * * *' }).grid(0);
    const { ticks, count } = grid.between(at('2024-01-01T00:00:30Z'), at('2026-01-01T00:00:30Z'), 3);
    expect(ticks.map(iso)).toEqual(['2025-12-31T23:58:00.000Z', '2025-12-31T23:59:00.000Z', '2026-01-01T00:00:00.000Z']);
    expect(count).toBe(3 + COUNTED_BEYOND);
  });
});

test('the policy for missed ticks is skip with a period, and one run with a cron expression, unless it is named', () => {
  expect(compileSchedule({ every: '1s' })).toMatchObject({ missed: 'skip' });
  expect(compileSchedule({ cron: '* * * * *' })).toMatchObject({ missed: 'run_once', catchUpLimit: 100 });
  expect(compileSchedule({ every: '1s', missed: 'catch_up', catchUpLimit: 7 })).toMatchObject({ missed: 'catch_up', catchUpLimit: 7 });
});

test.each([
  [{ every: 'often' }, /schedule.every/],
  [{ every: '1ms' }, /out of range/],
  [{ every: '2000d' }, /out of range/],
  [{ cron: 'at noon' }, /schedule.cron/],
  [{ cron: '0 3 * * *', timezone: 'Europe/Atlantis' }, /Atlantis/],
  [{ every: '1s', missed: 'later' }, /"later" is no policy/],
  [{ every: '1s', missed: 'catch_up', catchUpLimit: 0 }, /catchUpLimit: 0 is out of range/],
])('%j is refused with a remedy', (schedule, message) => {
  const refusal = (() => {
    try {
      compileSchedule(schedule as Schedule);
    } catch (error) {
      return error;
    }
    return undefined;
  })();
  expect(refusal).toBeInstanceOf(MusterError);
  expect(refusal).toMatchObject({ code: 'AGENT_INVALID', message: expect.stringMatching(message) });
  expect((refusal as MusterError).remedy).toMatch(/Write|Choose/);
});
