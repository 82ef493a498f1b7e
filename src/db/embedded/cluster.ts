import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { MusterError } from '../../base/errors.ts';
import type { Binaries } from './binaries.ts';
import { giveTo, readIfThere, unusable, type DataFolder } from './data-folder.ts';
import type { OsUser } from './os-user.ts';
import { SETTINGS_FILE, mainSettings, settingsText } from './settings.ts';

export const SUPERUSER = 'muster';
export const DATABASE = 'muster';

const majorOf = (binaries: Binaries): number => Number.parseInt(binaries.version, 10);

/** The password of the cluster; made with it, read by its owner only. */
export async function readPassword(folder: DataFolder): Promise<string> {
  const password = (await readIfThere(folder.passwordFile))?.trim();
  if (password !== undefined && password !== '') return password;
  throw new MusterError('EMBEDDED_FAILED', `The password of the embedded PostgreSQL is gone: ${folder.passwordFile} is missing or empty.`, {
    remedy: 'Restore that file from a backup, or choose another folder with --data-dir.',
  });
}

/** Makes the cluster unless it is there, checks that it is of `major`, and writes the settings of this program. */
export async function prepareCluster(
  folder: DataFolder,
  binaries: Binaries,
  user: OsUser | undefined,
  settings: Readonly<Record<string, string>>,
  say: (message: string) => void,
): Promise<{ readonly fresh: boolean }> {
  const major = majorOf(binaries);
  const version = (await readIfThere(join(folder.cluster, 'PG_VERSION')))?.trim();
  if (version === undefined) {
    say('creating the database');
    await initialise(folder, binaries, user);
  } else if (version !== `${major}`) {
    throw new MusterError(
      'DATA_FOLDER_VERSION',
      `The data folder ${folder.cluster} is of PostgreSQL ${version}; this Muster brings PostgreSQL ${major}.`,
      { data: { found: version, expected: major, folder: folder.cluster } },
    );
  }
  const file = join(folder.cluster, SETTINGS_FILE);
  try {
    await writeFile(file, settingsText(settings), { mode: 0o600 });
    await giveTo(user, file);
  } catch (error) {
    throw unusable(folder.dataDir, error);
  }
  return { fresh: version === undefined };
}

/** In a folder of its own that gets its name when complete: a run that is cut off leaves only rubbish, which the next one removes. */
async function initialise(folder: DataFolder, binaries: Binaries, user: OsUser | undefined): Promise<void> {
  try {
    const entries = await readdir(folder.home);
    if (entries.includes(basename(folder.cluster)) && (await readdir(folder.cluster)).length > 0) {
      throw new MusterError('DATA_FOLDER_UNUSABLE', `${folder.cluster} is neither empty nor a PostgreSQL data folder.`, {
        remedy: 'Move it away, or choose another folder with --data-dir.',
      });
    }
    for (const name of entries) if (name.startsWith('cluster.new-')) await rm(join(folder.home, name), { recursive: true, force: true });
    const password = randomBytes(24).toString('base64url');
    const draft = join(folder.home, `cluster.new-${randomBytes(4).toString('hex')}`);
    await mkdir(draft, { mode: 0o700 });
    await giveTo(user, draft);
    await writeFile(folder.passwordFile, `${password}\n`, { mode: 0o600 });
    await giveTo(user, folder.passwordFile);
    await runInitdb(binaries, draft, user, folder);
    const main = join(draft, 'postgresql.conf');
    await writeFile(main, mainSettings(await readFile(main, 'utf8')));
    if (user !== undefined) await chown(folder.passwordFile, process.getuid?.() ?? 0, process.getgid?.() ?? 0);
    await rename(draft, folder.cluster);
  } catch (error) {
    throw unusable(folder.dataDir, error);
  }
}

function runInitdb(binaries: Binaries, target: string, user: OsUser | undefined, folder: DataFolder): Promise<void> {
  const args = [
    `--pgdata=${target}`,
    `--username=${SUPERUSER}`,
    '--auth=scram-sha-256',
    `--pwfile=${folder.passwordFile}`,
    '--encoding=UTF8',
    '--locale=C',
    '--no-instructions',
    ...modernOptions(binaries),
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(binaries.initdb, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: folder.home,
      env: serverEnvironment(),
      ...identity(user),
    });
    let output = '';
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-4_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) return resolve();
      const last = output.trim().split('\n').slice(-3).join(' ');
      if (/No space left on device/.test(output))
        return reject(new MusterError('DISK_FULL', `The disk became full while the database was created in ${folder.home}.`));
      reject(
        new MusterError('EMBEDDED_FAILED', `initdb failed (${signal ?? `exit code ${code}`}): ${last}`, {
          remedy: 'Mend what the message names, or set DATABASE_URL to a server of your own.',
        }),
      );
    });
  });
}

/** C.UTF-8 compares bytes and knows the letters of all languages, without a locale of the operating system. Since 17; the sync of a whole file system takes 10 ms where file by file takes 500. */
function modernOptions(binaries: Binaries): readonly string[] {
  if (majorOf(binaries) < 17) return ['--no-sync'];
  return ['--locale-provider=builtin', '--builtin-locale=C.UTF-8', ...(process.platform === 'linux' ? ['--sync-method=syncfs'] : [])];
}

export const identity = (user: OsUser | undefined): { readonly uid?: number; readonly gid?: number } =>
  user === undefined ? {} : { uid: user.uid, gid: user.gid };

/** Nothing of ours: PG* variables would change what the server does, and secrets are none of its business. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    LC_ALL: 'C',
    ...(process.env['TMPDIR'] === undefined ? {} : { TMPDIR: process.env['TMPDIR'] }),
  };
}
