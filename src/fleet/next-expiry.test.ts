import { expect, test } from 'vitest';
import { newHostId } from '../base/ids.ts';
import { nextExpiry } from './next-expiry.ts';

const [self, other, third] = [newHostId(), newHostId(), newHostId()];
const host = (hostId: typeof self, expiresInMs: number, overdue = false) => ({ hostId, expiresInMs, overdue });

test('hosts that beat are looked at in their turn', () => {
  expect(nextExpiry([host(self, 500), host(other, 6_000), host(third, 2_000)], self, 2_000, 0)).toBeUndefined();
});

test('the first of those that miss beats is looked at when its lease runs out', () => {
  expect(nextExpiry([host(self, 7_000), host(other, 1_500), host(third, 900)], self, 2_000, 0)).toBe(920);
  expect(nextExpiry([host(other, 900)], self, 2_000, 0.5)).toBe(930);
});

test('one that is overdue already was looked at, and could not be taken: not until the next turn', () => {
  expect(nextExpiry([host(other, -100, true)], self, 2_000, 0)).toBeUndefined();
});
