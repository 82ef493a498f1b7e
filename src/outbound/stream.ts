import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction, type Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { MusterError, messageOf } from '../base/errors.ts';
import { headersOf, parseUrl, untilAborted, type RequestRules } from './request.ts';
import { resolveHost } from './resolve.ts';

export interface StreamRequest {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** For the look-up of the name, the connection and its TLS. Default 10,000. */
  readonly connectTimeoutMs?: number;
  /** From there to the head of the answer. Default 60,000. */
  readonly firstByteTimeoutMs?: number;
  /** The longest silence within the body. Default 60,000. */
  readonly idleTimeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** An answer whose head has come. Its body is paused until somebody reads it, and must be read or closed. */
export interface OutboundStream {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  /** Fails with OUTBOUND_TIMEOUT, the reason of the signal, or what its socket says. */
  readonly body: Readable;
  /** Ends it where it is; the connection is closed, unless all of the body was read. */
  close(): void;
}

const CONNECT_MS = 10_000;
const FIRST_BYTE_MS = 60_000;
const IDLE_MS = 60_000;
/** An unused connection is kept so long: below the 60 s after which most front ends drop theirs. */
const KEPT_MS = 30_000;
const MOST_SOCKETS = 512;

/** Streaming requests over connections that are kept: a new one costs a look-up, and with TLS two or three round trips. */
export class Streams {
  readonly #rules: RequestRules;
  readonly #agents: { readonly 'http:': HttpAgent; readonly 'https:': HttpsAgent };

  constructor(rules: RequestRules) {
    this.#rules = rules;
    const kept = { keepAlive: true, maxSockets: MOST_SOCKETS, timeout: KEPT_MS, scheduling: 'lifo' } as const;
    this.#agents = {
      'http:': new HttpAgent({ ...kept, lookup: this.#lookup('http:') }),
      'https:': new HttpsAgent({ ...kept, lookup: this.#lookup('https:') }),
    };
  }

  /** Redirects are not followed. Throws OUTBOUND_REFUSED, OUTBOUND_FAILED or OUTBOUND_TIMEOUT, or the reason of the signal. */
  async open(request: StreamRequest): Promise<OutboundStream> {
    const url = parseUrl(request.url);
    const protocol = url.protocol as 'http:' | 'https:';
    // A bare address is never looked up, so it is judged here; of a name every connection judges the address it goes to.
    if (isIP(url.hostname.replace(/^\[|\]$/g, '')) !== 0) await this.#judge(url.hostname, protocol);
    request.signal?.throwIfAborted();
    try {
      return await this.#exchange(url, protocol, request);
    } catch (error) {
      // The other side closed a kept connection while the request was on its way to it: it has read none of it.
      if (!(error instanceof ConnectionWasGone)) throw error;
      return await this.#exchange(url, protocol, request, false);
    }
  }

  async #judge(host: string, protocol: 'http:' | 'https:') {
    const destination = await resolveHost(host, this.#rules.allowed, this.#rules.lookup);
    if (protocol === 'http:' && !destination.opened) throw new MusterError('OUTBOUND_REFUSED', `${host} may only be called with https`);
    return destination;
  }

  /** What a socket asks before it connects: so it connects to the very address that was judged. */
  #lookup(protocol: 'http:' | 'https:'): LookupFunction {
    return (host, options, found) => {
      this.#judge(host, protocol).then(
        ({ address, family }) =>
          options.all === true
            ? (found as unknown as (e: null, a: readonly object[]) => void)(null, [{ address, family }])
            : found(null, address, family),
        (error: unknown) => found(error as NodeJS.ErrnoException, ''),
      );
    };
  }

  #exchange(url: URL, protocol: 'http:' | 'https:', request: StreamRequest, mayReuse = true): Promise<OutboundStream> {
    const { body, connectTimeoutMs = CONNECT_MS, firstByteTimeoutMs = FIRST_BYTE_MS, signal } = request;
    const over = new AbortController();
    const answer = new Promise<OutboundStream>((resolve, reject) => {
      const options: RequestOptions = {
        method: request.method ?? 'POST',
        headers: {
          'accept-encoding': 'identity',
          ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
          ...request.headers,
        },
        agent: mayReuse ? this.#agents[protocol] : false,
        ...(mayReuse ? {} : { lookup: this.#lookup(protocol) }),
      };
      const sent = (protocol === 'https:' ? httpsRequest : httpRequest)(url, options);
      const watch = new Watch(url.host, (error) => over.abort(error));
      watch.wait('connect', connectTimeoutMs);
      over.signal.addEventListener('abort', () => sent.destroy(), { once: true });
      const onAbort = (): void => over.abort(signal?.reason);
      signal?.addEventListener('abort', onAbort, { once: true });
      const settle = (): void => {
        watch.end();
        signal?.removeEventListener('abort', onAbort);
      };
      sent.once('socket', (socket: Socket) => {
        const connected = (): void => watch.wait('answer', firstByteTimeoutMs);
        if (!socket.connecting && sent.reusedSocket) connected();
        else socket.once(protocol === 'https:' ? 'secureConnect' : 'connect', connected);
      });
      sent.once('response', (response) => resolve(asStream(response, { request, over, watch, settle })));
      sent.on('error', (error: NodeJS.ErrnoException) => {
        settle();
        if (over.signal.aborted) reject(over.signal.reason as Error);
        else if (error instanceof MusterError) reject(error);
        else if (mayReuse && sent.reusedSocket && error.code === 'ECONNRESET') reject(new ConnectionWasGone());
        else reject(new MusterError('OUTBOUND_FAILED', `${url.host} cannot be reached: ${messageOf(error)}`, { cause: error }));
      });
      sent.end(body);
    });
    return untilAborted(answer, over.signal);
  }
}

class ConnectionWasGone extends Error {}

interface Around {
  readonly request: StreamRequest;
  readonly over: AbortController;
  readonly watch: Watch;
  readonly settle: () => void;
}

function asStream(response: IncomingMessage, { request, over, watch, settle }: Around): OutboundStream {
  const { idleTimeoutMs = IDLE_MS } = request;
  // A reader that is slow is no sender that is silent: the time runs only while all that came was taken.
  watch.wait('more', idleTimeoutMs, () => response.readableLength > 0);
  response.on('data', () => watch.touch());
  response.pause();
  response.once('close', settle);
  over.signal.addEventListener('abort', () => response.destroy(over.signal.reason as Error), { once: true });
  return {
    status: response.statusCode ?? 0,
    headers: headersOf(response),
    body: response,
    close: () => {
      settle();
      if (!response.readableEnded) response.destroy();
    },
  };
}

const WORDS = { connect: 'could not be connected to', answer: 'did not begin to answer', more: 'fell silent within its answer for' };

/** One time-out at a time. Fed by a clock that is read, not by a timer that is set anew with every chunk. */
class Watch {
  readonly #host: string;
  readonly #expire: (error: MusterError) => void;
  #timer: NodeJS.Timeout | undefined;
  #touchedAt = 0;

  constructor(host: string, expire: (error: MusterError) => void) {
    this.#host = host;
    this.#expire = expire;
  }

  wait(what: keyof typeof WORDS, ms: number, isExcused: () => boolean = () => false): void {
    clearTimeout(this.#timer);
    this.#touchedAt = performance.now();
    const look = (): void => {
      if (isExcused()) this.#touchedAt = performance.now();
      const left = this.#touchedAt + ms - performance.now();
      if (left > 0) this.#timer = setTimeout(look, Math.ceil(left));
      else
        this.#expire(
          new MusterError('OUTBOUND_TIMEOUT', `${this.#host} ${WORDS[what]}${what === 'more' ? '' : ' within'} ${ms / 1_000} s`),
        );
    };
    this.#timer = setTimeout(look, ms);
  }

  touch(): void {
    this.#touchedAt = performance.now();
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
