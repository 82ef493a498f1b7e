import { expect, test } from 'vitest';
import { isMusterError, MusterError } from '../../base/errors.ts';
import { crossError, pack, revive, unpack } from './crossing.ts';

const across = (thrown: unknown): Error => revive(structuredClone(crossError(thrown)));

test('values come across as they were: dates, buffers, gaps, cycles', () => {
  const value: Record<string, unknown> = {
    at: new Date(5),
    bytes: Buffer.from('ab'),
    big: 10n ** 20n,
    nothing: undefined,
    list: [1, undefined, 3],
  };
  value['self'] = value;
  const back = unpack(structuredClone(pack(value, 10_000, 'it'))) as Record<string, unknown>;
  expect(back).toMatchObject({ at: new Date(5), big: 10n ** 20n, list: [1, undefined, 3] });
  expect(Buffer.from(back['bytes'] as Uint8Array).toString()).toBe('ab');
  expect(back['self']).toBe(back);
});

test('what cannot cross, or is too large, is told before it is sent', () => {
  expect(() => pack({ call: () => 1 }, 10_000, 'sql.read')).toThrow(
    expect.objectContaining({ code: 'INVALID_INPUT', message: expect.stringContaining('sql.read cannot leave') }),
  );
  expect(() => pack('x'.repeat(20_000), 10_000, 'sql.write')).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }));
});

test('an error keeps its code, remedy and facts, and one of the database what agents decide by', () => {
  const error = across(new MusterError('LEASE_LOST', 'gone', { remedy: 'Nothing to do.', data: { epoch: 4 } }));
  expect(isMusterError(error, 'LEASE_LOST')).toBe(true);
  expect(error).toMatchObject({ message: 'gone', remedy: 'Nothing to do.', data: { epoch: 4 } });
  const duplicate = across(
    Object.assign(new TypeError('duplicate key'), { code: '23505', constraint: 'orders_pkey', detail: 'Key (id)=(4)' }),
  );
  expect(duplicate).toMatchObject({ name: 'TypeError', code: '23505', constraint: 'orders_pkey', detail: 'Key (id)=(4)' });
  expect(duplicate.stack).toContain('crossing.test.ts');
});

const silent = (): string => {
  throw new Error('no words');
};

test.each([
  ['nothing', undefined, 'undefined'],
  ['a text', 'just a text', 'just a text'],
  ['a bigint', 4n, '4'],
  ['an object without words', { toString: silent }, 'an error that cannot be described'],
  ['one that throws when it is looked at', new Proxy({}, { get: silent }), 'an error that cannot be described'],
  ['a code that is none of ours', { code: 'NO_SUCH', remedy: 'x', toString: () => 'odd' }, 'odd'],
])('%s is an error on the other side', (_, thrown, message) => {
  expect(across(thrown).message).toBe(message);
});

test('however long it is, it is bounded', () => {
  const long = 'x'.repeat(1_000_000);
  const crossed = crossError(new MusterError('INTERNAL', long, { remedy: long, data: { long } }));
  expect(JSON.stringify(crossed).length).toBeLessThan(10_000);
});
