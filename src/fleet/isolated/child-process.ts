import { Worker } from 'node:worker_threads';
import { AgentSide } from './agent-side.ts';
import type { ToAgent } from './protocol.ts';
import { TrustDeadline } from './trust-deadline.ts';
import type { WatchdogData } from './watchdog.ts';

/** The agent's end of a process of its own. */
export async function main(): Promise<void> {
  const [, entry = '', , grace = '0', limit = '0'] = process.argv;
  const lapseGraceMs = Number(grace);
  const deadline = new TrustDeadline();
  // Told to every process of a service or terminal; ours ends when its host says so, in order.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
  await startWatchdog(entry, { role: 'watchdog', deadline: deadline.memory, lapseGraceMs, mostBytes: Number(limit) });
  const agent = new AgentSide({
    send: (message) =>
      new Promise((resolve) => {
        // A host that is gone hears nothing; the watchdog ends this process.
        if (process.connected) process.send?.(message, undefined, undefined, () => resolve());
        else resolve();
      }),
    deadline,
    lapseGraceMs,
  });
  process.on('message', (message: ToAgent) => agent.take(message));
  agent.ready();
}

/** Before any code of the agent: nothing it does can keep the watchdog from its work. */
async function startWatchdog(entry: string, workerData: WatchdogData): Promise<void> {
  const watchdog = new Worker(entry, { workerData, execArgv: [], env: {}, resourceLimits: { maxOldGenerationSizeMb: 16 } });
  await new Promise((resolve, reject) => {
    watchdog.once('message', resolve);
    watchdog.once('error', reject);
  });
  watchdog.unref();
}
