import { randomBytes } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMusterError } from '../../src/base/errors.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { PostgresAdapter } from '../../src/db/adapter.ts';
import { findDataFolder } from '../../src/db/embedded/data-folder.ts';
import { lockFolder } from '../../src/db/embedded/folder-lock.ts';
import { startEmbedded, type Binaries } from '../../src/db/embedded/index.ts';
import { livingPostmaster, stopPostmaster } from '../../src/db/embedded/postmaster.ts';
import { migrate } from '../../src/db/migrate.ts';
import { migrationSets } from '../../src/cli/runtime/parts.ts';
import { serverOf } from './server-binaries.ts';
import { createDatabase, dropDatabase, leaveServer, urlOf } from './server-databases.ts';

const PREFIX = 'muster-test-pg-';

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
    await migrate(database, migrationSets());
  } catch (error) {
    await leaveServer();
    await server.stop(); // Vitest does not tear down a setup that failed
    throw error;
  }
  return {
    url: server.url,
    templateDatabase,
    stop: async () => {
      await dropDatabase(server.url, templateDatabase);
      await leaveServer();
      await server.stop();
    },
  };
}

/** A run that was killed leaves its server behind: the next one ends it. A folder whose run still lives keeps its lock. */
async function sweepAbandoned(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(PREFIX)) continue;
    const dataDir = join(tmpdir(), name);
    // Somebody else's is theirs to end.
    if (statSync(dataDir, { throwIfNoEntry: false })?.uid !== process.getuid?.()) continue;
    const folder = await findDataFolder(dataDir);
    if (!existsSync(folder.lockFile)) continue;
    try {
      const lock = await lockFolder(folder.lockFile, dataDir);
      const living = await livingPostmaster(folder);
      if (living !== undefined) await stopPostmaster(folder, living.pid, 'immediate');
      await lock.release();
      await rm(dataDir, { recursive: true, force: true });
    } catch (error) {
      if (!isMusterError(error, 'DATA_FOLDER_IN_USE')) throw error;
    }
  }
}

async function startOwn(binaries: Binaries): Promise<{ readonly url: string; stop(): Promise<void> }> {
  await sweepAbandoned();
  const folder = await mkdtemp(join(tmpdir(), PREFIX));
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
      max_wal_size: '1GB',
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
