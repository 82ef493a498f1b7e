import { MusterError } from '../../base/errors.ts';
import { LAPSED, type ToAgent, type ToHost } from './protocol.ts';

/** What a thread and a process have in common, as the host sees them. */
export interface Cell {
  /** Words to one that has ended are lost. */
  send(message: ToAgent): void;
  /** Until when its host trusts its lease; see {@link deadlineIn}. */
  trustUntil(at: bigint): void;
  /** Ends it at once, whatever it does. */
  kill(): void;
  /** Resolves when none of its code runs any more. */
  readonly ended: Promise<CellEnd>;
}

export interface CellOptions {
  /** The file that plays the agent's side. */
  readonly entry: URL;
  readonly agentId: string;
  readonly memoryLimitMb: number;
  readonly lapseGraceMs: number;
  /** The first word on trust. */
  readonly trustUntil: bigint;
  readonly heard: (message: ToHost) => void;
  /** A line of its standard output or error. */
  readonly printed: (stream: 'stdout' | 'stderr', line: string) => void;
}

/** How it ended. */
export type CellEnd =
  | { readonly how: 'exit'; readonly code: number }
  | { readonly how: 'signal'; readonly signal: string }
  | { readonly how: 'out_of_memory' }
  | { readonly how: 'failed'; readonly error: unknown };

/** Why an agent's thread or process ended that nobody had told to. */
export function explainEnd(end: CellEnd, kind: 'thread' | 'process', memoryLimitMb: number, lastWords: string): MusterError {
  const words = lastWords === '' ? '' : `; it said last: ${lastWords}`;
  const data = lastWords === '' ? {} : { output: lastWords };
  switch (end.how) {
    case 'out_of_memory':
      return new MusterError('AGENT_OUT_OF_MEMORY', `its ${kind} used more memory than its limit of ${memoryLimitMb} MB allows`, { data });
    case 'exit':
      if (end.code === LAPSED) return new MusterError('LEASE_LOST', 'its host could not confirm its lease in time');
      return new MusterError('AGENT_EXITED', `its ${kind} ended with exit code ${end.code}${words}`, {
        remedy: 'Throw an error instead of calling process.exit(): then the agent is told by its error.',
        data: { ...data, exit_code: end.code },
      });
    case 'signal':
      return new MusterError('AGENT_EXITED', `its ${kind} was ended by ${end.signal}${words}`, {
        remedy:
          end.signal === 'SIGKILL'
            ? 'Somebody else killed it: look at the memory of the machine and the log of its kernel.'
            : 'Look for process.abort() and faults in native code that the agent uses.',
        data: { ...data, signal: end.signal },
      });
    case 'failed':
      return new MusterError('AGENT_EXITED', `its ${kind} could not run: ${String(end.error)}${words}`, { data, cause: end.error });
  }
}
