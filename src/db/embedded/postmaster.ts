import { spawn } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { MusterError } from '../../base/errors.ts';
import type { Binaries } from './binaries.ts';
import { identity, serverEnvironment } from './cluster.ts';
import { giveTo, readIfThere, type DataFolder } from './data-folder.ts';
import type { OsUser } from './os-user.ts';
import { servesFolder } from './process-identity.ts';

/** postmaster.pid, as PostgreSQL writes it line by line. */
export interface PostmasterFile {
  readonly pid: number;
  readonly port: number;
  readonly ready: boolean;
}

export function parsePostmasterFile(text: string): PostmasterFile | undefined {
  const lines = text.split('\n');
  const pid = Number(lines[0]);
  const port = Number(lines[3]);
  if (!Number.isInteger(pid) || pid <= 1) return undefined;
  return { pid, port, ready: lines[7]?.trim() === 'ready' };
}

export const postmasterFileOf = (folder: DataFolder): string => join(folder.cluster, 'postmaster.pid');

export async function readPostmasterFile(folder: DataFolder): Promise<PostmasterFile | undefined> {
  const text = await readIfThere(postmasterFileOf(folder));
  return text === undefined ? undefined : parsePostmasterFile(text);
}

/** The server of this folder, if one lives: a file may be left over, and its pid may be another program's by now. */
export async function livingPostmaster(folder: DataFolder): Promise<PostmasterFile | undefined> {
  const file = await readPostmasterFile(folder);
  return file !== undefined && (await servesFolder(file.pid, folder.cluster)) ? file : undefined;
}

export type StartFailure = 'port-busy' | 'still-running' | 'other';

/** The server ended before it was ready. */
export class StartFailed extends Error {
  readonly kind: StartFailure;
  readonly lastLines: string;
  constructor(kind: StartFailure, lastLines: string) {
    super(lastLines);
    this.name = 'StartFailed';
    this.kind = kind;
    this.lastLines = lastLines;
  }
}

/** Starts the server in a process group of its own, so that Ctrl-C reaches us alone and we stop it in order. */
export async function startPostmaster(
  folder: DataFolder,
  binaries: Binaries,
  port: number,
  user: OsUser | undefined,
  deadlineMs: number,
): Promise<number> {
  const log = await open(folder.logFile, 'a', 0o600);
  let pid: number;
  let ended: string | undefined;
  const { size: from } = await log.stat();
  try {
    await giveTo(user, folder.logFile);
    const child = spawn(binaries.postgres, ['-D', folder.cluster, '-p', `${port}`, '-c', 'listen_addresses=127.0.0.1'], {
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      cwd: folder.home,
      env: serverEnvironment(),
      ...identity(user),
    });
    child.on('error', (error) => {
      ended = error.message;
    });
    child.on('exit', (code, signal) => {
      ended ??= `it ended with ${signal ?? `exit code ${code}`}`;
    });
    child.unref();
    pid = child.pid ?? 0;
  } finally {
    await log.close();
  }
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    if (ended !== undefined) throw startFailure(ended, await tail(folder.logFile, from));
    const file = await readPostmasterFile(folder);
    if (file?.ready === true && file.pid === pid) return pid;
    if (performance.now() > deadline) {
      // Recovery after a crash may take longer than anybody's patience; it goes on by itself and the next start adopts it.
      throw new MusterError(
        'EMBEDDED_FAILED',
        `The embedded PostgreSQL was not ready after ${Math.round(deadlineMs / 1000)} s; it may still be recovering. Its log: ${folder.logFile}`,
        {
          remedy: 'Start again in a while, or read the log.',
        },
      );
    }
    await delay(10);
  }
}

async function tail(file: string, from: number): Promise<string> {
  const text = (await readFile(file)).subarray(from).toString();
  return text.slice(-4_000);
}

function startFailure(ended: string, log: string): StartFailed | MusterError {
  if (/No space left on device/.test(log)) return new MusterError('DISK_FULL', 'The embedded PostgreSQL cannot start: the disk is full.');
  const lines = log.split('\n').filter((line) => /(FATAL|PANIC|HINT|error while loading|invalid value|unrecognized|could not )/.test(line));
  const text = (lines.length > 0 ? lines : log.trim().split('\n').slice(-2)).join(' ') || ended;
  if (/could not create any TCP\/IP sockets|Address already in use|could not bind/.test(log)) return new StartFailed('port-busy', text);
  if (/pre-existing shared memory block|lock file "[^"]*postmaster\.pid" already exists|is empty/.test(log))
    return new StartFailed('still-running', text);
  return new StartFailed('other', text);
}

const STOP_DEADLINES: readonly (readonly [NodeJS.Signals, number])[] = [
  ['SIGINT', 20_000], // fast: sessions end, a checkpoint is written
  ['SIGQUIT', 5_000], // immediate: the next start recovers
  ['SIGKILL', 5_000],
];

/** Stops the server in order, more firmly after each deadline. Resolves when the process is gone. Returns the signal that did it. */
export async function stopPostmaster(folder: DataFolder, pid: number, mode: 'fast' | 'immediate'): Promise<NodeJS.Signals | undefined> {
  for (const [signal, deadlineMs] of mode === 'fast' ? STOP_DEADLINES : STOP_DEADLINES.slice(1)) {
    if (!(await servesFolder(pid, folder.cluster))) return undefined;
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
    const deadline = performance.now() + deadlineMs;
    while (performance.now() < deadline) {
      if (!(await servesFolder(pid, folder.cluster))) return signal;
      await delay(10);
    }
  }
  throw new MusterError('EMBEDDED_FAILED', `The embedded PostgreSQL (process ${pid}) does not stop.`, {
    remedy: `Look at it with \`ps -fp ${pid}\`; its log: ${folder.logFile}`,
  });
}
