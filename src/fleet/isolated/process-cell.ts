import { fork } from 'node:child_process';
import type { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Cell, CellEnd, CellOptions } from './cell.ts';
import { LastWords } from './last-words.ts';
import type { ToHost } from './protocol.ts';
import { OVER_LIMIT, TRUST_FD } from './watchdog.ts';

/** After its end its pipes may be held open by what it had started; its last words are waited for this long. */
const LAST_WORDS_MS = 500;
const MOST_UNREAD = 4_096;
/** Heap is not all that a process takes: buffers, code, stacks, the runtime itself. */
const mostBytes = (memoryLimitMb: number): number => (2 * memoryLimitMb + 256) * 1_048_576;
/** Flags of the host's own Node that would be wrong in its child. */
const NOT_INHERITED = /^--(inspect|max-old-space-size|max_old_space_size|cpu-prof|heap-prof)/;

/**
 * An agent in a process of its own, and in a process group of its own: Ctrl-C in the host's terminal does not reach it, and
 * what it starts ends with it.
 */
export function startProcess(options: CellOptions): Cell & { readonly lastWords: LastWords } {
  const child = fork(
    fileURLToPath(options.entry),
    [options.agentId, String(options.lapseGraceMs), String(mostBytes(options.memoryLimitMb))],
    {
      serialization: 'advanced',
      detached: true,
      execArgv: [...process.execArgv.filter((flag) => !NOT_INHERITED.test(flag)), `--max-old-space-size=${options.memoryLimitMb}`],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc', 'pipe'],
    },
  );
  const trust = child.stdio[TRUST_FD] as Writable;
  // A child that has just died breaks its pipes; its exit is told anyway.
  trust.on('error', () => undefined);
  trust.write(`${options.trustUntil}\n`);
  const lastWords = new LastWords(options.printed);
  const printed = Promise.all([lastWords.follow('stdout', child.stdout), lastWords.follow('stderr', child.stderr)]);
  child.on('message', (message) => options.heard(message as ToHost));

  const disconnected = new Promise<void>((resolve) => child.once('disconnect', resolve));
  const exited = new Promise<CellEnd>((resolve) => {
    child.once('error', (error) => resolve({ how: 'failed', error }));
    child.once('exit', (code, signal) => resolve(signal === null ? { how: 'exit', code: code ?? 0 } : { how: 'signal', signal }));
  });
  const ended = exited.then(async (end): Promise<CellEnd> => {
    killGroup();
    const over = new AbortController();
    await Promise.race([
      Promise.all([printed, disconnected]),
      delay(LAST_WORDS_MS, undefined, { signal: over.signal }).catch(() => undefined),
    ]);
    over.abort();
    for (const stream of [child.stdout, child.stderr, trust]) stream?.destroy();
    return lastWords.has(OVER_LIMIT) || lastWords.has('JavaScript heap out of memory') ? { how: 'out_of_memory' } : end;
  });

  /** It, and what it has started. */
  function killGroup(): void {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // None of the group is left.
    }
  }
  return {
    lastWords,
    ended,
    send: (message) => {
      if (child.connected) child.send(message, () => undefined);
    },
    trustUntil: (at) => {
      // One that is stopped reads nothing; when it goes on, the newest words will do.
      if (!trust.destroyed && trust.writableLength < MOST_UNREAD) trust.write(`${at}\n`);
    },
    kill: () => {
      if (child.exitCode === null && child.signalCode === null) killGroup();
    },
  };
}
