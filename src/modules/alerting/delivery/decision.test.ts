import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { afterAttempt, decide, FLAG_AFTER_MS, KEEP_MS, type Breaker } from './decision.ts';
import { LEVELS, type Level } from './notification.ts';
import { outcomeOf, retryAfterOf, type Outcome } from './outcome.ts';

const NOW = Date.parse('2026-01-31T12:00:00Z');
const answer = (status: number, headers: Readonly<Record<string, string>> = {}, body = ''): Outcome =>
  outcomeOf({ status, headers, body, truncated: false, durationMs: 1 }, NOW);
const after = (outcome: Outcome, attempts = 1, level: Level = 'critical', ageMs = 0, random = 0.999) =>
  decide({ outcome, attempts, level, ageMs }, random);

describe('what an answer means', () => {
  it.each([200, 201, 202, 204])('%d: delivered', (status) => expect(answer(status).kind).toBe('delivered'));
  it.each([404, 408, 425, 429, 500, 502, 503, 504, 301, 307, 418])('%d: later', (status) => expect(answer(status).kind).toBe('retry'));
  it.each([401, 403, 407, 410])('%d: the channel must be mended', (status) => expect(answer(status).kind).toBe('broken'));
  it.each([400, 413, 415, 422])('%d: not this message', (status) => expect(answer(status).kind).toBe('refused'));

  it('quotes what the receiver said, bounded and on one line', () => {
    const outcome = answer(400, {}, `bad\n\u0007channel ${'x'.repeat(1_000)}`);
    expect(outcome).toMatchObject({ reason: expect.stringMatching(/^it answered 400: bad channel x{1,200}$/) });
  });

  it('reads Retry-After in seconds and as a date, and believes an hour at most', () => {
    expect(retryAfterOf('3', NOW)).toBe(3_000);
    expect(retryAfterOf('Sat, 31 Jan 2026 12:00:07 GMT', NOW)).toBe(7_000);
    expect(retryAfterOf('Sat, 31 Jan 2026 11:00:00 GMT', NOW)).toBe(0);
    expect(retryAfterOf('86400', NOW)).toBe(3_600_000);
    expect(retryAfterOf('soon', NOW)).toBeUndefined();
  });
});

describe('a message', () => {
  it.each([429, 404, 500, 503])('that was answered %d once is tried again within a second', (status) => {
    expect(after(answer(status))).toMatchObject({ state: 'pending', inMs: expect.toSatisfy((ms: number) => ms <= 1_000) });
  });

  it('is not tried before the time that the receiver named', () => {
    expect(after(answer(429, { 'retry-after': '3' }))).toEqual({ state: 'pending', inMs: 3_000 });
    expect(after(answer(503, { 'retry-after': '0' }), 1, 'critical', 0, 0)).toEqual({ state: 'pending', inMs: 500 });
  });

  it('is tried at least every ten seconds when critical, every minute when it only informs', () => {
    const longest = (level: Level): number => {
      const verdict = after(answer(500), 1_000, level, 0, 1);
      return verdict.state === 'pending' ? verdict.inMs : Number.NaN;
    };
    expect(LEVELS.map(longest)).toEqual([60_000, 30_000, 10_000, 10_000]);
  });

  it('is never given up within a day, unless its receiver does not want it', () => {
    const outcomes = fc.constantFrom(answer(500), answer(401), answer(429), answer(404));
    fc.assert(
      fc.property(
        outcomes,
        fc.nat(100_000),
        fc.constantFrom(...LEVELS),
        fc.nat(24 * 3_600_000),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (outcome, attempts, level, ageMs, random) => {
          const verdict = after(outcome, attempts, level, ageMs, random);
          expect(verdict.state).toBe('pending');
          if (verdict.state === 'pending') expect(verdict.inMs).toBeGreaterThan(0);
        },
      ),
    );
    expect(after(answer(500), 20_000, 'critical', KEEP_MS).state).toBe('failed');
    expect(after(answer(422), 4).state).toBe('pending');
    expect(after(answer(422), 5).state).toBe('failed');
  });
});

describe('the breaker of a channel', () => {
  const works: Breaker = { open: false, failures: 0, failingForMs: null, flagged: false };
  const failing = (more: Partial<Breaker>): Breaker => ({ ...works, failingForMs: 1_000, ...more });

  it('opens after five failures in a row, and then never waits so long that what it held back comes later than ten seconds', () => {
    expect(afterAttempt(failing({ failures: 3 }), answer(500), 1).openForMs).toBeNull();
    expect(afterAttempt(failing({ failures: 4 }), answer(500), 1).openForMs).toBe(1_000);
    for (let failures = 5; failures < 100; failures += 1)
      expect(afterAttempt(failing({ failures, open: true }), answer(500), 1).openForMs).toBeLessThanOrEqual(8_000);
  });

  it('opens at once for as long as the receiver asks', () => {
    expect(afterAttempt(works, answer(429, { 'retry-after': '20' }), 0)).toMatchObject({ openForMs: 20_000, failures: 1 });
  });

  it('closes with the first message that arrives, or that is read and refused', () => {
    for (const status of [200, 422])
      expect(afterAttempt(failing({ failures: 50, open: true }), answer(status), 0)).toEqual({
        openForMs: null,
        failures: 0,
        recovered: true,
        tell: null,
      });
  });

  it('has the other channels told: at once when it must be mended, after five minutes otherwise, and once', () => {
    expect(afterAttempt(works, answer(401), 0)).toMatchObject({ tell: 'failing', openForMs: 5_000 });
    expect(afterAttempt(failing({ flagged: true }), answer(401), 0).tell).toBeNull();
    expect(afterAttempt(failing({ failingForMs: FLAG_AFTER_MS - 1 }), answer(500), 0).tell).toBeNull();
    expect(afterAttempt(failing({ failingForMs: FLAG_AFTER_MS }), answer(500), 0).tell).toBe('failing');
    expect(afterAttempt(failing({ open: true, flagged: true }), answer(200), 0).tell).toBe('works');
  });
});
