import { MusterError, isMusterError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { Wake } from '../../base/wake.ts';
import type { Config } from '../../config/config.ts';
import { PostgresAdapter } from '../../db/adapter.ts';
import { sqlStateOf } from '../../db/failure.ts';
import { checkSchema } from '../../db/migrate.ts';
import { sql } from '../../db/sql.ts';
import { createAccess, type Access } from '../../state/access.ts';
import { createSharedState } from '../../state/create-shared-state.ts';
import type { SharedState } from '../../state/shared-state.ts';
import type { Invocation } from '../invocation.ts';

/** What a short command works with: the truth, reached through two connections. */
export interface FleetAccess {
  readonly config: Config;
  readonly log: Logger;
  readonly database: PostgresAdapter;
  readonly state: SharedState;
  readonly access: Access;
  readonly wake: Pick<Wake, 'hint'>;
  /** The database's clock, milliseconds since 1970. */
  readonly now: () => Promise<number>;
}

/** Opens the database of the configuration, works, and closes it. A schema that is missing or foreign is told as such. */
export async function withFleet<T>(invocation: Invocation, work: (fleet: FleetAccess) => Promise<T>): Promise<T> {
  const config = await invocation.config();
  const log = await invocation.log(config, invocation.globals.logLevel === undefined ? { level: 'warn' } : {});
  const { url } = await databaseUrl(config);
  await using database = openAdapter(config, url, log, { poolMax: 2, poolMin: 0, applicationName: 'muster cli' });
  await database.start();
  const hints = new Set<Promise<unknown>>();
  const wake = {
    hint(topic: string): void {
      const sent = database
        .query(sql`select pg_notify('muster', ${topic})`)
        .catch((error: unknown) => log.debug({ error }, 'a wake-up could not be sent; the hosts poll'));
      hints.add(sent);
    },
  };
  try {
    return await work({
      config,
      log,
      database,
      state: createSharedState(database, { leaseMs: config.host.leaseMs, wake, secrets: config.secretKeys }),
      access: createAccess(database),
      wake,
      now: async () =>
        // Whole milliseconds, as Date.now(): what is reckoned from it becomes times of SQL and of JSON.
        (await database.one<{ now: number }>(sql`select floor(extract(epoch from clock_timestamp()) * 1000)::float8 as now`))?.now ??
        Date.now(),
    });
  } catch (error) {
    throw await explainSchema(database, error);
  } finally {
    await Promise.all(hints);
  }
}

export function openAdapter(
  config: Config,
  url: string,
  log: Logger,
  options: { readonly poolMax?: number; readonly poolMin?: number; readonly applicationName: string; readonly embedded?: boolean },
): PostgresAdapter {
  const { database } = config;
  return new PostgresAdapter({
    url,
    directUrl: database.url === undefined ? undefined : database.directUrl,
    poolMax: options.poolMax ?? database.poolMax,
    poolMin: options.poolMin ?? database.poolMin,
    connectTimeoutMs: database.connectTimeoutMs,
    heartbeatTimeoutMs: config.host.leaseMs / 2,
    statementTimeoutMs: database.statementTimeoutMs,
    lockTimeoutMs: database.lockTimeoutMs,
    applicationName: options.applicationName,
    log,
  });
}

/** A missing table or column means that the schema is not ours, or not of this version: say which. */
async function explainSchema(database: PostgresAdapter, error: unknown): Promise<unknown> {
  const state = sqlStateOf(error);
  if (state !== '42P01' && state !== '42703' && state !== '3F000' && state !== '42883') return error;
  const { migrationSets } = await import('./parts.ts');
  try {
    await checkSchema(database, migrationSets());
    return error;
  } catch (schemaError) {
    return isMusterError(schemaError) ? schemaError : error;
  }
}

export interface DatabaseUrl {
  readonly url: string;
  readonly embedded: boolean;
}

/** DATABASE_URL, or the embedded server of the data folder where it runs. */
export async function databaseUrl(config: Config): Promise<DatabaseUrl> {
  if (config.database.url !== undefined) return { url: config.database.url, embedded: false };
  const { embeddedUrl } = await import('../../db/embedded/running.ts');
  const running = await embeddedUrl(config.dataDir);
  if (running !== undefined) return { url: running, embedded: true };
  throw new MusterError('DATABASE_UNREACHABLE', `No DATABASE_URL is set, and no embedded PostgreSQL runs in ${config.dataDir}`, {
    remedy: 'Start it with `muster up`, name its folder with --data-dir, or set DATABASE_URL.',
  });
}
