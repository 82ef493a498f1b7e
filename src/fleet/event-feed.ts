import { matches, type EventPattern } from '../agent/event-pattern.ts';
import type { EventSource } from '../agent/event-source.ts';
import type { Clock } from '../base/clock.ts';
import { isMusterError } from '../base/errors.ts';
import type { AgentId, HostId } from '../base/ids.ts';
import type { Logger } from '../base/logger.ts';
import type { EventCursors } from '../state/event-cursors.ts';
import { liesBehind, type EventCursor, type EventRecord, type Events, type StreamedEvent } from '../state/events.ts';
import type { Fence } from '../state/fence.ts';

const PAGE = 500;
/** Events that wait for one agent at most; beyond it the stream is read again when they have had their runs. */
const MOST_WAITING = 1_000;
/** An event that is so many runs away from one that no run told sets nobody off: agents that answer each other come to rest. */
export const MOST_HOPS = 8;
/** An agent that nothing concerns is moved on this often, so that its next holder need not read far back. */
const IDLE_ADVANCE_MS = 30_000;

export interface EventFeedOptions {
  readonly events: Pick<Events, 'since'>;
  readonly cursors: EventCursors;
  readonly hostId: HostId;
  readonly clock: Clock;
  readonly log: Logger;
  readonly trusted: () => boolean;
  /** There is something to read or to write. */
  readonly wake: () => void;
}

/** An agent of this host that runs on events. */
interface Follower {
  readonly fence: Fence;
  readonly activeSince: () => number;
  readonly held: () => boolean;
  patterns: readonly EventPattern[];
  arrived: () => void;
  /** Of its own until it has caught up with the others: it reads from here; undefined: its place is not known yet. */
  from: EventCursor | undefined;
  /** It has caught up, there: what the common stream shows again of what lies behind is not for it. */
  joined: EventCursor | undefined;
  /** Up to here everything that concerns it had its run. */
  done: EventCursor | undefined;
  waiting: StreamedEvent[];
  dirty: boolean;
}

/**
 * The event stream as the agents of one host follow it: read once for all of them from where they are, each with a place of
 * its own that is written down when its events have had their runs. So every event that concerns an agent sets it off at
 * least once, whichever hosts it was on meanwhile. Costs nothing while no agent runs on events.
 */
export class EventFeed {
  readonly #options: EventFeedOptions;
  readonly #followers = new Map<AgentId, Follower>();
  /** Places of agents that left, still to be written. */
  #left: (Fence & { readonly cursor: EventCursor })[] = [];
  /** Up to where the common stream was read. */
  #at: EventCursor | undefined;
  #advancedAt = Number.NEGATIVE_INFINITY;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: EventFeedOptions) {
    this.#options = options;
  }

  /** What one agent follows, under one lease. */
  source(fence: Fence, held: () => boolean, activeSince: () => number): EventSource {
    return {
      follow: (patterns, arrived) => this.#follow(fence, held, activeSince, patterns, arrived),
      waiting: (most) => this.#waiting(fence, most),
      settle: (count) => this.#settle(fence, count),
    };
  }

  #own(fence: Fence): Follower | undefined {
    const follower = this.#followers.get(fence.agentId);
    return follower?.fence.epoch === fence.epoch ? follower : undefined;
  }

  #follow(fence: Fence, held: () => boolean, activeSince: () => number, patterns: readonly EventPattern[], arrived: () => void): void {
    const known = this.#own(fence);
    if (known !== undefined) {
      known.arrived = arrived;
      known.patterns = patterns;
      if (patterns.length === 0) this.#followers.delete(fence.agentId);
    } else if (patterns.length > 0) {
      const fresh = { from: undefined, joined: undefined, done: undefined, waiting: [], dirty: false };
      this.#followers.set(fence.agentId, { fence, held, activeSince, patterns, arrived, ...fresh });
      this.#options.wake();
    }
  }

  #waiting(fence: Fence, most: number): readonly EventRecord[] {
    const follower = this.#own(fence);
    if (follower === undefined) return [];
    const since = follower.activeSince();
    // Gathered while it was paused.
    if ((follower.waiting[0]?.ts ?? since) < since) follower.waiting = follower.waiting.filter((event) => event.ts >= since);
    return follower.waiting.slice(0, most);
  }

  #settle(fence: Fence, count: number): void {
    const follower = this.#own(fence);
    const last = follower?.waiting[count - 1];
    if (follower === undefined || last === undefined) return;
    follower.waiting = follower.waiting.slice(count);
    follower.done = last.cursor;
    follower.dirty = true;
    this.#options.wake();
  }

  /** Reads what is new and hands it out; writes down who has got how far. */
  async step(): Promise<void> {
    this.#dropLeft();
    if (!this.#options.trusted()) return;
    if (this.#followers.size > 0) {
      await this.#open();
      await this.#catchUp();
      await this.#readOn();
    }
    await this.flush();
  }

  #dropLeft(): void {
    for (const [agent, follower] of this.#followers) {
      if (follower.held()) continue;
      this.#followers.delete(agent);
      if (follower.dirty && follower.done !== undefined) this.#left.push({ ...follower.fence, cursor: follower.done });
    }
    if (this.#followers.size === 0) this.#at = undefined;
  }

  /** Looks up the places of agents that are new here. */
  async #open(): Promise<void> {
    const fresh = [...this.#followers.values()].filter((follower) => follower.from === undefined && follower.joined === undefined);
    if (fresh.length === 0) return;
    const { cursors, events, hostId } = this.#options;
    const { cursor: present } = await events.since(undefined, 1);
    const places = await cursors.open(
      hostId,
      fresh.map(({ fence }) => fence),
      present,
    );
    for (const follower of fresh) follower.from = places.get(follower.fence.agentId);
  }

  /** Those that are behind read on their own, together where they are at one place, until nothing is new. */
  async #catchUp(): Promise<void> {
    const behind = new Map<EventCursor, Follower[]>();
    for (const follower of this.#followers.values()) {
      if (follower.from === undefined || follower.waiting.length >= MOST_WAITING / 2) continue;
      behind.set(follower.from, [...(behind.get(follower.from) ?? []), follower]);
    }
    for (const [from, followers] of behind) {
      const { items, cursor } = await this.#read(from);
      for (const follower of followers) {
        if (!this.#offer(follower, items, from)) continue;
        follower.from = cursor;
        if (items.length === PAGE) this.#options.wake();
        else this.#join(follower, cursor);
      }
    }
  }

  #join(follower: Follower, cursor: EventCursor): void {
    follower.from = undefined;
    follower.joined = cursor;
    this.#at ??= cursor;
  }

  async #readOn(): Promise<void> {
    const joined = [...this.#followers.values()].filter(({ joined: place }) => place !== undefined);
    const from = this.#at;
    if (from === undefined || joined.length === 0) return;
    const { items, cursor } = await this.#read(from);
    for (const follower of joined) {
      const place = follower.joined;
      const fresh = place === undefined ? items : items.filter((event) => !liesBehind(place, event));
      if (!this.#offer(follower, fresh, from)) follower.joined = undefined;
      // Only at the end of what there is: in the middle of it the common place may lie before the follower's own.
      else if (items.length < PAGE) follower.joined = cursor;
    }
    this.#at = cursor;
    if (items.length === PAGE) this.#options.wake();
  }

  async #read(from: EventCursor): ReturnType<Events['since']> {
    const { events, log } = this.#options;
    try {
      return await events.since(from, PAGE);
    } catch (error) {
      if (!isMusterError(error, 'BAD_CURSOR')) throw error;
      log.warn({ err: error }, 'the event stream is not the one it was: agents that run on events go on from its present');
      return events.since(undefined, PAGE);
    }
  }

  /** False: there are more than can wait; it goes on reading by itself, from the last one that was taken. */
  #offer(follower: Follower, items: readonly StreamedEvent[], before: EventCursor | undefined): boolean {
    let place = before;
    const had = follower.waiting.length;
    let all = true;
    for (const event of items) {
      if (this.#concerns(follower, event)) {
        if (follower.waiting.length >= MOST_WAITING) {
          follower.from = place;
          all = false;
          break;
        }
        follower.waiting.push(event);
      }
      place = event.cursor;
    }
    if (follower.waiting.length > had) follower.arrived();
    return all;
  }

  #concerns({ fence, patterns, activeSince }: Follower, event: StreamedEvent): boolean {
    // Its own would set it off for ever, and what happened while it was not to run is not made up.
    if (!matches(patterns, event.type) || event.agentId === fence.agentId || event.ts < activeSince()) return false;
    if (event.hops < MOST_HOPS) return true;
    this.#options.log.warn(
      { agent_id: fence.agentId, event: event.type },
      'agents set each other off: an event at the end of a long chain sets nobody off',
    );
    return false;
  }

  /** Writes the places of agents that are about to be given back, as far as that goes in this time. */
  async flushWithin(ms: number): Promise<void> {
    this.#dropLeft();
    const over = new AbortController();
    // What fails here is met again by the next step, or has the last events run again.
    void this.flush().then(
      () => over.abort(),
      () => over.abort(),
    );
    await this.#options.clock.sleep(ms, over.signal).catch(() => undefined);
  }

  /** Writes down who has got how far; now and then also for those whom nothing concerned. Throws what the database throws. */
  flush(): Promise<void> {
    this.#writing = this.#writing.catch(() => undefined).then(() => this.#flush());
    return this.#writing;
  }

  async #flush(): Promise<void> {
    const { clock, cursors, hostId } = this.#options;
    const now = clock.monotonic();
    const isTime = now - this.#advancedAt >= IDLE_ADVANCE_MS;
    if (isTime) this.#advancedAt = now;
    const moved: Follower[] = [];
    for (const follower of this.#followers.values()) {
      if (isTime && follower.joined !== undefined && follower.joined === this.#at && follower.waiting.length === 0) {
        follower.done = follower.joined;
        follower.dirty = true;
      }
      if (follower.dirty) moved.push(follower);
    }
    const places = moved.flatMap(({ done, fence }) => (done === undefined ? [] : [{ ...fence, cursor: done }]));
    const left = this.#left;
    this.#left = [];
    for (const follower of moved) follower.dirty = false;
    try {
      await cursors.advance(hostId, [...left, ...places]);
    } catch (error) {
      this.#left = [...left, ...this.#left];
      for (const follower of moved) follower.dirty = true;
      throw error;
    }
  }
}
