import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../src/base/logger.ts';
import { PostgresAdapter } from '../../src/db/adapter.ts';
import { startEmbedded, type Binaries } from '../../src/db/embedded/index.ts';
import { migrate } from '../../src/db/migrate.ts';
import { coreMigrations } from '../../src/state/migrations.ts';
import { serverOf } from './server-binaries.ts';
import { createDatabase, dropDatabase, urlOf } from './server-databases.ts';

export interface TestServer {
  /** A database to create others from. */
  readonly url: string;
  readonly templateDatabase: string;
  stop(): Promise<void>;
}

/** The server named by MUSTER_TEST_POSTGRES, or an embedded one of this run alone. */
export async function startTestServer(): Promise<TestServer> {
  const chosen = await serverOf(process.env['MUSTER_TEST_POSTGRES'] ?? '');
  const server = 'url' in chosen ? { url: chosen.url, stop: () => Promise.resolve() } : await startOwn(chosen.binaries);
  const templateDatabase = `muster_template_${randomBytes(4).toString('hex')}`;
  try {
    await createDatabase(server.url, templateDatabase);
    await using database = new PostgresAdapter({
      url: urlOf(server.url, templateDatabase),
      poolMax: 2,
      applicationName: 'muster test template',
    });
    await migrate(database, [coreMigrations]);
  } catch (error) {
    await server.stop(); // Vitest does not tear down a setup that failed
    throw error;
  }
  return {
    url: server.url,
    templateDatabase,
    stop: async () => {
      await dropDatabase(server.url, templateDatabase);
      await server.stop();
    },
  };
}

async function startOwn(binaries: Binaries): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'muster-test-'));
  await chmod(folder, 0o755);
  const server = await startEmbedded({
    dataDir: folder,
    log: silentLogger,
    binaries,
    // Nothing here outlives the run, so nothing needs to reach the disk.
    settings: {
      fsync: 'off',
      synchronous_commit: 'off',
      full_page_writes: 'off',
      max_connections: '200',
      max_wal_size: '4GB',
      autovacuum_naptime: '10s',
    },
  });
  return {
    url: urlOf(server.url, 'postgres'),
    stop: async () => {
      await server.stop('immediate');
      await rm(folder, { recursive: true, force: true });
    },
  };
}
