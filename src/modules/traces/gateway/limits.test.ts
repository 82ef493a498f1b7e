import { describe, expect, it } from 'vitest';
import { judge, type Limits, type Used } from './limits.ts';

const NONE: Limits = { usdPerDay: null, usdPerMonth: null, isHard: true, requestsPerMinute: null, tokensPerMinute: null };
const NOON = Date.parse('2026-01-31T12:00:30Z');
const used = (more: Partial<Used> = {}): Used => ({
  usdToday: 0,
  usdThisMonth: 0,
  requestsThisMinute: 1,
  tokensThisMinute: 0,
  now: NOON,
  ...more,
});
const told = (limits: Partial<Limits>, more: Partial<Used>) => {
  const { refusal, warning } = judge({ ...NONE, ...limits }, used(more));
  return refusal === undefined ? warning : [refusal.code, refusal.data['retryAfterSeconds']];
};

describe('a key', () => {
  it('without limits may do what it wants', () => {
    expect(told({}, { usdToday: 1e9, usdThisMonth: 1e9, requestsThisMinute: 1e9, tokensThisMinute: 1e9 })).toBeUndefined();
  });

  it('waits for the next minute where it has asked too often, or used too much', () => {
    expect(told({ requestsPerMinute: 5 }, { requestsThisMinute: 5 })).toBeUndefined();
    expect(told({ requestsPerMinute: 5 }, { requestsThisMinute: 6 })).toEqual(['RATE_LIMITED', 30]);
    expect(told({ tokensPerMinute: 100 }, { tokensThisMinute: 99 })).toBeUndefined();
    expect(told({ tokensPerMinute: 100 }, { tokensThisMinute: 100 })).toEqual(['RATE_LIMITED', 30]);
    expect(told({ requestsPerMinute: 0 }, {})).toEqual(['RATE_LIMITED', 30]);
  });

  it('waits for the next day or month where its money is spent', () => {
    expect(told({ usdPerDay: 1 }, { usdToday: 0.999 })).toBeUndefined();
    expect(told({ usdPerDay: 1 }, { usdToday: 1 })).toEqual(['BUDGET_SPENT', 11 * 3_600 + 59 * 60 + 30]);
    expect(told({ usdPerMonth: 1 }, { usdThisMonth: 1 })).toEqual(['BUDGET_SPENT', 11 * 3_600 + 59 * 60 + 30]);
    expect(told({ usdPerMonth: 1 }, { usdThisMonth: 1, now: Date.parse('2026-12-01T00:00:00Z') })).toEqual(['BUDGET_SPENT', 31 * 86_400]);
  });

  it('is only told where its budget is a soft one', () => {
    expect(told({ usdPerDay: 1, isHard: false }, { usdToday: 2 })).toBe('the budget of this key, 1 USD a day, is spent');
    expect(told({ usdPerDay: 1, isHard: false, requestsPerMinute: 1 }, { usdToday: 2, requestsThisMinute: 2 })).toEqual([
      'RATE_LIMITED',
      30,
    ]);
  });
});
