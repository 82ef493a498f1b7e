import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ERRORS, MusterError, type ErrorCode } from '../../base/errors.ts';
import { formatDuration } from '../../base/duration.ts';
import { packageRoot } from '../../base/package-root.ts';
import type { Manifest } from '../../state/implementations.ts';
import { CodeFolder } from './code-folder.ts';

const TIMEOUT_MS = 10_000;
const MEMORY_MB = 256;
/** What the examined code may say, on standard error or as its result, before it is cut off. */
const MOST_OUTPUT = 65_536;

/** What the process of the examination says: one of the two. */
export type Verdict =
  | { readonly manifest: Manifest }
  | { readonly fault: { readonly code: string; readonly message: string; readonly remedy: string; readonly data: Manifest | object } };

export interface ExamineOptions {
  /** Also judged: whether the agent would take this configuration. */
  readonly config?: Readonly<Record<string, unknown>> | undefined;
  readonly timeoutMs?: number;
}

/**
 * Loads a bundle in a process of its own, with nothing of this one's environment, and tells what agent it is. Throws
 * AGENT_INVALID where loading it throws, hangs, ends the process or takes too much memory, and where it is no agent;
 * AGENT_CONFIG_INVALID where the configuration does not fit.
 */
export function examine(code: { readonly code: string; readonly hash: string }, options: ExamineOptions = {}): Promise<Manifest> {
  // One after the other: each may take all of its memory and time.
  const result = last.then(() => examineNow(code, options));
  last = result.catch(() => undefined); // told to whoever asked for it
  return result;
}

let last: Promise<unknown> = Promise.resolve();

async function examineNow(code: { readonly code: string; readonly hash: string }, options: ExamineOptions): Promise<Manifest> {
  const folder = await mkdtemp(join(tmpdir(), 'muster-examine-'));
  try {
    const file = fileURLToPath(await new CodeFolder(folder).keep(code));
    const verdict = await run(folder, file, options);
    if ('manifest' in verdict) return verdict.manifest;
    const { fault } = verdict;
    throw new MusterError(fault.code in ERRORS ? (fault.code as ErrorCode) : 'AGENT_INVALID', fault.message, {
      remedy: fault.remedy,
      data: fault.data as Readonly<Record<string, unknown>>,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function run(folder: string, file: string, { config, timeoutMs = TIMEOUT_MS }: ExamineOptions): Promise<Verdict> {
  return new Promise((resolve, reject) => {
    const examiner = join(packageRoot(), 'dist', 'agent', 'code', 'examiner.js');
    const child = spawn(process.execPath, [`--max-old-space-size=${MEMORY_MB}`, examiner, file, JSON.stringify(config ?? null)], {
      cwd: folder,
      // No address of a database, no key: the code is not trusted with them before somebody lets it run.
      env: { PATH: process.env['PATH'], HOME: folder, TMPDIR: folder },
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    });
    let said = '';
    let complaint = '';
    child.stdio[2]?.on('data', (chunk: Buffer) => {
      if (complaint.length < MOST_OUTPUT) complaint += chunk.toString('utf8');
    });
    child.stdio[3]?.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
      if (said.length > MOST_OUTPUT) child.kill('SIGKILL');
    });
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, timeoutMs);
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(new MusterError('INTERNAL', `a process to examine the code cannot be started: ${error.message}`, { cause: error }));
    });
    child.once('close', (exitCode, signal) => {
      clearTimeout(timer);
      if (late)
        reject(
          invalid(
            `it did not finish loading within ${formatDuration(timeoutMs)}`,
            'Do nothing that waits while it is loaded: what takes time belongs in startup or run.',
          ),
        );
      else if (said !== '') resolve(JSON.parse(said) as Verdict);
      else reject(brokeOff(exitCode, signal, complaint));
    });
  });
}

function brokeOff(exitCode: number | null, signal: NodeJS.Signals | null, complaint: string): MusterError {
  if (/heap out of memory|Allocation failed/i.test(complaint))
    return invalid(`loading it took more than ${MEMORY_MB} MB of memory`, 'Load less at the top of the file.');
  const last = complaint.trim().split('\n').at(-1) ?? '';
  return invalid(
    `it ended the process while it was loaded (${signal ?? `exit code ${exitCode}`})${last === '' ? '' : `: ${last.slice(0, 300)}`}`,
    'Take process.exit, and whatever else ends a process, out of the file.',
  );
}

const invalid = (message: string, remedy: string): MusterError => new MusterError('AGENT_INVALID', message, { remedy });
