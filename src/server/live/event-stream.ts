import type { ServerResponse } from 'node:http';
import type { EventCursor, Events, StreamedEvent } from '../../state/events.ts';
import { eventView } from '../views.ts';
import type { EventTail } from './event-tail.ts';

const CATCH_UP_BATCH = 500;
/** What may wait for a slow reader before it is cut off; it resumes where it was when it comes back. */
const MAX_UNSENT_BYTES = 1_048_576;
const MAX_BUFFERED_EVENTS = 10_000;
const MAX_STALLED_PINGS = 3;

export interface EventFilter {
  readonly type: string | undefined;
  readonly agentId: string | undefined;
}

export interface EventStreamOptions {
  readonly events: Pick<Events, 'since'>;
  readonly tail: EventTail;
  readonly filter: EventFilter;
  readonly response: ServerResponse;
}

/** Events, and the place after them. */
type Page = Awaited<ReturnType<Events['since']>>;

/**
 * One reader of the event stream. It first catches up from the place it names, then joins the tail that all readers share: it
 * reads up to the very place of the tail, and goes on with what the tail has said since. So each event it is sent has
 * everything before it behind it, and it may be cut off after any of them.
 */
export class EventStream {
  readonly #options: EventStreamOptions;
  #unfollow: () => void = () => undefined;
  /** Events of the tail that came while this reader still catches up. Undefined: it has caught up. */
  #kept: StreamedEvent[] | undefined = [];
  #stalledPings = 0;

  constructor(options: EventStreamOptions) {
    this.#options = options;
    options.response.once('close', () => this.#unfollow());
  }

  /**
   * What comes after a reader's place; without one, the present as its place. Read before the stream opens, so that
   * BAD_CURSOR, or a database that is away, is still an answer.
   */
  static first(events: Pick<Events, 'since'>, place: EventCursor | undefined): Promise<Page> {
    return events.since(place, CATCH_UP_BATCH);
  }

  /** Resolves when the reader is up to date and follows the tail. */
  async join(first: Page): Promise<void> {
    const { events, tail, response } = this.#options;
    let page = first;
    while (page.items.length === CATCH_UP_BATCH && !response.destroyed) {
      await this.#sendPage(page.items);
      page = await events.since(page.cursor, CATCH_UP_BATCH);
    }
    await this.#sendPage(page.items);
    // A reader resumes from here even if it never gets an event.
    this.#write(`id: ${page.cursor}\n\n`);
    if (response.destroyed) return;
    this.#unfollow = tail.follow((items) => this.#hear(items));
    await tail.settled();
    if (response.destroyed) return;
    const meeting = tail.cursor;
    // Another database has taken the place of the one we knew: the reader comes back, and is told.
    if (meeting === undefined) return this.#cutOff();
    this.#kept = [];
    do {
      page = await events.since(page.cursor, CATCH_UP_BATCH, meeting);
      await this.#sendPage(page.items);
    } while (page.items.length === CATCH_UP_BATCH && !response.destroyed);
    const kept = this.#kept;
    this.#kept = undefined;
    this.#send(kept);
  }

  /** Shows that the line is alive, and moves the reader's place on, past events that its filter left out. */
  ping(): void {
    // A peer that vanished without a word takes nothing any more; TCP alone would wait for a quarter of an hour.
    this.#stalledPings = this.#options.response.writableNeedDrain ? this.#stalledPings + 1 : 0;
    if (this.#stalledPings > MAX_STALLED_PINGS) return this.#cutOff();
    this.#write(': ping\n\n');
    this.#tellPlace();
  }

  end(): void {
    this.#unfollow();
    this.#options.response.end();
  }

  /** Only while this reader and the tail are at the same place: before, the tail's is not yet this reader's. */
  #tellPlace(): void {
    const { cursor } = this.#options.tail;
    if (this.#kept === undefined && cursor !== undefined) this.#write(`id: ${cursor}\n\n`);
  }

  #hear(items: readonly StreamedEvent[]): void {
    if (this.#kept === undefined) this.#send(items);
    else if (this.#kept.length + items.length <= MAX_BUFFERED_EVENTS) this.#kept.push(...items);
    else this.#cutOff();
  }

  #send(items: readonly StreamedEvent[]): void {
    const text = items.filter((event) => this.#wants(event)).map(render);
    if (text.length > 0) this.#write(text.join(''));
  }

  /** As #send, but waits for a reader that is merely slow: what it catches up with is not lost by waiting. */
  async #sendPage(items: readonly StreamedEvent[]): Promise<void> {
    const { response } = this.#options;
    const text = items.filter((event) => this.#wants(event)).map(render);
    if (text.length === 0 || response.destroyed || response.write(text.join(''))) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        response.off('drain', done);
        response.off('close', done);
        resolve();
      };
      response.once('drain', done);
      response.once('close', done);
    });
  }

  #wants(event: StreamedEvent): boolean {
    const { type, agentId } = this.#options.filter;
    return (type === undefined || event.type === type) && (agentId === undefined || event.agentId === agentId);
  }

  #write(text: string): void {
    const { response } = this.#options;
    if (response.destroyed || response.writableEnded) return;
    response.write(text);
    if (response.writableLength > MAX_UNSENT_BYTES) this.#cutOff();
  }

  #cutOff(): void {
    this.#unfollow();
    this.#options.response.destroy();
  }
}

const rendered = new WeakMap<StreamedEvent, string>();

/** An event as it goes over the wire; rendered once for all readers. */
function render(event: StreamedEvent): string {
  const known = rendered.get(event);
  if (known !== undefined) return known;
  const text = `id: ${event.cursor}\nevent: ${event.type}\ndata: ${JSON.stringify(eventView(event))}\n\n`;
  rendered.set(event, text);
  return text;
}
