import { expect, test } from 'vitest';
import { MusterError } from '../../../base/errors.ts';
import { refusalHeaders } from './refusal.ts';

const spent = (retryAfterSeconds: number) => refusalHeaders(new MusterError('BUDGET_SPENT', 'spent', { data: { retryAfterSeconds } }));

test('a client waits for the next minute, and not for the next day', () => {
  expect(spent(12.2)).toEqual({ 'retry-after': '13' });
  expect(spent(22_519)).toEqual({ 'retry-after': '22519', 'x-should-retry': 'false' });
  expect(refusalHeaders(new MusterError('PROVIDER_UNAVAILABLE', 'away'))).toEqual({ 'retry-after': '2' });
  expect(refusalHeaders(new MusterError('INVALID_INPUT', 'no'))).toEqual({});
});
