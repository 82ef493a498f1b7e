import type { ServerResponse } from 'node:http';
import { serving } from '../../../base/breather.ts';
import { MusterError, messageOf } from '../../../base/errors.ts';
import type { Answered } from './call.ts';
import type { Face } from './face.ts';
import { openaiError } from './refusal.ts';
import type { TapeReader } from './tape.ts';

export interface RelayOptions {
  readonly face: Face;
  /** Whether the client asked for the usage itself. */
  readonly wantsUsage: boolean;
  /** What goes out besides what the provider says. */
  readonly headers: Readonly<Record<string, string | number>>;
  /** Called with the first byte, milliseconds of the monotonic clock. */
  readonly onFirstByte?: () => void;
}

/** What of a provider's headers its client is to see. */
const PASSED_ON =
  /^(content-type|content-length|retry-after|retry-after-ms|x-should-retry|openai-(?!organization|project).*|x-ratelimit-.*|anthropic-ratelimit-.*)$/;

export const passedOn = (headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => PASSED_ON.test(name)));

/**
 * Passes an answer on as it comes, at the pace of the client. Resolves when the last byte was written or the client has gone: false then.
 * Nobody who reads events is left with half an answer that looks whole: where it breaks off, an error follows; another body is cut off.
 */
export function relay({ headers, isStream, status, tape }: Answered, response: ServerResponse, options: RelayOptions): Promise<boolean> {
  return new Promise((resolve) => {
    let isWaiting = false;
    let isOver = false;
    let hasBegun = false;
    const finish = (isWhole: boolean): void => {
      if (isOver) return;
      isOver = true;
      reader?.leave();
      response.off('close', onClose);
      response.off('drain', onDrain);
      resolve(isWhole);
    };
    const onClose = (): void => finish(false);
    const onDrain = (): void => {
      isWaiting = false;
      move();
    };
    const move = (): void => {
      if (isOver || isWaiting || reader === undefined) return;
      serving();
      for (let bytes = ready(reader, options); bytes !== undefined; bytes = ready(reader, options)) {
        if (!hasBegun) options.onFirstByte?.();
        hasBegun = true;
        if (!response.write(bytes)) {
          isWaiting = true;
          return;
        }
      }
      if (tape.state === 'ended') {
        response.end();
        finish(true);
      } else if (tape.state === 'failed') {
        if (isStream) response.end(brokenOff(options.face, tape.error));
        else response.destroy();
        finish(false);
      }
    };
    if (!response.destroyed)
      response.writeHead(status, {
        ...options.headers,
        ...passedOn(headers),
        'cache-control': 'no-store',
        // Tells nginx not to hold events back.
        ...(isStream ? { 'x-accel-buffering': 'no' } : {}),
      });
    const reader = tape.join(move);
    if (response.destroyed) return finish(false);
    response.on('close', onClose);
    response.on('drain', onDrain);
    if (reader === undefined) response.destroy();
    move();
  });
}

/** What lies there leaves in one write, but for what is more than this. */
const MOST_AT_ONCE = 65_536;

/** Undefined: nothing, as yet. */
function ready(reader: TapeReader, { wantsUsage }: Pick<RelayOptions, 'wantsUsage'>): Buffer | undefined {
  const found: Buffer[] = [];
  let bytes = 0;
  for (let piece = reader.next(); piece !== undefined; piece = reader.next()) {
    if (piece.isUsage && !wantsUsage) continue;
    found.push(piece.bytes);
    bytes += piece.bytes.length;
    if (bytes >= MOST_AT_ONCE) break;
  }
  return found.length > 1 ? Buffer.concat(found, bytes) : found[0];
}

/** The end of a stream that has no proper one, as clients understand it: an event that is an error. */
function brokenOff(face: Face, cause: Error | undefined): string {
  const error =
    cause instanceof MusterError
      ? cause
      : new MusterError(
          'PROVIDER_FAILED',
          `the provider broke off within its answer: ${cause === undefined ? 'it ended' : messageOf(cause)}`,
        );
  const told = openaiError(error);
  return face === 'responses'
    ? `event: error\ndata: ${JSON.stringify({ ...told.error, type: 'error', error: told.error })}\n\n`
    : `data: ${JSON.stringify(told)}\n\n`;
}
