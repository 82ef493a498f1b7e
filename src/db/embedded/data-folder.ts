import { createHash, randomBytes } from 'node:crypto';
import { chown, mkdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { MusterError, messageOf } from '../../base/errors.ts';
import { canReach, type OsUser } from './os-user.ts';

/** Where root keeps what the server's own user must reach. */
export const SHARED_SHELF = '/var/lib/muster';

/** Everything of one embedded server. */
export interface DataFolder {
  /** What the person named. */
  readonly dataDir: string;
  /** Holds what follows; below `dataDir` unless the server's user could not get there. */
  readonly home: string;
  /** PostgreSQL's own data folder. */
  readonly cluster: string;
  readonly passwordFile: string;
  readonly portFile: string;
  readonly logFile: string;
  readonly lockFile: string;
}

const layout = (dataDir: string, home: string): DataFolder => ({
  dataDir,
  home,
  cluster: join(home, 'cluster'),
  passwordFile: join(home, 'password'),
  portFile: join(home, 'port'),
  logFile: join(home, 'postgres.log'),
  lockFile: join(dataDir, 'postgres.lock'),
});

const pointerIn = (dataDir: string): string => join(dataDir, 'postgres.location');

/** The folder as it is, without making anything. */
export async function findDataFolder(dataDir: string): Promise<DataFolder> {
  const root = await realpath(dataDir).catch(() => resolve(dataDir)); // not there yet
  const elsewhere = await readIfThere(pointerIn(root));
  return layout(root, elsewhere?.trim() ?? join(root, 'postgres'));
}

/** Makes the folder ready for `user`, or throws DATA_FOLDER_UNUSABLE. `say` is told where data must lie elsewhere. */
export async function prepareDataFolder(dataDir: string, user: OsUser | undefined, say: (message: string) => void): Promise<DataFolder> {
  try {
    await makeFolder(resolve(dataDir));
    const root = await realpath(resolve(dataDir));
    let folder = await findDataFolder(root);
    if (user !== undefined && !(await canReach(user, folder.cluster))) {
      const name = createHash('sha256').update(root).digest('hex').slice(0, 12);
      folder = layout(root, join(SHARED_SHELF, `data-${name}`));
      await mkdir(SHARED_SHELF, { recursive: true, mode: 0o755 });
      await mkdir(folder.home, { recursive: true, mode: 0o755 });
      await writeFile(pointerIn(root), `${folder.home}\n`);
      say(`the user "${user.name}", as whom PostgreSQL runs, cannot reach ${root}: its data lies in ${folder.home}`);
    }
    await mkdir(folder.home, { recursive: true, mode: 0o755 });
    // Nothing can be written without this, and it is better known before initdb has spent a second.
    const probe = join(folder.home, `.probe-${randomBytes(4).toString('hex')}`);
    await writeFile(probe, '');
    await rm(probe);
    return folder;
  } catch (error) {
    throw unusable(dataDir, error);
  }
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o755 });
  } catch (error) {
    // On a read-only file system Node says ENOENT to `recursive`; the plain call tells the truth.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') await mkdir(path);
    throw error;
  }
}

/** Gives a path to the server's user; nothing to do where the server runs as ourselves. */
export async function giveTo(user: OsUser | undefined, path: string): Promise<void> {
  if (user !== undefined) await chown(path, user.uid, user.gid);
}

export async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

export function unusable(folder: string, error: unknown): MusterError {
  if (error instanceof MusterError) return error;
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new MusterError('DISK_FULL', `No space is left for the data folder ${folder}.`, { cause: error });
    case 'EROFS':
      return new MusterError('DATA_FOLDER_UNUSABLE', `The data folder ${folder} lies on a read-only file system.`, { cause: error });
    case 'EACCES':
    case 'EPERM':
      return new MusterError('DATA_FOLDER_UNUSABLE', `This user may not write in the data folder ${folder}.`, { cause: error });
    case 'ENOTDIR':
    case 'EEXIST':
      return new MusterError('DATA_FOLDER_UNUSABLE', `${folder} is not a folder.`, { cause: error });
    default:
      return new MusterError('DATA_FOLDER_UNUSABLE', `The data folder ${folder} cannot be used: ${messageOf(error)}.`, { cause: error });
  }
}
