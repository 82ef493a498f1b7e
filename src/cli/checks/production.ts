import type { Finding } from '../../config/finding.ts';
import { isLocal } from '../../db/connection.ts';
import { fail, note, ok, warn, type CheckContext, type DatabaseCheckContext } from './check.ts';
import { readFacts } from './database.ts';

const DAY_MS = 86_400_000;
const STRONG_KEY = 32;

/** What is fine on a laptop and not in production. Pure. */
export function checkProductionConfig({ config }: CheckContext): readonly Finding[] {
  const findings: Finding[] = [];
  const { database, server, monitoring } = config;
  if (database.url === undefined) {
    findings.push(
      warn(
        'database',
        'the embedded PostgreSQL runs on this machine only: when the machine is gone, so is the fleet',
        'Set DATABASE_URL to a highly available PostgreSQL.',
      ),
    );
  } else {
    const url = new URL(database.url);
    const host = url.searchParams.get('host') ?? url.hostname;
    const mode = url.searchParams.get('sslmode');
    if (isLocal(host)) findings.push(ok('TLS', 'not needed: the database is on this machine'));
    else if (mode === 'verify-full') findings.push(ok('TLS', 'sslmode=verify-full'));
    else
      findings.push(
        fail(
          'TLS',
          `sslmode is ${mode ?? 'not set'}: nobody proves that the server is the right one`,
          'Add sslmode=verify-full to DATABASE_URL, or set security.ssl_required: true.',
        ),
      );
    if (url.password === '' && url.searchParams.get('password') === null)
      findings.push(note('password', 'DATABASE_URL has none: PGPASSWORD, a certificate or trust must do'));
    else if (url.password.length < 16)
      findings.push(
        warn(
          'password',
          'the password of the database is shorter than 16 characters',
          'Use a random one, and hand it over in a file: DATABASE_URL_FILE.',
        ),
      );
  }
  findings.push(
    ['127.0.0.1', '::1', 'localhost'].includes(server.host)
      ? ok('address', `${server.host}: this machine only`)
      : warn(
          'address',
          `${server.host} is reached from other machines, over HTTP without TLS`,
          'Put a proxy that speaks TLS in front, and listen on 127.0.0.1.',
        ),
  );
  findings.push(
    config.secretKeys.length > 0
      ? ok('secrets', 'sealed with MUSTER_SECRET_KEY')
      : warn(
          'secrets',
          'MUSTER_SECRET_KEY is not set: passwords and tokens of channels are sealed with a key that lies in the same database',
          'Set it to the output of `openssl rand -hex 32`, the same on every host.',
        ),
  );
  if (server.bootstrapKey !== undefined)
    findings.push(
      looksStrong(server.bootstrapKey)
        ? warn(
            'bootstrap key',
            'MUSTER_BOOTSTRAP_KEY is set: an administrator without a name in the records',
            'Make named keys with `muster keys create`, and unset it.',
          )
        : fail(
            'bootstrap key',
            `MUSTER_BOOTSTRAP_KEY is weak: shorter than ${STRONG_KEY} characters, or of few different ones`,
            'Use `openssl rand -hex 32`, or named keys (`muster keys create`).',
          ),
    );
  if (config.log.level === 'debug') findings.push(warn('log', 'the log level is debug', 'Use info.'));
  if (monitoring.retention.events < 7 * DAY_MS)
    findings.push(
      warn(
        'retention',
        'events are kept for less than a week: nobody can look back over a holiday',
        'Raise retention.events in monitoring.yml.',
      ),
    );
  else
    findings.push(
      ok(
        'retention',
        `events ${days(monitoring.retention.events)}, heartbeats ${days(monitoring.retention.heartbeats)}, hourly metrics ${days(monitoring.retention.metrics_by_hour)}`,
      ),
    );
  return findings;
}

export async function checkProductionDatabase(context: DatabaseCheckContext): Promise<readonly Finding[]> {
  const facts = await readFacts(context);
  if (facts === undefined) return [];
  const findings: Finding[] = [];
  if (facts.superuser && !context.embedded)
    findings.push(
      fail(
        'superuser',
        'Muster connects as a superuser',
        'Make a role that owns the database: create role muster login; alter database … owner to muster.',
      ),
    );
  if (!context.embedded && !isLocal(context.database.connection.host))
    findings.push(
      facts.tls === true
        ? ok('TLS in use', 'this connection is encrypted')
        : fail('TLS in use', 'this connection is not encrypted', 'Set sslmode=verify-full in DATABASE_URL.'),
    );
  if (facts.checksums !== 'on')
    findings.push(
      warn('checksums', 'data checksums are off: a bad disk goes unnoticed', 'Turn them on with pg_checksums, server stopped.'),
    );
  findings.push(
    facts.archive_mode === 'off'
      ? fail(
          'backups',
          'not configured: archive_mode is off, and Muster makes no backups in this version',
          "Set up pgBackRest, Barman or your provider's backups, and try a restore.",
        )
      : note('backups', `archive_mode is ${facts.archive_mode}; whether backups can be restored is not checked`, 'Try a restore.'),
  );
  return findings;
}

/** Said with every `--production`, so that silence is not taken for approval. */
export const NOT_CHECKED = [
  'that a backup can be restored',
  'that the database fails over',
  'firewalls and who reaches the ports',
  'the patch level of operating system and PostgreSQL',
  'who can read .env, the data folder and the logs',
] as const;

export const looksStrong = (key: string): boolean => key.length >= STRONG_KEY && new Set(key).size >= 10;

const days = (ms: number): string => `${Math.round(ms / DAY_MS)} d`;
