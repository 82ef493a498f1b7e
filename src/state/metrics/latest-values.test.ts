import { expect, test } from 'vitest';
import { LatestValues } from './latest-values.ts';

test('many newest values leave at a pace that is paid for, and a few go ahead of them', () => {
  let now = 0;
  const latest = new LatestValues(() => now);
  for (let series = 0; series < 10_000; series += 1) latest.note(series, 0, 1);
  expect(latest.take().size).toBe(10_000);
  expect(latest.pauseMs).toBe(5_000);
  // Not in the same breath, and then as often as they themselves are paid for.
  expect(latest.goAhead(1)).toBe(false);
  now += 100;
  expect(latest.goAhead(400)).toBe(true);
  now += 199;
  expect(latest.goAhead(1)).toBe(false);
  now += 1;
  expect(latest.goAhead(1)).toBe(true);
  // They are not what waits, and do not put it off.
  expect(latest.pauseMs).toBe(4_700);
  now += 1_000;
  expect(latest.goAhead(1_001)).toBe(false);
  expect(latest.goAhead(0)).toBe(false);
});

test('what was taken and could not be written is newer than nothing, and older than what came meanwhile', () => {
  const latest = new LatestValues(() => 0);
  latest.note(1, 10, 1);
  const taken = latest.take();
  latest.note(1, 20, 2);
  latest.giveBack(taken);
  latest.giveBack(new Map([[2, { at: 5, value: 5 }]]));
  expect([...latest.take()]).toEqual([
    [1, { at: 20, value: 2 }],
    [2, { at: 5, value: 5 }],
  ]);
});
