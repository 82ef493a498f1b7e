import { describe, expect, it } from 'vitest';
import { Breakers } from './breaker.ts';
import { backOffMs, isRetried, retryAfterMs } from './retry.ts';

it('tries again what may do better, and what the provider says', () => {
  expect([429, 500, 503, 529].map((status) => isRetried(status))).toEqual([true, true, true, true]);
  expect([200, 400, 401, 404, 422].map((status) => isRetried(status))).toEqual([false, false, false, false, false]);
  expect([isRetried(500, { 'x-should-retry': 'false' }), isRetried(400, { 'x-should-retry': 'true' })]).toEqual([false, true]);
});

it('waits twice as long each time, with chance in it, up to a bound', () => {
  expect([1, 2, 3, 10].map((attempt) => backOffMs(attempt, () => 1))).toEqual([500, 1_000, 2_000, 8_000]);
  expect([1, 2, 3, 10].map((attempt) => backOffMs(attempt, () => 0))).toEqual([250, 500, 1_000, 4_000]);
});

it('reads how long the provider asks to wait', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  expect(retryAfterMs({ 'retry-after-ms': '150', 'retry-after': '9' }, now)).toBe(150);
  expect(retryAfterMs({ 'retry-after': '1.5' }, now)).toBe(1_500);
  expect(retryAfterMs({ 'retry-after': 'Thu, 01 Jan 2026 00:00:05 GMT' }, now)).toBe(5_000);
  expect(retryAfterMs({ 'retry-after': 'soon' }, now)).toBeUndefined();
  expect(retryAfterMs({}, now)).toBeUndefined();
});

describe('a circuit breaker', () => {
  const fail = (breakers: Breakers, times: number, now = 0): void => {
    for (let i = 0; i < times; i++) breakers.failed('a', now);
  };

  it('leaves a provider alone after five failures in a row, and another not', () => {
    const breakers = new Breakers();
    fail(breakers, 4);
    breakers.succeeded('a');
    fail(breakers, 4);
    expect(breakers.lets('a', 0)).toBe(true);
    fail(breakers, 1);
    expect([breakers.lets('a', 4_999), breakers.waitMs('a', 2_000), breakers.lets('b', 0)]).toEqual([false, 3_000, true]);
  });

  it('lets one through to see whether it is well again, and the rest after it', () => {
    const breakers = new Breakers();
    fail(breakers, 5);
    expect([breakers.lets('a', 5_000), breakers.lets('a', 5_000)]).toEqual([true, false]);
    breakers.failed('a', 5_000);
    expect([breakers.lets('a', 14_999), breakers.lets('a', 15_000)]).toEqual([false, true]);
    breakers.unknown('a');
    expect(breakers.lets('a', 15_000)).toBe(true);
    breakers.succeeded('a');
    expect([breakers.lets('a', 15_000), breakers.lets('a', 15_000)]).toEqual([true, true]);
  });
});
