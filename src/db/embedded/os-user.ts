import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { MusterError, messageOf } from '../../base/errors.ts';

const run = promisify(execFile);
const SERVER_USER = 'postgres';

/** Under whom the server runs. */
export interface OsUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** PostgreSQL refuses to run as root: then it runs as the user `postgres`, who is made if missing. Undefined: as ourselves. */
export async function serverUser(): Promise<OsUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  return (await lookUp()) ?? (await create());
}

async function lookUp(): Promise<OsUser | undefined> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', SERVER_USER]), run('id', ['-g', SERVER_USER])]);
    return { name: SERVER_USER, uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return undefined; // `id` fails for a user that is not there
  }
}

/** Debian and Red Hat know useradd, Alpine only BusyBox' adduser. */
const CREATE: readonly (readonly [string, readonly string[]])[] = [
  ['useradd', ['--system', '--user-group', '--no-create-home', '--home-dir', '/nonexistent', '--shell', '/usr/sbin/nologin', SERVER_USER]],
  ['adduser', ['-S', '-D', '-H', '-h', '/nonexistent', '-s', '/sbin/nologin', SERVER_USER]],
];

async function create(): Promise<OsUser> {
  const complaints: string[] = [];
  for (const [command, args] of CREATE) {
    try {
      await run(command, [...args]);
      const user = await lookUp();
      if (user !== undefined) return user;
      complaints.push(`${command} made no user`);
    } catch (error) {
      complaints.push(messageOf(error).split('\n')[0] ?? command);
    }
  }
  throw new MusterError(
    'EMBEDDED_FAILED',
    `PostgreSQL does not run as root, and its user "${SERVER_USER}" could not be made: ${complaints.join('; ')}.`,
    {
      remedy: `Run Muster as an ordinary user, or make the user (\`useradd --system ${SERVER_USER}\`), or set DATABASE_URL to a server of your own.`,
    },
  );
}

/** Whether a user can pass through every folder above `path` and, if it exists, read it. */
export async function canReach(user: OsUser, path: string): Promise<boolean> {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const stats = await stat(folder).catch(() => undefined);
    if (stats !== undefined && !mayPass(user, stats)) return false;
    if (folder === dirname(folder)) return true;
  }
}

/** The search permission of a folder, as the kernel decides it without access lists. */
export function mayPass(
  user: Pick<OsUser, 'uid' | 'gid'>,
  stats: { readonly uid: number; readonly gid: number; readonly mode: number },
): boolean {
  if (stats.uid === user.uid) return (stats.mode & 0o100) !== 0;
  if (stats.gid === user.gid) return (stats.mode & 0o010) !== 0;
  return (stats.mode & 0o001) !== 0;
}
