import type { FastifyReply, FastifyRequest } from 'fastify';
import { MusterError, isMusterError, messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { Events } from '../../state/events.ts';
import { EventStream, type EventFilter } from './event-stream.ts';
import type { EventTail } from './event-tail.ts';

const PING_MS = 15_000;
const MAX_STREAMS = 200;

export interface EventStreamsOptions {
  readonly events: Pick<Events, 'since'>;
  readonly tail: EventTail;
  readonly log: Logger;
  readonly maxStreams?: number;
  readonly pingMs?: number;
}

interface Open {
  readonly stream: EventStream;
  /** Throws UNAUTHENTICATED once the reader's credential is no longer in force. */
  readonly check: () => Promise<unknown>;
}

/** All open event streams of this server. */
export class EventStreams {
  readonly #options: EventStreamsOptions;
  readonly #open = new Set<Open>();
  #pings: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: EventStreamsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Answers a request with the stream, from the place after `lastEventId` on. Throws while nothing has been sent yet. */
  async open(
    request: FastifyRequest,
    reply: FastifyReply,
    filter: EventFilter,
    lastEventId: string | undefined,
    check: () => Promise<unknown>,
  ): Promise<void> {
    if (this.#closed) throw new MusterError('SHUTTING_DOWN', 'the server is stopping');
    if (this.#open.size >= (this.#options.maxStreams ?? MAX_STREAMS)) {
      throw new MusterError('RATE_LIMITED', `${this.#open.size} event streams are open, which is the limit`, {
        data: { retryAfterSeconds: 15 },
      });
    }
    const { events, tail, log } = this.#options;
    const first = await EventStream.first(events, lastEventId);
    reply.hijack();
    const response = reply.raw;
    response.writeHead(200, {
      ...(reply.getHeaders() as Record<string, string>),
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // Tells nginx not to hold events back.
      'x-accel-buffering': 'no',
    });
    response.write('retry: 1000\n\n');
    const stream = new EventStream({ events, tail, filter, response });
    const entry: Open = { stream, check };
    this.#open.add(entry);
    response.once('close', () => this.#forget(entry));
    this.#pings ??= setInterval(() => this.#ping(), this.#options.pingMs ?? PING_MS);
    stream.join(first).catch((error: unknown) => {
      // The reader comes back with its place, and is then told what is wrong.
      log.debug({ error: messageOf(error), request_id: request.id }, 'an event stream broke while it caught up');
      response.destroy();
    });
  }

  /** Ends the streams whose credential is no longer in force. */
  async recheck(): Promise<void> {
    await Promise.all(
      [...this.#open].map(async ({ stream, check }) => {
        try {
          await check();
        } catch (error) {
          // Only a plain no ends it: a database that is away says nothing about anybody's rights.
          if (isMusterError(error, 'UNAUTHENTICATED') || isMusterError(error, 'FORBIDDEN')) stream.end();
        }
      }),
    );
  }

  /** Ends all streams; none is opened afterwards. */
  close(): void {
    this.#closed = true;
    for (const { stream } of this.#open) stream.end();
  }

  #ping(): void {
    for (const { stream } of this.#open) stream.ping();
    void this.recheck();
  }

  #forget(entry: Open): void {
    this.#open.delete(entry);
    if (this.#open.size > 0) return;
    clearInterval(this.#pings);
    this.#pings = undefined;
  }
}
