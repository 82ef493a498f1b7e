import { describe, expect, test } from 'vitest';
import { ERRORS, EXIT, isMusterError, messageOf, MusterError } from './errors.ts';

describe('the table of errors', () => {
  test.each(Object.entries(ERRORS))('%s has an HTTP error status, a known exit code, a title and a remedy', (_code, kind) => {
    expect(kind.status).toBeGreaterThanOrEqual(400);
    expect(Object.values(EXIT)).toContain(kind.exitCode);
    expect(kind.exitCode).not.toBe(EXIT.ok);
    expect(kind.title).toMatch(/^[A-Z].*[^.]$/);
    expect(kind.remedy).toMatch(/\.$/);
  });

  test('exit codes are distinct', () => {
    const codes = Object.values(EXIT);
    expect(new Set(codes).size).toBe(codes.length);
  });
});

describe('MusterError', () => {
  test('takes the table’s remedy unless a better one is given', () => {
    expect(new MusterError('PORT_TAKEN', 'port 80 is taken').remedy).toBe(ERRORS.PORT_TAKEN.remedy);
    expect(new MusterError('PORT_TAKEN', 'port 80 is taken', { remedy: 'Use 81.' }).remedy).toBe('Use 81.');
  });

  test('is told from others by its code', () => {
    const error: unknown = new MusterError('NOT_FOUND', 'no such agent');
    expect(isMusterError(error)).toBe(true);
    expect(isMusterError(error, 'NOT_FOUND')).toBe(true);
    expect(isMusterError(error, 'CONFLICT')).toBe(false);
    expect(isMusterError(new Error('no such agent'), 'NOT_FOUND')).toBe(false);
  });
});

test('messageOf finds words in anything that was thrown, also in the empty AggregateError of a refused connection', () => {
  expect(messageOf(new AggregateError([new Error('connect ECONNREFUSED 127.0.0.1:1')]))).toBe('connect ECONNREFUSED 127.0.0.1:1');
  expect(messageOf('thrown text')).toBe('thrown text');
  expect(messageOf(new Error('x'))).toBe('x');
});
