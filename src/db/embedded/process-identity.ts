import { execFile } from 'node:child_process';
import { readFile, readlink } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Names a process beyond doubt: pids are used again, start times of the same pid are not. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot on Linux, the start date elsewhere. */
  readonly startedAt: string;
  /** Another boot: whoever it was is gone. */
  readonly bootId: string;
  /** Pids of another container mean nothing here. */
  readonly pidNamespace: string;
}

/** Undefined where no such process lives (a zombie does not). */
export async function identityOf(pid: number): Promise<ProcessIdentity | undefined> {
  const startedAt = process.platform === 'linux' ? await linuxStart(pid) : await psStart(pid);
  if (startedAt === undefined) return undefined;
  return { pid, startedAt, bootId: await readOr('/proc/sys/kernel/random/boot_id', 'unknown'), pidNamespace: await namespace() };
}

async function linuxStart(pid: number): Promise<string | undefined> {
  const stat = await readOr(`/proc/${pid}/stat`, '');
  // The name in parentheses may hold anything, so the fields are counted behind its last parenthesis.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  if (stat === '' || state === 'Z' || state === 'X') return undefined;
  return fields[19];
}

async function psStart(pid: number): Promise<string | undefined> {
  try {
    const { stdout } = await run('ps', ['-o', 'lstart=', '-p', `${pid}`], { env: { ...process.env, LC_ALL: 'C' } });
    return stdout.trim() === '' ? undefined : stdout.trim();
  } catch {
    return undefined; // ps fails for a pid that is not there
  }
}

async function namespace(): Promise<string> {
  try {
    return await readlink('/proc/self/ns/pid');
  } catch {
    return 'none'; // not Linux: one namespace
  }
}

async function readOr(path: string, otherwise: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch {
    return otherwise;
  }
}

/** Whether the process is a server of this data folder: the postmaster's working directory is its data folder. */
export async function servesFolder(pid: number, cluster: string): Promise<boolean> {
  if (process.platform !== 'linux') {
    try {
      const { stdout } = await run('ps', ['-o', 'command=', '-p', `${pid}`]);
      return stdout.includes('postgres') && stdout.includes(cluster);
    } catch {
      return false; // no such process
    }
  }
  try {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8');
    if (!/(^|\/)postgres\0/.test(command)) return false;
    return (await readlink(`/proc/${pid}/cwd`)) === cluster || command.split('\0').includes(cluster);
  } catch {
    return false; // gone meanwhile, or of another user
  }
}
