import type { EventPattern } from '../../agent/event-pattern.ts';
import { MOST_EVENTS_A_RUN, type EventSource } from '../../agent/event-source.ts';
import type { EventRecord } from '../../state/events.ts';

/**
 * Gives an isolated agent the events it runs on, as many as one run takes, and the next when those have had theirs: more would
 * only wait over there. What it has and does not come to goes on waiting here, for its next life or its next host.
 */
export class Portions {
  readonly #source: EventSource;
  readonly #give: (events: readonly EventRecord[]) => void;
  #given = 0;
  #over = false;

  constructor(source: EventSource, give: (events: readonly EventRecord[]) => void) {
    this.#source = source;
    this.#give = give;
  }

  follow(patterns: readonly EventPattern[]): void {
    if (patterns.length === 0) this.#given = 0;
    this.#source.follow(patterns, () => this.#next());
    this.#next();
  }

  /** So many of those it has have had their run. */
  settle(count: number): void {
    const settled = Math.min(count, this.#given);
    this.#given -= settled;
    if (settled > 0) this.#source.settle(settled);
    this.#next();
  }

  /** The agent is no more. */
  end(): void {
    this.#over = true;
  }

  #next(): void {
    if (this.#given > 0 || this.#over) return;
    const events = this.#source.waiting(MOST_EVENTS_A_RUN);
    this.#given = events.length;
    if (events.length > 0) this.#give(events);
  }
}
