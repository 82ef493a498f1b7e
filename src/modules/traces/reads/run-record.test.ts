import { describe, expect, it } from 'vitest';
import { latencySeconds } from './run-record.ts';

describe('how long a run took', () => {
  it.each([
    ['begun and ended', 1_000_000, 2_500_000, 1.5],
    ['ended in the millisecond in which it began, by whose microseconds the SDK orders runs', 1_687_002, 1_687_000, 0],
    ['still under way', 1_000_000, null, null],
  ])('%s', (_, startTime, endTime, seconds) => {
    expect(latencySeconds({ startTime, endTime })).toBe(seconds);
  });
});
