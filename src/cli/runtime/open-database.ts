import type { MusterError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { Config } from '../../config/config.ts';
import type { PostgresAdapter } from '../../db/adapter.ts';
import { versionText } from '../../db/server-version.ts';
import type { EmbeddedDatabase } from './embedded-database.ts';
import { openAdapter } from './fleet-access.ts';
import type { Steps } from './steps.ts';

/** The database of a running Muster: the user's own, or the embedded one. */
export interface OpenDatabase {
  readonly adapter: PostgresAdapter;
  readonly embedded: EmbeddedDatabase | undefined;
  readonly serverVersion: string;
}

export interface OpenOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly steps: Steps;
  readonly applicationName: string;
  /** Where there is no DATABASE_URL. False: an embedded server must be running already. */
  readonly startsEmbedded: boolean;
  readonly onLost: (error: MusterError) => void;
}

/** Starts or finds the server and connects once: wrong host, password, TLS, version or database are told here. */
export async function openDatabase({ config, log, steps, applicationName, startsEmbedded, onLost }: OpenOptions): Promise<OpenDatabase> {
  const embedded =
    config.database.url === undefined && startsEmbedded
      ? await steps.run(
          'PostgreSQL',
          async (onProgress) => {
            const { EmbeddedDatabase } = await import('./embedded-database.ts');
            return EmbeddedDatabase.start({ dataDir: config.dataDir, log, onProgress, onLost });
          },
          ({ server }) => `${server.serverVersion}, embedded${server.adopted ? ', taken over' : ''}`,
        )
      : undefined;
  try {
    return await steps.run(
      'connection',
      async () => {
        const { databaseUrl } = await import('./fleet-access.ts');
        const url = embedded?.server.url ?? (await databaseUrl(config)).url;
        const adapter = openAdapter(config, url, log, { applicationName });
        try {
          await adapter.start();
        } catch (error) {
          await adapter.stop();
          throw error;
        }
        return { adapter, embedded, serverVersion: versionText(adapter.status().session?.serverVersion ?? 0) };
      },
      ({ adapter, serverVersion }) =>
        `${adapter.connection.host}:${adapter.connection.port}/${adapter.connection.database}, PostgreSQL ${serverVersion}`,
    );
  } catch (error) {
    await embedded?.stop();
    throw error;
  }
}
