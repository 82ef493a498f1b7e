import fc from 'fast-check';
import { expect, test } from 'vitest';
import { judgeLoad, RESTED, weightOf, type LoadStanding } from './load-weight.ts';

const HOT = { eventLoopLagSeconds: 1 };
const CALM = { eventLoopLagSeconds: 0.01, machineCpuRatio: 0.2 };

/** The standing after the load was the same for so many seconds, looked at every two. */
function after(
  seconds: number,
  load: object,
  from: LoadStanding,
  start: number,
): { readonly standing: LoadStanding; readonly now: number } {
  let standing = from;
  let now = start;
  for (; now <= start + seconds * 1_000; now += 2_000) standing = judgeLoad(standing, load, now);
  return { standing, now };
}

test('an event loop that lags for a while costs a step, and longer another one; a moment costs nothing', () => {
  expect(weightOf(after(10, HOT, RESTED, 0).standing)).toBe(1);
  expect(weightOf(after(16, HOT, RESTED, 0).standing)).toBe(0.75);
  expect(weightOf(after(300, HOT, RESTED, 0).standing)).toBe(0.25);
  expect(weightOf(after(20, { machineCpuRatio: 0.99 }, RESTED, 0).standing)).toBe(0.75);
});

test('what recovers comes back step by step, and later each time it relapses', () => {
  let { standing, now } = after(16, HOT, RESTED, 0);
  const waits: number[] = [];
  for (let relapse = 0; relapse < 4; relapse += 1) {
    const began = now;
    while (weightOf(standing) < 1) standing = judgeLoad(standing, CALM, (now += 2_000));
    waits.push(Math.round((now - began) / 60_000));
    ({ standing, now } = after(16, HOT, standing, now + 2_000));
  }
  expect(waits).toEqual([1, 2, 4, 8]);
});

test('a load that flickers faster than it lasts never moves an agent', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 100 }), (bursts) => {
      let standing = RESTED;
      let now = 0;
      for (const looks of bursts) {
        for (let look = 0; look < looks; look += 1) standing = judgeLoad(standing, HOT, (now += 2_000));
        standing = judgeLoad(standing, CALM, (now += 2_000));
      }
      expect(weightOf(standing)).toBe(1);
    }),
  );
});
