import { workerData, type MessagePort } from 'node:worker_threads';
import { AgentSide } from './agent-side.ts';
import type { ToAgent } from './protocol.ts';
import { TrustDeadline } from './trust-deadline.ts';

export interface ThreadData {
  readonly role: 'thread';
  readonly port: MessagePort;
  readonly deadline: SharedArrayBuffer;
  readonly lapseGraceMs: number;
}

/** The agent's end of a thread: here `process.exit` ends the thread alone. */
export function main(): void {
  const { port, deadline, lapseGraceMs } = workerData as ThreadData;
  const agent = new AgentSide({
    send: (message) => {
      port.postMessage(message);
      return Promise.resolve();
    },
    deadline: new TrustDeadline(deadline),
    lapseGraceMs,
  });
  port.on('message', (message: ToAgent) => agent.take(message));
  agent.ready();
}
