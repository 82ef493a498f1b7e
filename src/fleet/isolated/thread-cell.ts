import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { Cell, CellEnd, CellOptions } from './cell.ts';
import type { ThreadData } from './child-thread.ts';
import { LastWords } from './last-words.ts';
import type { ToHost } from './protocol.ts';
import { TrustDeadline } from './trust-deadline.ts';

/** An agent in a thread of the host's process. */
export function startThread(options: CellOptions): Cell & { readonly lastWords: LastWords } {
  const { port1: port, port2 } = new MessageChannel();
  const deadline = new TrustDeadline();
  deadline.extend(options.trustUntil);
  const workerData: ThreadData = { role: 'thread', port: port2, deadline: deadline.memory, lapseGraceMs: options.lapseGraceMs };
  const worker = new Worker(options.entry, {
    name: options.agentId.slice(0, 50),
    workerData,
    transferList: [port2],
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: options.memoryLimitMb },
  });
  const lastWords = new LastWords(options.printed);
  void lastWords.follow('stdout', worker.stdout);
  void lastWords.follow('stderr', worker.stderr);
  port.on('message', (message: ToHost) => options.heard(message));
  let failure: CellEnd | undefined;
  worker.on('error', (error: NodeJS.ErrnoException) => {
    failure = error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? { how: 'out_of_memory' } : { how: 'failed', error };
  });
  const ended = new Promise<CellEnd>((resolve) =>
    worker.once('exit', (code) => {
      // What it said before it ended comes first.
      for (let last = receiveMessageOnPort(port); last !== undefined; last = receiveMessageOnPort(port))
        options.heard(last.message as ToHost);
      port.close();
      resolve(failure ?? { how: 'exit', code });
    }),
  );
  return {
    lastWords,
    ended,
    send: (message) => port.postMessage(message),
    trustUntil: (at) => deadline.extend(at),
    kill: () => void worker.terminate(),
  };
}
