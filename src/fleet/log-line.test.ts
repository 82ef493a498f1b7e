import { expect, test } from 'vitest';
import { cpuMs } from '../../test/support/cpu-time.ts';
import { MusterError } from '../base/errors.ts';
import { MOST_FIELDS, MOST_MESSAGE, storableJson, toLine } from './log-line.ts';

test('a line keeps its message and its fields, with those bound before', () => {
  expect(toLine('info', { shard: 3 }, { rows: 7 }, 'read')).toEqual({ level: 'info', message: 'read', fields: '{"shard":3,"rows":7}' });
  expect(toLine('debug', {}, 'only words', undefined)).toEqual({ level: 'debug', message: 'only words', fields: null });
});

test('an error is described, one of ours with its remedy', () => {
  const line = toLine('error', {}, new Error('no paper'), undefined);
  expect(line.message).toBe('no paper');
  expect(JSON.parse(line.fields ?? '')).toMatchObject({
    err: { message: 'no paper', type: 'Error', stack: expect.stringContaining('log-line.test') },
  });
  const ours = toLine('warn', {}, { err: new MusterError('CONFLICT', 'busy', { remedy: 'Wait.' }) }, 'later');
  expect(JSON.parse(ours.fields ?? '')).toEqual({ err: expect.objectContaining({ code: 'CONFLICT', remedy: 'Wait.' }) });
});

test('secrets do not get through, wherever they sit', () => {
  const line = toLine(
    'info',
    { apiKey: 'k1' },
    { request: { headers: { Authorization: 'Bearer k2' }, deep: [{ password: 'k3' }] }, url: 'postgres://me:k4@db/x' },
    'connecting to postgresql://me:k5@db:5432/x',
  );
  expect(JSON.stringify(line)).not.toMatch(/k[1-5]/);
  expect(line.message).toBe('connecting to postgresql://me:[redacted]@db:5432/x');
});

test.each([
  ['a message that is too long', 'x'.repeat(1_000_000), undefined],
  ['fields that are too large', { text: 'x'.repeat(1_000_000) }, 'large'],
])('%s is bounded', (_, given, message) => {
  const line = toLine('info', {}, given, message);
  expect(line.message.length).toBeLessThanOrEqual(MOST_MESSAGE);
  expect(line.fields?.length ?? 0).toBeLessThanOrEqual(MOST_FIELDS);
});

test('what is no JSON, or what PostgreSQL would not store, is told and not thrown', () => {
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  expect(toLine('info', {}, circle, 'round').fields).toContain('it is no JSON');
  const odd = toLine('info', {}, { nul: 'a\0b', half: '\ud83d', big: 10n, fine: '🙂' }, 'a\0\ud83d🙂');
  expect(odd.message).toBe('a\ufffd\ufffd🙂');
  expect(JSON.parse(odd.fields ?? '')).toEqual({ nul: 'a\ufffdb', half: '\ufffd', big: '10', fine: '🙂' });
  const wordless = {
    toString: () => {
      throw new Error('no words');
    },
  };
  expect(toLine('info', {}, wordless as unknown as string, undefined).message).toBe('');
  expect(toLine('info', {}, {}, wordless as unknown as string).message).toBe('a message that cannot be written');
  expect(storableJson(() => 1, 100)).toBeNull();
});

test('an address with a very long name in it is looked through in no time', () => {
  const began = cpuMs();
  toLine('info', {}, `${'a.'.repeat(500_000)}://${'b'.repeat(500_000)}`, undefined);
  expect(cpuMs() - began).toBeLessThan(4_000);
});
