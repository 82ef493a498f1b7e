import type { EventRecord } from '../state/events.ts';
import { matches, type EventPattern } from './event-pattern.ts';

/** Events given to one run at most; the others go to the next. */
export const MOST_EVENTS_A_RUN = 100;

/** Where the events come from that an agent runs on: for a host from the fleet's stream, for a test from the test. */
export interface EventSource {
  /** From now on events of these patterns; `arrived` is called when some wait. No patterns: none. */
  follow(patterns: readonly EventPattern[], arrived: () => void): void;
  /** The oldest that wait. They go on waiting until they are settled. */
  waiting(most: number): readonly EventRecord[];
  /** So many of the oldest have had their run. */
  settle(count: number): void;
}

/** The longest chain among the events of a run, with one more for what the run tells. */
export const hopsAfter = (events: readonly EventRecord[]): number => events.reduce((most, event) => Math.max(most, event.hops + 1), 0);

/** Events kept in memory, for one agent that nobody else runs. */
export class MemoryEvents implements EventSource {
  #patterns: readonly EventPattern[] = [];
  #arrived: () => void = () => undefined;
  #waiting: EventRecord[] = [];

  /** Returns whether the agent runs on such an event. */
  deliver(event: EventRecord): boolean {
    if (!matches(this.#patterns, event.type)) return false;
    this.#waiting.push(event);
    this.#arrived();
    return true;
  }

  follow(patterns: readonly EventPattern[], arrived: () => void): void {
    this.#patterns = patterns;
    this.#arrived = arrived;
  }

  waiting(most: number): readonly EventRecord[] {
    return this.#waiting.slice(0, most);
  }

  settle(count: number): void {
    this.#waiting = this.#waiting.slice(count);
  }
}
