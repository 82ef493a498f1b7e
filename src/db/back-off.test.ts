import { expect, it } from 'vitest';
import { fullJitter } from './back-off.ts';

it('waits anything up to a limit that doubles until its cap', () => {
  const longest = (attempt: number): number => fullJitter(attempt, 100, 10_000, () => 1);
  expect([0, 1, 2, 6, 7, 1_000].map(longest)).toEqual([100, 200, 400, 6_400, 10_000, 10_000]);
  expect(fullJitter(3, 100, 10_000, () => 0)).toBe(0);
});
