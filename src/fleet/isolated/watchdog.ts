import { writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { TrustDeadline, watchDeadline } from './trust-deadline.ts';

/** The pipe from the host: deadlines come through it, and its end is the end of the host. */
export const TRUST_FD = 4;
/** What the host looks for in the last words of a process. */
export const OVER_LIMIT = 'muster: the agent is over its memory limit';
const LOOK_EVERY_MS = 250;

export interface WatchdogData {
  readonly role: 'watchdog';
  readonly deadline: SharedArrayBuffer;
  readonly lapseGraceMs: number;
  /** Memory of the whole process at most; 0: no limit. */
  readonly mostBytes: number;
}

/**
 * A thread beside the agent's in its process. It ends the process, and whatever that started, when the host is gone, when the
 * host's trust in its lease has passed, or when too much memory is taken: also while the agent's own thread is in an endless loop.
 */
export function main(): void {
  const { deadline: memory, lapseGraceMs, mostBytes } = workerData as WatchdogData;
  const deadline = new TrustDeadline(memory);
  const pipe = new Socket({ fd: TRUST_FD, readable: true, writable: false });
  let rest = '';
  pipe.setEncoding('latin1');
  pipe.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) deadline.extend(BigInt(line));
  });
  for (const end of ['end', 'close', 'error'] as const) pipe.on(end, endProcess);
  pipe.once('data', () => {
    watchDeadline(deadline, lapseGraceMs, endProcess);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of threads, not a window
    parentPort?.postMessage('watching');
  });
  if (mostBytes > 0) {
    setInterval(() => {
      const bytes = process.memoryUsage.rss();
      if (bytes <= mostBytes) return;
      writeSync(2, `\n${OVER_LIMIT}: ${Math.round(bytes / 1_048_576)} MB\n`);
      endProcess();
    }, LOOK_EVERY_MS);
  }
}

/** The process leads a group of its own, to which everything belongs that the agent has started. */
function endProcess(): void {
  try {
    process.kill(-process.pid, 'SIGKILL');
  } catch {
    // It leads no group after all: then itself alone.
    process.kill(process.pid, 'SIGKILL');
  }
}
