import type { FastifyReply, FastifyRequest } from 'fastify';
import { MusterError, messageOf } from '../../../base/errors.ts';
import type { Logger } from '../../../base/logger.ts';
import { visibleError } from '../../../http/problem.ts';

/** An error as clients of OpenAI read it. */
export interface OpenaiError {
  readonly error: {
    /** What happened, and how to mend it. */
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string;
  };
}

/** Seconds after which a client should try again, where nothing says better. */
const RETRY_AFTER_SECONDS = 2;
/** Longer than this no program means to wait within a call. OpenAI's client for JavaScript would: hours, for the next day's budget, without a word. */
const MOST_WAITED_SECONDS = 60;

export function openaiError(error: MusterError): OpenaiError {
  const { code, param, type } = error.data;
  const end = /[.!?]$/.test(error.message) ? '' : '.';
  return {
    error: {
      message: `${error.message.charAt(0).toUpperCase()}${error.message.slice(1)}${end} ${error.remedy}`,
      type: typeof type === 'string' ? type : typeOf(error.kind.status),
      param: typeof param === 'string' ? param : null,
      code: typeof code === 'string' ? code : error.code.toLowerCase(),
    },
  };
}

function typeOf(status: number): string {
  if (status === 401) return 'authentication_error';
  if (status === 403) return 'permission_error';
  if (status === 429) return 'rate_limit_error';
  return status < 500 ? 'invalid_request_error' : 'server_error';
}

/** The headers that belong to a refusal. */
export function refusalHeaders(error: MusterError): Readonly<Record<string, string>> {
  const { status } = error.kind;
  const after = error.data['retryAfterSeconds'];
  if (status !== 429 && status !== 503) return {};
  const seconds = typeof after === 'number' ? Math.ceil(after) : RETRY_AFTER_SECONDS;
  return { 'retry-after': String(seconds), ...(seconds > MOST_WAITED_SECONDS ? { 'x-should-retry': 'false' } : {}) };
}

/** Answers in OpenAI's shape, whatever was thrown; logs what is a bug, once. */
export function refusalHandler(log: Logger): (error: unknown, request: FastifyRequest, reply: FastifyReply) => FastifyReply {
  return (error, request, reply) => {
    const visible = visibleError(error);
    if (visible === undefined)
      log.error(
        {
          request_id: request.id,
          route: request.routeOptions.url,
          error: messageOf(error),
          stack: error instanceof Error ? error.stack : undefined,
        },
        'a request to the gateway failed through a bug',
      );
    const shown = visible ?? new MusterError('INTERNAL', 'something went wrong here; the log has it under the request id');
    return reply
      .code(shown.kind.status)
      .headers(refusalHeaders(shown))
      .header('cache-control', 'no-store')
      .type('application/json')
      .send(JSON.stringify(openaiError(shown)));
  };
}
