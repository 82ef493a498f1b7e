import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { formatDuration } from '../../base/duration.ts';
import { messageOf, MusterError } from '../../base/errors.ts';
import type { LookData, Sight } from './child-look.ts';
import { revive } from './crossing.ts';
import type { Outline } from './outline.ts';

const MEMORY_MB = 256;
/** A little longer than the thread itself waits for code that only takes its time. */
const WITHIN_MS = 11_000;

/**
 * What agent a module defines, seen in a thread that ends with it: an endless loop, too much memory or `process.exit` at its top
 * ends that thread alone. Throws AGENT_INVALID for whatever is the fault of the code, INTERNAL where the thread could not run.
 */
export async function look(url: URL, entry: URL, withinMs = WITHIN_MS): Promise<Outline> {
  const { port1, port2 } = new MessageChannel();
  const workerData: LookData = { role: 'look', url: url.href, port: port2 };
  const worker = new Worker(entry, {
    workerData,
    transferList: [port2],
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB },
  });
  worker.stdout.resume();
  worker.stderr.resume();
  let looking = false;
  try {
    return await new Promise<Outline>((resolve, reject) => {
      const take = (sight: Sight): void => {
        if (sight.kind === 'looking') looking = true;
        else if (sight.kind === 'seen') resolve(sight.outline);
        else reject(revive(sight.error));
      };
      const timer = setTimeout(
        () => reject(invalid(`its code did not finish loading within ${formatDuration(withinMs)}`, HANGS)),
        withinMs,
      );
      port1.on('message', take);
      worker.on('error', (error: NodeJS.ErrnoException) => reject(explain(error, looking)));
      worker.once('exit', (code) => {
        clearTimeout(timer);
        for (let last = receiveMessageOnPort(port1); last !== undefined; last = receiveMessageOnPort(port1)) take(last.message as Sight);
        reject(
          looking
            ? invalid(`its code ended its thread while it was loaded (exit code ${code})`, 'Take process.exit out of the file.')
            : new MusterError('INTERNAL', `a thread to look at code ended before it did (exit code ${code})`),
        );
      });
    });
  } finally {
    await worker.terminate();
    port1.close();
  }
}

const HANGS = 'Do nothing that waits while it is loaded: what takes time belongs in startup or run.';

function explain(error: NodeJS.ErrnoException, looking: boolean): MusterError {
  if (!looking) return new MusterError('INTERNAL', `a thread to look at code could not run: ${messageOf(error)}`, { cause: error });
  if (error.code === 'ERR_WORKER_OUT_OF_MEMORY')
    return invalid(`loading its code took more than ${MEMORY_MB} MB of memory`, 'Load less at the top of the file.');
  return invalid(`loading its code throws: ${messageOf(error)}`, 'Mend the file: nothing at its top may throw.');
}

const invalid = (message: string, remedy: string): MusterError => new MusterError('AGENT_INVALID', message, { remedy });
