import type { EventPattern } from '../../agent/event-pattern.ts';
import type { EventSource } from '../../agent/event-source.ts';
import type { EventRecord } from '../../state/events.ts';
import type { ToHost } from './protocol.ts';

/** The events an isolated agent runs on: its host reads the stream and gives them in portions. */
export class RemoteEvents implements EventSource {
  readonly #send: (message: ToHost) => void;
  #waiting: readonly EventRecord[] = [];
  #follows = false;
  #arrived: () => void = () => undefined;

  constructor(send: (message: ToHost) => void) {
    this.#send = send;
  }

  follow(patterns: readonly EventPattern[], arrived: () => void): void {
    this.#arrived = arrived;
    if (patterns.length === 0 && !this.#follows) return;
    this.#follows = patterns.length > 0;
    if (!this.#follows) this.#waiting = [];
    this.#send({ kind: 'follow', patterns });
  }

  /** The next portion. */
  take(events: readonly EventRecord[]): void {
    if (!this.#follows) return;
    this.#waiting = [...this.#waiting, ...events];
    this.#arrived();
  }

  waiting(most: number): readonly EventRecord[] {
    return this.#waiting.slice(0, most);
  }

  settle(count: number): void {
    this.#waiting = this.#waiting.slice(count);
    this.#send({ kind: 'dealt', events: count });
  }
}
