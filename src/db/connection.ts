import { readFileSync } from 'node:fs';
import type { ConnectionOptions as TlsOptions } from 'node:tls';
import { MusterError, messageOf } from '../base/errors.ts';
import type { Endpoint } from './translate.ts';

export type SslMode = 'disable' | 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';
const SSL_MODES: readonly SslMode[] = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'];

/** A DATABASE_URL, understood. */
export interface Connection extends Endpoint {
  readonly password: string | undefined;
  readonly sslMode: SslMode;
  /** TLS when `sslMode` asks for it; what `prefer` means for a given server is found out when it is reached. */
  readonly tls: TlsOptions | undefined;
}

const remedy = 'Write it as postgresql://user:password@host:5432/database?sslmode=verify-full';
const invalid = (why: string): MusterError => new MusterError('CONFIG_INVALID', `DATABASE_URL ${why}.`, { remedy });

/** Reads a URL the way libpq does, names of sslmode included. Throws CONFIG_INVALID; never repeats the password. */
export function parseConnection(text: string): Connection {
  let url: URL;
  try {
    // A socket folder leaves the host empty, which URL accepts for non-special schemes only without credentials.
    url = new URL(text.replace(/@\//, '@socket.invalid/'));
  } catch {
    throw invalid('is not a URL');
  }
  if (url.protocol !== 'postgresql:' && url.protocol !== 'postgres:')
    throw invalid(`begins with ${url.protocol}// but should begin with postgresql://`);
  const query = url.searchParams;
  const hostname = url.hostname === 'socket.invalid' ? '' : decode(url.hostname.replace(/^\[(.*)\]$/, '$1'));
  const host = query.get('host') ?? (hostname === '' ? 'localhost' : hostname);
  const user = decode(url.username) || query.get('user') || process.env['PGUSER'] || process.env['USER'] || 'postgres';
  const password = decode(url.password) || query.get('password') || process.env['PGPASSWORD'] || undefined;
  const database = decode(url.pathname.slice(1)) || query.get('dbname') || user;
  const port = Number(query.get('port') ?? (url.port === '' ? 5432 : url.port));
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw invalid('has a port that is no number between 1 and 65535');
  const sslMode = sslModeOf(query, host);
  return { host, port, user, password, database, sslMode, tls: tlsOf(sslMode, query, host) };
}

function sslModeOf(query: URLSearchParams, host: string): SslMode {
  const mode = query.get('sslmode');
  if (mode === null) return isLocal(host) ? 'disable' : 'prefer';
  const known = SSL_MODES.find((candidate) => candidate === mode);
  if (known === undefined) throw invalid(`has sslmode=${mode}, which is none of ${SSL_MODES.join(', ')}`);
  return known;
}

/** Traffic that does not leave the machine. */
export const isLocal = (host: string): boolean => host.startsWith('/') || host === 'localhost' || host === '::1' || host.startsWith('127.');

function tlsOf(mode: SslMode, query: URLSearchParams, host: string): TlsOptions | undefined {
  if (mode === 'disable' || mode === 'allow' || host.startsWith('/')) return undefined;
  const root = query.get('sslrootcert');
  const tls: TlsOptions = {};
  if (root !== null && root !== 'system') tls.ca = read('sslrootcert', root);
  const certificate = query.get('sslcert');
  const key = query.get('sslkey');
  if (certificate !== null) tls.cert = read('sslcert', certificate);
  if (key !== null) tls.key = read('sslkey', key);
  if (!/^[\d.]+$|:/.test(host)) tls.servername = host;
  switch (mode) {
    case 'verify-full':
      return tls;
    case 'verify-ca':
      if (root === null) throw invalid('has sslmode=verify-ca without sslrootcert: with public CAs that would trust anybody');
      return { ...tls, checkServerIdentity: () => undefined };
    case 'require':
    case 'prefer':
      // As libpq: a root certificate turns `require` into `verify-ca`.
      return root === null ? { ...tls, rejectUnauthorized: false } : { ...tls, checkServerIdentity: () => undefined };
  }
}

function read(option: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new MusterError('DATABASE_TLS', `${option}=${file} cannot be read: ${messageOf(error)}.`, {
      remedy: `Name a PEM file that this user can read in ${option}.`,
      cause: error,
    });
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid('has a % that begins no escape');
  }
}
