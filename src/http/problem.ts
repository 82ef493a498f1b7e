import { STATUS_CODES } from 'node:http';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { ERRORS, MusterError, messageOf, type ErrorCode } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';

export const PROBLEM_TYPE = 'application/problem+json';

export interface FieldError {
  /** JSON pointer (RFC 6901) into the body, or `/query/…`, `/params/…`. */
  readonly pointer: string;
  readonly code: string;
  readonly message: string;
}

/** RFC 9457, with our code and remedy. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly remedy: string;
  readonly errors?: readonly FieldError[];
  readonly request_id: string;
}

/** Seconds after which a client should try again: the pools heal within two. */
const RETRY_AFTER_SECONDS = 2;

/** What Fastify refuses by itself, in our words. */
const FRAMEWORK_CODES: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'UNSUPPORTED_MEDIA',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'MALFORMED',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'MALFORMED',
  FST_ERR_CTP_INVALID_JSON_BODY: 'MALFORMED',
  FST_ERR_BAD_URL: 'MALFORMED',
  FST_ERR_MAX_PARAM_LENGTH: 'URI_TOO_LONG',
};

/** What was thrown, as the error a client may see. Undefined: a bug, of which it sees nothing. */
export function visibleError(error: unknown): MusterError | undefined {
  if (error instanceof MusterError) return error.kind.status === 500 ? undefined : error;
  if (!(error instanceof Error)) return undefined;
  if (hasZodFastifySchemaValidationErrors(error)) return invalid(fieldErrors(error));
  const { code, statusCode } = error as Partial<FastifyError>;
  const known = code === undefined ? undefined : FRAMEWORK_CODES[code];
  if (known !== undefined) return new MusterError(known, error.message);
  // Anything else that Fastify or a plugin of it calls the client's mistake.
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) return new MusterError(codeForStatus(statusCode), error.message);
  return undefined;
}

/** INVALID_INPUT with the fields that are wrong. */
export function invalid(errors: readonly FieldError[]): MusterError {
  const [first] = errors;
  return new MusterError(
    'INVALID_INPUT',
    first === undefined ? 'the request is not valid' : `${first.pointer === '' ? 'the body' : first.pointer}: ${first.message}`,
    { data: { errors } },
  );
}

export function problemOf(error: MusterError, requestId: string): Problem {
  const { errors } = error.data;
  return {
    type: problemType(error.code),
    title: error.kind.title,
    status: error.kind.status,
    detail: error.message,
    code: error.code,
    remedy: error.remedy,
    ...(Array.isArray(errors) ? { errors: errors as readonly FieldError[] } : {}),
    request_id: requestId,
  };
}

/** Stable name of a kind of problem; docs/reference/errors.md explains each. */
export const problemType = (code: string): string => `urn:muster:problem:${code.toLowerCase().replaceAll('_', '-')}`;

/** Answers with a problem document, whatever was thrown; logs what is a bug, once. */
export function errorHandler(log: Logger): (error: unknown, request: FastifyRequest, reply: FastifyReply) => FastifyReply {
  return (error, request, reply) => {
    const visible = visibleError(error);
    if (visible === undefined) {
      log.error(
        {
          request_id: request.id,
          method: request.method,
          route: request.routeOptions.url,
          error: messageOf(error),
          stack: error instanceof Error ? error.stack : undefined,
          cause: error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : undefined,
        },
        'a request failed through a bug',
      );
    }
    return sendProblem(
      reply,
      visible ?? new MusterError('INTERNAL', 'something went wrong here; the log has it under the request id'),
      request.id,
    );
  };
}

export function sendProblem(reply: FastifyReply, error: MusterError, requestId: string): FastifyReply {
  const { status } = error.kind;
  const retryAfter = error.data['retryAfterSeconds'];
  if (status === 503 || status === 429) void reply.header('retry-after', typeof retryAfter === 'number' ? retryAfter : RETRY_AFTER_SECONDS);
  if (status === 413) void reply.header('connection', 'close');
  return reply
    .code(status)
    .header('x-request-id', requestId)
    .header('cache-control', 'no-store')
    .type(PROBLEM_TYPE)
    .send(JSON.stringify(problemOf(error, requestId)));
}

/** The same for a request so broken that it never became one: written straight to the socket. */
export function rawProblem(error: MusterError, requestId: string): string {
  const body = JSON.stringify(problemOf(error, requestId));
  const { status } = error.kind;
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\ncontent-type: ${PROBLEM_TYPE}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`;
}

const PLACES: Readonly<Record<string, string>> = { body: '', querystring: '/query', params: '/params', headers: '/headers' };

function fieldErrors(
  error: Error & { readonly validation: readonly { instancePath: string; keyword: string; message?: string; params: unknown }[] },
): readonly FieldError[] {
  const place = PLACES[(error as Partial<FastifyError>).validationContext ?? 'body'] ?? '';
  return error.validation
    .slice(0, 100)
    .map((issue) => ({ pointer: `${place}${issue.instancePath}`, code: issue.keyword, message: issue.message ?? 'is not valid' }));
}

function codeForStatus(status: number): ErrorCode {
  const exact = (Object.keys(ERRORS) as ErrorCode[]).find((code) => ERRORS[code].status === status);
  return exact ?? 'MALFORMED';
}
