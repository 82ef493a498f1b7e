import { spawn } from 'node:child_process';
import { MusterError, messageOf } from '../base/errors.ts';

export interface OutboundCommand {
  /** Run by the shell of the system. */
  readonly command: string;
  /** Given on standard input. */
  readonly input?: string;
  /** Besides PATH, HOME and LANG: nothing else of this process's environment is passed on. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Then it is killed, with all it started. Default 10,000. */
  readonly timeoutMs?: number;
  /** Of its output no more is kept. Default 64 KB. */
  readonly mostBytes?: number;
  readonly signal?: AbortSignal;
}

export interface CommandResult {
  /** Null where a signal ended it. */
  readonly exitCode: number | null;
  /** Standard output and standard error as they came. */
  readonly output: string;
  /** Standard output alone. */
  readonly printed: string;
  readonly truncated: boolean;
  readonly durationMs: number;
}

const TIMEOUT_MS = 10_000;
const MOST_BYTES = 65_536;
const PASSED_ON = ['PATH', 'HOME', 'LANG'];

/** Runs a command in a process group of its own. Throws OUTBOUND_TIMEOUT, OUTBOUND_FAILED or the reason of the signal. */
export function runCommand(request: OutboundCommand): Promise<CommandResult> {
  const { command, environment = {}, input = '', mostBytes = MOST_BYTES, signal, timeoutMs = TIMEOUT_MS } = request;
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason as Error);
    const startedAt = performance.now();
    const passed = Object.fromEntries(PASSED_ON.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));
    const child = spawn(command, { shell: true, detached: true, env: { ...passed, ...environment }, stdio: ['pipe', 'pipe', 'pipe'] });
    const parts: { readonly bytes: Buffer; readonly isPrinted: boolean }[] = [];
    let size = 0;
    let why: Error | undefined;
    const kill = (reason: Error): void => {
      why ??= reason;
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // it has ended by itself
      }
    };
    const timer = setTimeout(
      () => kill(new MusterError('OUTBOUND_TIMEOUT', `the command did not end within ${timeoutMs / 1_000} s and was killed`)),
      timeoutMs,
    );
    const onAbort = (): void => kill(signal?.reason as Error);
    signal?.addEventListener('abort', onAbort, { once: true });
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
    const keep = (bytes: Buffer, isPrinted: boolean): void => {
      if (size < mostBytes) parts.push({ bytes: bytes.subarray(0, mostBytes - size), isPrinted });
      size += bytes.length;
    };
    child.stdout.on('data', (bytes: Buffer) => keep(bytes, true));
    child.stderr.on('data', (bytes: Buffer) => keep(bytes, false));
    // A command need not read what it is given.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    child.on('error', (error) => {
      settle();
      reject(new MusterError('OUTBOUND_FAILED', `the command cannot be run: ${messageOf(error)}`, { cause: error }));
    });
    child.on('close', (exitCode) => {
      settle();
      if (why !== undefined) return reject(why);
      const textOf = (some: typeof parts): string => Buffer.concat(some.map(({ bytes }) => bytes)).toString('utf8');
      const printed = textOf(parts.filter(({ isPrinted }) => isPrinted));
      const durationMs = Math.round(performance.now() - startedAt);
      resolve({ exitCode, output: textOf(parts), printed, truncated: size > mostBytes, durationMs });
    });
  });
}
