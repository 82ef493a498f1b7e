import { MusterError, type ErrorCode } from '../base/errors.ts';

/** What the driver, the server or the network threw, as far as it can be told apart. */
export interface Failure {
  /** The table's code when a person or a caller can act on it; undefined for a bug in a statement. */
  readonly code: ErrorCode | undefined;
  /** SQLSTATE, where the server spoke. */
  readonly sqlState: string | undefined;
  /** The same call may succeed when it is simply made again. */
  readonly transient: boolean;
  /** The connection is of no further use. */
  readonly discard: boolean;
  /** The connection broke, so what was sent last may or may not have happened. */
  readonly outcomeUnknown: boolean;
}

const NETWORK_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'EHOSTDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EADDRNOTAVAIL',
  'ENOENT',
]);

/** Failures before a statement could be sent: whatever was asked for has certainly not happened. */
const NOT_CONNECTED_CODES = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'EHOSTDOWN',
  'EADDRNOTAVAIL',
  'ENOENT',
]);

/** How `pg` 8 words what has no code. */
const CONNECTION_ENDED = /^(Connection terminated|Client has encountered a connection error|Client was closed|timeout expired$)/;
const POOL_TIMEOUT = 'timeout exceeded when trying to connect';
const READ_TIMEOUT = 'Query read timeout';
const NO_TLS = 'The server does not support SSL connections';

const failure = (code: ErrorCode | undefined, facts: Partial<Failure> = {}): Failure => ({
  code,
  sqlState: undefined,
  transient: false,
  discard: false,
  outcomeUnknown: false,
  ...facts,
});

/** Tells failures apart. Pure: the same error gives the same answer. */
export function failureOf(error: unknown): Failure {
  if (error instanceof MusterError)
    return failure(error.code, { transient: error.data['transient'] === true, outcomeUnknown: error.data['outcomeUnknown'] === true });
  if (error instanceof AggregateError && error.errors.length > 0) return failureOf(error.errors[0]);
  const { code, message } = factsOf(error);
  if (isSqlState(code)) return serverFailure(code);
  if (code !== undefined && NETWORK_CODES.has(code)) {
    return failure('DATABASE_UNREACHABLE', { transient: true, discard: true, outcomeUnknown: !NOT_CONNECTED_CODES.has(code) });
  }
  if (code !== undefined && /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_OSSL)/.test(code))
    return failure('DATABASE_TLS', { discard: true });
  if (message === NO_TLS) return failure('DATABASE_TLS', { discard: true });
  if (message === READ_TIMEOUT) return failure('DATABASE_TIMEOUT', { transient: true, discard: true, outcomeUnknown: true });
  if (message === POOL_TIMEOUT) return failure('DATABASE_BUSY', { transient: true });
  if (message === 'Connection terminated due to connection timeout')
    return failure('DATABASE_UNREACHABLE', { transient: true, discard: true });
  if (CONNECTION_ENDED.test(message)) return failure('DATABASE_UNREACHABLE', { transient: true, discard: true, outcomeUnknown: true });
  if (message.startsWith('SASL: ')) return failure('DATABASE_AUTH', { discard: true });
  return failure(undefined);
}

function serverFailure(sqlState: string): Failure {
  const known = (code: ErrorCode | undefined, facts: Partial<Failure> = {}): Failure => failure(code, { sqlState, ...facts });
  switch (sqlState) {
    case 'MU001':
      return known('LEASE_LOST');
    case '28000': // no pg_hba.conf entry, role may not log in
    case '28P01':
      return known('DATABASE_AUTH', { discard: true });
    case '3D000':
      return known('DATABASE_MISSING', { discard: true });
    case '42501':
      return known('DATABASE_RIGHTS');
    case '53300':
      return known('DATABASE_BUSY', { transient: true, discard: true });
    case '53100':
      return known('DISK_FULL', { transient: true });
    case '53200': // out of memory
    case '53400':
      return known('DATABASE_BUSY', { transient: true });
    case '25006':
      return known('DATABASE_READ_ONLY', { transient: true, discard: true });
    case '57014': // cancelled: statement_timeout, or somebody else
    case '55P03': // lock_timeout, or nowait
    case '25P03': // idle_in_transaction_session_timeout
    case '25P04': // transaction_timeout
      return known('DATABASE_TIMEOUT', { transient: true, discard: sqlState.startsWith('25') });
    case '40001':
    case '40P01':
      return known(undefined, { transient: true });
    case '57P01': // shut down by an administrator
    case '57P02': // another backend crashed
    case '57P04': // the database was dropped
    case '57P05': // idle_session_timeout
      return known('DATABASE_UNREACHABLE', { transient: sqlState !== '57P04', discard: true, outcomeUnknown: true });
    case '57P03': // starting up, shutting down, in recovery
      return known('DATABASE_UNREACHABLE', { transient: true, discard: true });
    case '08P01':
      // Protocol violation; PgBouncer also says "server login has been failing" and the like in this class.
      return known('DATABASE_UNREACHABLE', { transient: true, discard: true, outcomeUnknown: true });
    default:
      if (sqlState.startsWith('08')) return known('DATABASE_UNREACHABLE', { transient: true, discard: true, outcomeUnknown: true });
      return known(undefined);
  }
}

/** A serialization failure or deadlock: the whole transaction may be run again. */
export function isSerializationFailure(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state === '40001' || state === '40P01';
}

/** The SQLSTATE of an error, also of one that was translated. */
export function sqlStateOf(error: unknown): string | undefined {
  if (error instanceof MusterError) return sqlStateOf(error.cause);
  const { code } = factsOf(error);
  return isSqlState(code) ? code : undefined;
}

function isSqlState(code: string | undefined): code is string {
  // EPIPE is five capitals too: every class of SQLSTATE that PostgreSQL or we use begins with a digit, or F0, HV, P0, XX, MU.
  return code !== undefined && /^(\d[0-9A-Z]{4}|F0\d{3}|HV[0-9A-Z]{3}|P0\d{3}|XX\d{3}|MU\d{3})$/.test(code);
}

function factsOf(error: unknown): { readonly code: string | undefined; readonly message: string } {
  if (typeof error !== 'object' || error === null) return { code: undefined, message: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const message = 'message' in error && typeof error.message === 'string' ? error.message : '';
  return { code, message };
}
