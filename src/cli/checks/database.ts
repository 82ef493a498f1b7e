import type { Finding } from '../../config/finding.ts';
import { isMusterError } from '../../base/errors.ts';
import { checkSchema } from '../../db/migrate.ts';
import { dailyTables, partitionName, partitionsOf } from '../../db/partitions.ts';
import { sql } from '../../db/sql.ts';
import { versionText } from '../../db/server-version.ts';
import { WakeUps } from '../../db/wake-ups.ts';
import { migrationSets } from '../runtime/parts.ts';
import { plural } from '../wording.ts';
import { fail, note, ok, warn, type DatabaseCheckContext } from './check.ts';

/** What one process opens beside its pool: heartbeats 2, wake-ups 1, the watch over other hosts 2. */
const BESIDE_POOL = 5;
/** Newer branches fix bugs that lose data; see the release notes of each major. */
const SLOW_ANSWER_MS = 50;
const CLOCK_TOLERANCE_MS = 2_000;

interface Facts {
  readonly superuser: boolean;
  readonly createsdb: boolean;
  readonly creates_schema: boolean;
  readonly creates_public: boolean;
  readonly max_connections: number;
  readonly reserved: number;
  readonly used: number;
  readonly fsync: boolean;
  readonly full_page_writes: boolean;
  readonly autovacuum: boolean;
  readonly synchronous_commit: string;
  readonly wal_level: string;
  readonly archive_mode: string;
  readonly checksums: string;
  readonly statement_timeout: string;
  readonly tls: boolean | null;
  readonly now: number;
  readonly size: string;
}

export const readFacts = ({ database }: DatabaseCheckContext): Promise<Facts | undefined> =>
  database.one<Facts>(sql`
    select r.rolsuper as superuser, r.rolcreatedb as createsdb,
      has_database_privilege(current_database(), 'CREATE') as creates_schema,
      has_schema_privilege('public', 'CREATE') as creates_public,
      current_setting('max_connections')::int as max_connections,
      current_setting('superuser_reserved_connections')::int as reserved,
      (select count(*)::int from pg_stat_activity where backend_type = 'client backend') as used,
      current_setting('fsync')::bool as fsync, current_setting('full_page_writes')::bool as full_page_writes,
      current_setting('autovacuum')::bool as autovacuum, current_setting('synchronous_commit') as synchronous_commit,
      current_setting('wal_level') as wal_level, current_setting('archive_mode') as archive_mode,
      current_setting('data_checksums') as checksums, current_setting('statement_timeout') as statement_timeout,
      (select ssl from pg_stat_ssl where pid = pg_backend_pid()) as tls,
      extract(epoch from clock_timestamp())::float8 * 1000 as now,
      pg_size_pretty(pg_database_size(current_database())) as size
    from pg_roles r where r.rolname = current_user`);

/** Everything about the database that a start or a night depends on. */
export async function checkDatabase(context: DatabaseCheckContext): Promise<readonly Finding[]> {
  const { config, database } = context;
  const findings: Finding[] = [];
  const { connection } = database;
  const session = database.status().session;
  const asked = performance.now();
  const facts = await readFacts(context);
  const answerMs = performance.now() - asked;
  const localNow = Date.now();
  if (facts === undefined) return [fail('database', 'it tells nothing about its own user', 'Check the rights on pg_roles.')];

  findings.push(
    ok(
      'database',
      `PostgreSQL ${versionText(session?.serverVersion ?? 0)} at ${connection.host}:${connection.port}/${connection.database}, ${facts.size}`,
    ),
  );
  findings.push(
    answerMs > SLOW_ANSWER_MS
      ? warn(
          'answer',
          `${Math.round(answerMs)} ms for a small query`,
          'Bring host and database nearer to each other, or look at the load of the server.',
        )
      : ok('answer', `${answerMs.toFixed(1)} ms for a small query`),
  );
  findings.push(
    session?.pooled === true
      ? warn(
          'pooler',
          'the database is reached through a connection pooler: no LISTEN, so changes are found by polling within 2 s, and the death of a host by its lease',
          'Set MUSTER_DIRECT_DATABASE_URL to the server itself.',
        )
      : ok('pooler', 'none between'),
  );
  findings.push(checkRights(facts));
  findings.push(checkConnections(facts, config.database.poolMax));
  findings.push(...checkDurability(facts));

  const offset = facts.now - (localNow - answerMs / 2);
  findings.push(
    Math.abs(offset) > CLOCK_TOLERANCE_MS
      ? note(
          'clock',
          `this machine is ${Math.abs(offset / 1_000).toFixed(1)} s ${offset > 0 ? 'behind' : 'ahead of'} the database; decisions use the database's clock`,
          'Let both follow a time server, so that log lines agree.',
        )
      : ok('clock', `within ${Math.max(1, Math.round(Math.abs(offset)))} ms of the database's`),
  );
  const schema = await checkOwnSchema(context);
  findings.push(schema);
  if (schema.severity === 'ok') findings.push(await checkPartitions(context));
  findings.push(await checkWakeUps(context));
  return findings;
}

function checkRights(facts: Facts): Finding {
  if (!facts.creates_schema)
    return fail(
      'rights',
      'the user may not create a schema in this database',
      'grant create on database … to …; or run `muster setup` once as the owner.',
    );
  if (!facts.creates_public)
    return fail(
      'rights',
      'the user may not create views in schema public',
      'grant create on schema public to …; or run `muster setup` once as the owner.',
    );
  return ok('rights', facts.superuser ? 'all of them: the user is a superuser' : 'enough');
}

/** Ten hosts at rest fit 100 connections (5 + 1 + 1 + 2 each); one at its busiest must not take them all. */
function checkConnections({ max_connections, reserved, used }: Facts, poolMax: number): Finding {
  const usable = max_connections - reserved;
  const each = poolMax + BESIDE_POOL;
  const text = `${used} of ${max_connections} in use; a host opens at most ${each}`;
  if (each > usable)
    return fail('connections', text, `Lower performance.connection_pool_size below ${usable - BESIDE_POOL}, or raise max_connections.`);
  const hosts = Math.floor(usable / each);
  return hosts < 2
    ? warn(
        'connections',
        `${text}: there is room for one`,
        'Lower performance.connection_pool_size, raise max_connections, or put PgBouncer between.',
      )
    : ok('connections', `${text}: room for ${plural(hosts, 'host')} at full pools`);
}

function checkDurability(facts: Facts): readonly Finding[] {
  const findings: Finding[] = [];
  if (!facts.fsync) findings.push(fail('durability', 'fsync is off: a crash of the machine destroys the database', 'Set fsync = on.'));
  if (!facts.full_page_writes)
    findings.push(fail('durability', 'full_page_writes is off: a crash may leave torn pages', 'Set full_page_writes = on.'));
  if (facts.synchronous_commit === 'off')
    findings.push(
      warn(
        'durability',
        'synchronous_commit is off: what was acknowledged in the last second may be lost in a crash',
        'Set synchronous_commit = on; Muster turns it off by itself for samples and history only.',
      ),
    );
  if (findings.length === 0) findings.push(ok('durability', `fsync, full_page_writes, synchronous_commit ${facts.synchronous_commit}`));
  if (!facts.autovacuum) findings.push(fail('autovacuum', 'it is off: tables grow without bound', 'Set autovacuum = on.'));
  return findings;
}

async function checkOwnSchema({ database }: DatabaseCheckContext): Promise<Finding> {
  try {
    await checkSchema(database, migrationSets());
    return ok('schema', 'as this program needs it');
  } catch (error) {
    if (isMusterError(error)) return fail('schema', error.message, error.remedy);
    throw error;
  }
}

async function checkPartitions({ database }: DatabaseCheckContext): Promise<Finding> {
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
  const missing: string[] = [];
  for (const table of dailyTables)
    if (!(await partitionsOf(database, table)).includes(partitionName(table, tomorrow))) missing.push(partitionName(table, tomorrow));
  if (missing.length === 0) return ok('partitions', 'there for tomorrow');
  return warn('partitions', `not there for tomorrow: ${missing.join(', ')}`, 'A running host makes them; `muster setup` does too.');
}

/** Says a hint to itself: LISTEN works, or polling has to do. */
async function checkWakeUps({ database }: DatabaseCheckContext): Promise<Finding> {
  await using wake = new WakeUps(database);
  const listening = new Promise<boolean>((resolve) => {
    wake.on('self-test', () => resolve(true));
    setTimeout(() => resolve(false), 3_000).unref();
  });
  const begun = performance.now();
  await wake.start();
  if (await listening) return ok('wake-ups', `LISTEN works (self-test ${Math.round(performance.now() - begun)} ms)`);
  return warn(
    'wake-ups',
    `notifications do not arrive (${wake.status().mode}); changes are found by polling within 2 s`,
    'Set MUSTER_DIRECT_DATABASE_URL to the server itself, without a pooler between.',
  );
}
