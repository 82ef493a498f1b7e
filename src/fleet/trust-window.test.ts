import fc from 'fast-check';
import { expect, test } from 'vitest';
import { extendTrust, isTrusted, marginOf, NO_TRUST, type TrustWindow } from './trust-window.ts';

test('a host that was never confirmed trusts nothing', () => {
  expect(isTrusted(NO_TRUST, 0)).toBe(false);
});

test('trust always ends before the lease can, whatever the delays and the order of the answers', () => {
  const beat = fc.record({ sentAt: fc.nat(100_000), toServer: fc.nat(20_000), back: fc.nat(20_000) });
  fc.assert(
    fc.property(fc.array(beat, { minLength: 1, maxLength: 20 }), fc.integer({ min: 1_000, max: 60_000 }), (beats, leaseMs) => {
      const answers = beats.toSorted((a, b) => a.sentAt + a.toServer + a.back - (b.sentAt + b.toServer + b.back));
      let window: TrustWindow = NO_TRUST;
      let expiresAt = Number.NEGATIVE_INFINITY;
      for (const { sentAt, toServer } of answers) {
        window = extendTrust(window, sentAt, leaseMs);
        // The server sets the expiry when the statement runs; a later one can only move it on.
        expiresAt = Math.max(expiresAt, sentAt + toServer + leaseMs);
        expect(window.until).toBeLessThanOrEqual(expiresAt - marginOf(leaseMs));
        expect(isTrusted(window, expiresAt)).toBe(false);
      }
    }),
  );
});

test('an answer that comes late does not shorten what a newer one has given', () => {
  const newer = extendTrust(NO_TRUST, 10_000, 8_000);
  expect(extendTrust(newer, 8_000, 8_000)).toEqual(newer);
  expect(isTrusted(newer, 16_999)).toBe(true);
  expect(isTrusted(newer, 17_000)).toBe(false);
});
