import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { MusterError, type ErrorCode } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { rawProblem } from '../http/problem.ts';

const CODES: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'HEADERS_TOO_LARGE',
  ERR_HTTP_REQUEST_TIMEOUT: 'REQUEST_TIMEOUT',
};

/** Answers what never became a request: headers too large or too slow, or not HTTP at all. */
export function answerBrokenRequests(log: Logger): (error: Error & { readonly code?: string }, socket: Socket) => void {
  return (error, socket) => {
    if (error.code === 'ECONNRESET' || socket.destroyed) return;
    const code = CODES[error.code ?? ''] ?? 'MALFORMED';
    const requestId = randomUUID();
    log.debug({ request_id: requestId, code, error: error.message, address: socket.remoteAddress }, 'a request could not be read');
    // An answer that has begun cannot be followed by another one.
    if (socket.writable && socket.bytesWritten === 0) socket.end(rawProblem(new MusterError(code, wording(code)), requestId));
    else socket.destroy();
  };
}

function wording(code: ErrorCode): string {
  if (code === 'HEADERS_TOO_LARGE') return 'the headers are larger than 16 KB';
  return code === 'REQUEST_TIMEOUT' ? 'the request did not arrive whole in time' : 'this is not an HTTP request';
}
