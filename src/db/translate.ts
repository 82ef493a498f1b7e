import { MusterError, messageOf, type ErrorCode } from '../base/errors.ts';
import { failureOf } from './failure.ts';

/** Where a connection leads, without anything secret: safe in a message. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

/** `db.example.com:5432`, or the folder of a Unix socket. */
export const placeOf = ({ host, port }: Endpoint): string =>
  host.startsWith('/') ? host : `${host.includes(':') ? `[${host}]` : host}:${port}`;

/** The error a caller sees. A mistake in a statement stays what it is: only a programmer can mend it. */
export function translate(error: unknown, at: Endpoint): unknown {
  if (error instanceof MusterError) return error;
  const failure = failureOf(error);
  if (failure.code === undefined) return error;
  const { message, remedy } = wording(failure.code, failure.sqlState, messageOf(error), codeOf(error), at);
  return new MusterError(failure.code, message, {
    remedy,
    data: {
      transient: failure.transient,
      outcomeUnknown: failure.outcomeUnknown,
      ...(failure.sqlState === undefined ? {} : { sqlState: failure.sqlState }),
    },
    cause: error,
  });
}

interface Wording {
  readonly message: string;
  readonly remedy?: string;
}

function wording(code: ErrorCode, sqlState: string | undefined, said: string, networkCode: string | undefined, at: Endpoint): Wording {
  const place = placeOf(at);
  switch (code) {
    case 'DATABASE_UNREACHABLE':
      return unreachable(sqlState, said, networkCode, at);
    case 'DATABASE_AUTH':
      if (sqlState === '28000') {
        return {
          message: `PostgreSQL at ${place} does not let "${at.user}" in: ${said}.`,
          remedy: `Add a line to pg_hba.conf for database "${at.database}" and user "${at.user}", or connect with TLS (sslmode=require) if the server asks for it.`,
        };
      }
      return {
        message: `PostgreSQL at ${place} refuses the password of "${at.user}".`,
        remedy: `Check user and password in DATABASE_URL; characters such as @ : / # in a password are written as %40 %3A %2F %23.`,
      };
    case 'DATABASE_TLS':
      if (said.includes('does not support SSL')) {
        return {
          message: `PostgreSQL at ${place} offers no TLS.`,
          remedy: 'Turn on ssl at the server, or set sslmode=disable if the network between is trusted.',
        };
      }
      return {
        message: `TLS with PostgreSQL at ${place} failed: ${said}.`,
        remedy:
          'Name the CA that signed the server certificate in sslrootcert, and connect by a host name that is in it; sslmode=require encrypts without checking who answers.',
      };
    case 'DATABASE_MISSING':
      return {
        message: `There is no database "${at.database}" at ${place}.`,
        remedy: `Create it (\`create database "${at.database}"\`), or name another one in DATABASE_URL.`,
      };
    case 'DATABASE_RIGHTS':
      return {
        message: `"${at.user}" may not do this in database "${at.database}": ${said}.`,
        remedy: `As an owner or superuser: grant create, connect, temporary on database "${at.database}" to "${at.user}"; grant usage, create on schema public to "${at.user}". Objects in schema muster must belong to the user that ran the migrations.`,
      };
    case 'DATABASE_BUSY':
      if (sqlState === '53300') return { message: `PostgreSQL at ${place} has no free connection: ${said}.` };
      if (sqlState === undefined) {
        return {
          message: 'No connection of the pool came free in time.',
          remedy: 'Look for long statements and locks (`muster doctor`), or raise performance.connection_pool_size.',
        };
      }
      return { message: `PostgreSQL at ${place} is short of a resource: ${said}.` };
    case 'DATABASE_READ_ONLY':
      return { message: `PostgreSQL at ${place} takes no writes: it is a standby or set read-only.` };
    case 'DATABASE_TIMEOUT':
      return { message: `PostgreSQL at ${place}: ${said}.` };
    case 'DISK_FULL':
      return {
        message: `The disk of PostgreSQL at ${place} is full: ${said}.`,
        remedy: 'Free space on the volume of its data folder; Muster goes on by itself.',
      };
    default:
      return { message: said };
  }
}

function unreachable(sqlState: string | undefined, said: string, networkCode: string | undefined, at: Endpoint): Wording {
  const place = placeOf(at);
  if (sqlState === '57P03')
    return { message: `PostgreSQL at ${place} is not ready: ${said}.`, remedy: 'Wait until it has started or recovered, then try again.' };
  switch (networkCode) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return {
        message: `The host "${at.host}" of the database is not known.`,
        remedy: 'Check the host name in DATABASE_URL, and the name service of this machine.',
      };
    case 'ECONNREFUSED':
      return { message: `Nothing answers at ${place}.`, remedy: 'Start PostgreSQL there, or check host and port in DATABASE_URL.' };
    case 'ENOENT':
      return {
        message: `There is no PostgreSQL socket in ${at.host}.`,
        remedy: 'Start PostgreSQL, or name its socket folder as the host in DATABASE_URL.',
      };
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ENETDOWN':
    case 'EHOSTDOWN':
    case 'ETIMEDOUT':
      return {
        message: `No way to ${place} (${networkCode}).`,
        remedy: 'Check the network, the firewall between, and the host in DATABASE_URL.',
      };
    default:
      if (said.includes('connection timeout') || said === 'timeout expired') {
        return {
          message: `${place} did not answer in time.`,
          remedy: 'Check host and port in DATABASE_URL, and that no firewall drops the packets.',
        };
      }
      return {
        message: `The connection to PostgreSQL at ${place} broke: ${said}.`,
        remedy: 'Nothing to do if it comes back by itself; otherwise look at the log of the server.',
      };
  }
}

function codeOf(error: unknown): string | undefined {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
