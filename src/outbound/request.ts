import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { MusterError, messageOf } from '../base/errors.ts';
import { resolveHost, type Destination, type Lookup } from './resolve.ts';
import type { Networks } from './networks.ts';

export interface OutboundRequest {
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** For all of it, the look-up of the name included. Default 10,000. */
  readonly timeoutMs?: number;
  /** Of the answer's body no more is read. Default 64 KB. */
  readonly mostBytes?: number;
  readonly signal?: AbortSignal;
}

export interface OutboundResponse {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** There was more, or it broke off: the status stands all the same. */
  readonly truncated: boolean;
  readonly durationMs: number;
}

export interface RequestRules {
  readonly allowed: Networks;
  readonly lookup?: Lookup | undefined;
}

const TIMEOUT_MS = 10_000;
const MOST_BYTES = 65_536;

/**
 * One HTTP request to an address that may be called. Redirects are not followed: they come back as the answer they are.
 * Throws OUTBOUND_REFUSED, OUTBOUND_FAILED or OUTBOUND_TIMEOUT, or the reason of the signal.
 */
export async function requestOnce(request: OutboundRequest, rules: RequestRules): Promise<OutboundResponse> {
  const startedAt = performance.now();
  const timeoutMs = request.timeoutMs ?? TIMEOUT_MS;
  const url = parseUrl(request.url);
  const over = new AbortController();
  const timer = setTimeout(
    () => over.abort(new MusterError('OUTBOUND_TIMEOUT', `${url.host} did not answer within ${timeoutMs / 1_000} s`)),
    timeoutMs,
  );
  const onAbort = (): void => over.abort(request.signal?.reason);
  if (request.signal?.aborted === true) onAbort();
  request.signal?.addEventListener('abort', onAbort, { once: true });
  try {
    const destination = await untilAborted(resolveHost(url.hostname, rules.allowed, rules.lookup), over.signal);
    if (url.protocol === 'http:' && !destination.opened) {
      throw new MusterError('OUTBOUND_REFUSED', `${url.host} may only be called with https`);
    }
    const answer = await exchange(url, destination, request, over.signal);
    return { ...answer, durationMs: Math.round(performance.now() - startedAt) };
  } finally {
    clearTimeout(timer);
    request.signal?.removeEventListener('abort', onAbort);
  }
}

/** Throws OUTBOUND_REFUSED for what is no address of the web. */
export function parseUrl(text: string): URL {
  if (!URL.canParse(text)) throw new MusterError('OUTBOUND_REFUSED', 'it is no URL', { remedy: 'Write it as https://host/path.' });
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new MusterError('OUTBOUND_REFUSED', `${url.protocol} is not called`, { remedy: 'Use https.' });
  if (url.username !== '' || url.password !== '')
    throw new MusterError('OUTBOUND_REFUSED', 'a user and password do not belong in a URL', { remedy: 'Leave them out of it.' });
  return url;
}

type Answer = Omit<OutboundResponse, 'durationMs'>;

function exchange(url: URL, { address, family }: Destination, request: OutboundRequest, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { body, headers = {}, method = 'GET', mostBytes = MOST_BYTES } = request;
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const sent = send(
      url,
      {
        method,
        headers: {
          'accept-encoding': 'identity',
          ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
          ...headers,
        },
        // To the address that was checked, whatever the name says by now.
        lookup: (_, options, found) =>
          options.all === true
            ? found(null, [{ address, family }])
            : (found as (e: null, a: string, f: number) => void)(null, address, family),
        agent: false,
        signal,
      },
      (response) => resolve(read(response, mostBytes, signal)),
    );
    sent.on('error', (error) => {
      if (signal.aborted) reject(signal.reason as Error);
      else reject(new MusterError('OUTBOUND_FAILED', `${url.host} cannot be reached: ${messageOf(error)}`, { cause: error }));
    });
    sent.end(body);
  });
}

function read(response: IncomingMessage, mostBytes: number, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    let size = 0;
    let ended = false;
    const end = (truncated: boolean): void => {
      if (ended) return;
      ended = true;
      response.destroy();
      resolve({
        status: response.statusCode ?? 0,
        headers: headersOf(response),
        body: Buffer.concat(parts).subarray(0, mostBytes).toString('utf8'),
        truncated,
      });
    };
    response.on('data', (part: Buffer) => {
      parts.push(part);
      size += part.length;
      if (size > mostBytes) end(true);
    });
    response.on('end', () => end(false));
    // A body that breaks off or never ends takes nothing back from the status.
    response.on('error', () => end(true));
    response.on('close', () => end(true));
    signal.addEventListener('abort', () => end(true), { once: true });
  });
}

export const headersOf = ({ headers }: IncomingMessage): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]));

export function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
