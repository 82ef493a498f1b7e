import { MusterError } from '../../../../base/errors.ts';
import type { Outbound } from '../../../../outbound/index.ts';
import { MOST_BYTES, outputsOf, type Target } from './target.ts';

export interface CommandOptions {
  readonly outbound: Pick<Outbound, 'run'>;
  readonly timeoutMs: number;
  /** What the command finds in its environment besides what is said of the example. */
  readonly environment: Readonly<Record<string, string>>;
}

/** The inputs on standard input, the outputs on standard output; what it says on standard error is told where it fails. */
export const command =
  (line: string, { environment, outbound, timeoutMs }: CommandOptions): Target =>
  async ({ exampleId, inputs, trace }, signal) => {
    const { exitCode, output, printed, truncated } = await outbound.run({
      command: line,
      input: inputs,
      environment: { ...environment, MUSTER_EXAMPLE: exampleId, MUSTER_TRACE: trace.dottedOrder, MUSTER_PROJECT: trace.project },
      timeoutMs,
      mostBytes: MOST_BYTES,
      signal,
    });
    if (truncated) throw new MusterError('TOO_LARGE', `the command printed more than ${MOST_BYTES} bytes`);
    if (exitCode !== 0)
      throw new MusterError('OUTBOUND_FAILED', `the command ended with exit status ${exitCode ?? 'none'}: ${output.slice(-300).trim()}`);
    return { outputs: outputsOf(printed) };
  };
