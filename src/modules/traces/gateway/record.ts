import { messageOf, MusterError } from '../../../base/errors.ts';
import type { OutboundStream } from '../../../outbound/index.ts';
import { EventSplitter, isUsageOnly } from './sse.ts';
import type { Tape } from './tape.ts';

export interface RecordOptions {
  /** Cut into events; bytes as they come otherwise. */
  readonly asEvents: boolean;
  readonly marksUsage: boolean;
  /** It is a refusal: wanted whole, if it is not too long, before anything is decided; where it breaks off it has said enough. */
  readonly isRefusal: boolean;
  /** It broke off after its first piece, and nobody had left it. */
  readonly onBroken?: (error: Error) => void;
}

const MOST_REFUSAL_BYTES = 1_048_576;

/** Lets an answer run onto a tape. Resolves with the first piece, or the end of an answer without any; rejects where it failed before. */
export function record(stream: OutboundStream, tape: Tape, { asEvents, isRefusal, marksUsage, onBroken }: RecordOptions): Promise<void> {
  const { body } = stream;
  return new Promise((resolve, reject) => {
    const splitter = asEvents ? new EventSplitter() : undefined;
    const put = (bytes: Buffer): boolean =>
      tape.write({ bytes, at: performance.now(), isUsage: asEvents && marksUsage && isUsageOnly(bytes) });
    let hasBegun = false;
    body.on('data', (chunk: Buffer) => {
      let mayGoOn = true;
      for (const piece of splitter?.push(chunk) ?? [chunk]) {
        mayGoOn = put(piece) && mayGoOn;
        if (!hasBegun && !isRefusal) resolve();
        hasBegun = true;
      }
      if (isRefusal && tape.bytes > MOST_REFUSAL_BYTES) return body.destroy();
      if (mayGoOn) return;
      body.pause();
      tape.slack(() => void body.resume());
    });
    body.once('end', () => {
      const rest = splitter?.rest();
      if (rest !== undefined && rest.length > 0) put(rest);
      tape.end();
      resolve();
    });
    const fail = (cause: unknown): void => {
      if (tape.state !== 'running') return;
      const error = brokenOff(cause);
      if (isRefusal) tape.end();
      else tape.fail(error);
      stream.close();
      if (isRefusal) return resolve();
      if (hasBegun && !(error instanceof Abandoned)) onBroken?.(error);
      reject(error);
    };
    body.once('error', fail);
    body.once('close', () => fail('the connection was closed'));
    tape.onAbandoned = () => fail(new Abandoned());
    body.resume();
  });
}

/** The run says why as the client is told it: "aborted", which is what a socket says, would read as if the client had been it. */
function brokenOff(cause: unknown): Error {
  return cause instanceof MusterError || cause instanceof Abandoned
    ? cause
    : new MusterError('PROVIDER_FAILED', `the provider broke off within its answer: ${messageOf(cause)}`, { cause });
}

/** Nobody wants the answer any more. */
export class Abandoned extends Error {
  constructor() {
    super('the client went away before the answer was whole');
  }
}
