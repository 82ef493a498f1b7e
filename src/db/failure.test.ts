import { describe, expect, it } from 'vitest';
import { MusterError } from '../base/errors.ts';
import { failureOf, isSerializationFailure, sqlStateOf } from './failure.ts';

const thrown = (code: string | undefined, message = 'said the server'): Error =>
  Object.assign(new Error(message), code === undefined ? {} : { code });

describe('failureOf', () => {
  it.each([
    // code or message, error code, transient, discard, outcome unknown
    ['MU001', 'LEASE_LOST', false, false, false],
    ['28P01', 'DATABASE_AUTH', false, true, false],
    ['28000', 'DATABASE_AUTH', false, true, false],
    ['3D000', 'DATABASE_MISSING', false, true, false],
    ['42501', 'DATABASE_RIGHTS', false, false, false],
    ['53300', 'DATABASE_BUSY', true, true, false],
    ['53100', 'DISK_FULL', true, false, false],
    ['53200', 'DATABASE_BUSY', true, false, false],
    ['25006', 'DATABASE_READ_ONLY', true, true, false],
    ['57014', 'DATABASE_TIMEOUT', true, false, false],
    ['55P03', 'DATABASE_TIMEOUT', true, false, false],
    ['25P03', 'DATABASE_TIMEOUT', true, true, false],
    ['40001', undefined, true, false, false],
    ['40P01', undefined, true, false, false],
    ['57P01', 'DATABASE_UNREACHABLE', true, true, true],
    ['57P03', 'DATABASE_UNREACHABLE', true, true, false],
    ['57P04', 'DATABASE_UNREACHABLE', false, true, true],
    ['08006', 'DATABASE_UNREACHABLE', true, true, true],
    ['ECONNREFUSED', 'DATABASE_UNREACHABLE', true, true, false],
    ['ENOTFOUND', 'DATABASE_UNREACHABLE', true, true, false],
    ['ECONNRESET', 'DATABASE_UNREACHABLE', true, true, true],
    ['EPIPE', 'DATABASE_UNREACHABLE', true, true, true],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'DATABASE_TLS', false, true, false],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'DATABASE_TLS', false, true, false],
    ['42P01', undefined, false, false, false],
    ['23505', undefined, false, false, false],
  ] as const)('%s', (state, code, transient, discard, outcomeUnknown) => {
    expect(failureOf(thrown(state))).toMatchObject({ code, transient, discard, outcomeUnknown });
  });

  it.each([
    ['Connection terminated unexpectedly', 'DATABASE_UNREACHABLE', true],
    ['Connection terminated due to connection timeout', 'DATABASE_UNREACHABLE', false],
    ['Client has encountered a connection error and is not queryable', 'DATABASE_UNREACHABLE', true],
    ['Query read timeout', 'DATABASE_TIMEOUT', true],
    ['timeout exceeded when trying to connect', 'DATABASE_BUSY', false],
    ['The server does not support SSL connections', 'DATABASE_TLS', false],
    ['SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string', 'DATABASE_AUTH', false],
  ] as const)('the driver’s "%s"', (message, code, outcomeUnknown) => {
    expect(failureOf(thrown(undefined, message))).toMatchObject({ code, outcomeUnknown });
  });

  it('looks into what was tried at several addresses', () => {
    expect(failureOf(new AggregateError([thrown('ECONNREFUSED'), thrown('ECONNREFUSED')]))).toMatchObject({ code: 'DATABASE_UNREACHABLE' });
  });

  it('knows nothing of what is no failure of the database', () => {
    for (const error of [new Error('my own'), new TypeError('x is undefined'), 'a string', null, undefined, 42]) {
      expect(failureOf(error)).toMatchObject({ code: undefined, transient: false, discard: false, outcomeUnknown: false });
    }
  });

  it('gives the same answer for an error that was translated', () => {
    const cause = thrown('57014');
    const error = new MusterError('DATABASE_TIMEOUT', 'too slow', { cause, data: { transient: true } });
    expect(failureOf(error)).toMatchObject({ code: 'DATABASE_TIMEOUT', transient: true });
    expect(sqlStateOf(error)).toBe('57014');
  });
});

it('runs again only what the server asks to run again', () => {
  expect(['40001', '40P01', '23505', '55P03'].map((state) => isSerializationFailure(thrown(state)))).toEqual([true, true, false, false]);
});

it('does not take the name of a network error for an SQLSTATE', () => {
  expect(sqlStateOf(thrown('EPIPE'))).toBeUndefined();
  expect(sqlStateOf(thrown('P0001'))).toBe('P0001');
});
