import fc from 'fast-check';
import { expect, test } from 'vitest';
import { databaseNow, hear, type DatabaseTime } from './database-time.ts';

test('the quickest answer decides, and a slow one does not mislead', () => {
  const quick = hear(undefined, { sentAt: 1_000, answeredAt: 1_004, at: 500_001 });
  expect(databaseNow(quick, 1_004)).toBeCloseTo(500_003, 0);
  // It was answered at once, and its answer took two seconds.
  const slow = hear(quick, { sentAt: 3_000, answeredAt: 5_000, at: 502_000 });
  expect(Math.abs(databaseNow(slow, 5_000) - 503_999)).toBeLessThan(5);
});

test('with clocks that drift and answers of any delay, the estimate is never off by more than half of the quickest way', () => {
  const beat = fc.record({
    pauseMs: fc.integer({ min: 50, max: 5_000 }),
    there: fc.integer({ min: 0, max: 3_000 }),
    back: fc.integer({ min: 0, max: 3_000 }),
  });
  fc.assert(
    fc.property(fc.array(beat, { minLength: 1, maxLength: 50 }), fc.integer({ min: -100, max: 100 }), (beats, ppm) => {
      const offset = 1_700_000_000_000;
      const databaseAt = (monotonic: number): number => offset + monotonic * (1 + ppm / 1e6);
      let time: DatabaseTime | undefined;
      let monotonic = 0;
      for (const { pauseMs, there, back } of beats) {
        const sentAt = monotonic + pauseMs;
        monotonic = sentAt + there + back;
        time = hear(time, { sentAt, answeredAt: monotonic, at: databaseAt(sentAt + there) });
        const error = Math.abs(databaseNow(time, monotonic) - databaseAt(monotonic));
        expect(error).toBeLessThanOrEqual((there + back) / 2 + 1);
      }
    }),
  );
});

test('a database whose clock has jumped is believed at once', () => {
  let time: DatabaseTime | undefined;
  for (let n = 0; n < 10; n += 1) time = hear(time, { sentAt: n * 2_000, answeredAt: n * 2_000 + 3, at: 1_000_000 + n * 2_000 });
  time = hear(time, { sentAt: 20_000, answeredAt: 20_003, at: 1_020_001 + 3_600_000 });
  expect(databaseNow(time, 20_003)).toBeCloseTo(1_020_003 + 3_600_000, -1);
});
