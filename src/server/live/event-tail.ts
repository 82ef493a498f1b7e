import { isMusterError, messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { Wake } from '../../base/wake.ts';
import type { EventCursor, Events, StreamedEvent } from '../../state/events.ts';
import { Nudge } from './nudge.ts';

/** What wakes readers early; without it they poll. */
export interface WakeSource extends Wake {
  status?(): unknown;
}

const POLL_MS = 1_000;
const BATCH = 500;

export interface EventTailOptions {
  readonly events: Pick<Events, 'since'>;
  readonly wake: WakeSource;
  readonly log: Logger;
}

/** Takes events as they come, in order. */
export type EventListener = (events: readonly StreamedEvent[]) => void;

/** One life of the tail, from its first follower to its last. */
interface Run {
  readonly nudge: Nudge;
  over: boolean;
  cursor: EventCursor | undefined;
  /** Those who wait for a read that begins after they asked. */
  waiting: (() => void)[];
}

/**
 * The end of the event stream, read once for however many follow it, and only while somebody does. A wake-up shortens the
 * poll of one second.
 */
export class EventTail {
  readonly #options: EventTailOptions;
  readonly #listeners = new Set<EventListener>();
  #run: Run | undefined;
  #ended: Promise<unknown> = Promise.resolve();

  constructor(options: EventTailOptions) {
    this.#options = options;
  }

  get followers(): number {
    return this.#listeners.size;
  }

  /** The place up to which events have been handed out. */
  get cursor(): EventCursor | undefined {
    return this.#run?.cursor;
  }

  /** Hears every event that is read from now on. Returns the way to stop. */
  follow(listener: EventListener): () => void {
    this.#listeners.add(listener);
    if (this.#run === undefined) {
      const run: Run = { nudge: new Nudge(), over: false, cursor: undefined, waiting: [] };
      this.#run = run;
      this.#ended = Promise.all([this.#ended, this.#read(run)]);
    }
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#end();
    };
  }

  /** Resolves when all that was committed before this call has been handed out, or nobody follows any more. */
  settled(): Promise<void> {
    const run = this.#run;
    if (run === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      run.waiting.push(resolve);
      run.nudge.nudge();
    });
  }

  async close(): Promise<void> {
    this.#listeners.clear();
    this.#end();
    await this.#ended;
  }

  #end(): void {
    const run = this.#run;
    if (run === undefined) return;
    this.#run = undefined;
    run.over = true;
    run.nudge.nudge();
  }

  async #read(run: Run): Promise<void> {
    const unsubscribe = this.#options.wake.on('events', () => run.nudge.nudge());
    try {
      while (!run.over) await run.nudge.pause(await this.#step(run));
    } finally {
      unsubscribe();
      for (const done of run.waiting.splice(0)) done();
    }
  }

  /** One read; the time until the next. */
  async #step(run: Run): Promise<number> {
    const waiting = run.waiting.splice(0);
    try {
      const { items, cursor } = await this.#options.events.since(run.cursor, BATCH);
      if (run.over) return 0;
      run.cursor = cursor;
      if (items.length > 0) for (const listener of this.#listeners) listener(items);
      if (items.length < BATCH) for (const done of waiting.splice(0)) done();
      return items.length < BATCH ? POLL_MS : 0;
    } catch (error) {
      this.#options.log.warn({ error: messageOf(error) }, 'the event stream cannot be read; it goes on where it was');
      // Another database has taken the place of the one we knew: from its present on.
      if (isMusterError(error, 'BAD_CURSOR')) run.cursor = undefined;
      return POLL_MS;
    } finally {
      run.waiting.unshift(...waiting);
    }
  }
}
