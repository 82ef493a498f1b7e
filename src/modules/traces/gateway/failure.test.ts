import { describe, expect, test } from 'vitest';
import { failureOf, saidOf } from './failure.ts';

test('a provider fails by refusing its key, by its limits and by breaking, and not by telling a client of a mistake', () => {
  expect([200, 400, 401, 403, 404, 422, 429, 500, 503, 529].map(failureOf)).toEqual([
    undefined,
    undefined,
    'key_refused',
    'key_refused',
    undefined,
    undefined,
    'over_limit',
    'failed',
    'failed',
    'failed',
  ]);
});

describe('what a provider said of its failure', () => {
  test('is the message of its error', () => {
    expect(saidOf(401, '{"error":{"message":"Incorrect API key\\n provided","code":"x"}}', {})).toBe(
      'it answered 401: Incorrect API key provided',
    );
    expect(saidOf(500, '{"error":"out of memory"}', {})).toBe('it answered 500: out of memory');
    expect(saidOf(429, '{"message":"slow down"}', {})).toBe('it answered 429: slow down');
  });

  test('is the text of a page, in short', () => {
    expect(saidOf(502, '<html><style>b{}</style><h1>Bad  gateway</h1></html>', {})).toBe('it answered 502: Bad gateway');
    expect(saidOf(503, 'x'.repeat(5_000), {})).toHaveLength(317);
    expect(saidOf(503, '', {})).toBe('it answered 503');
  });

  test('never holds the key', () => {
    expect(saidOf(401, '{"error":{"message":"no such key: sk-1"}}', { authorization: 'Bearer sk-1' })).toBe(
      'it answered 401: no such key: …',
    );
    expect(saidOf(401, 'no such key: k2', { 'api-key': 'k2' })).toBe('it answered 401: no such key: …');
  });
});
