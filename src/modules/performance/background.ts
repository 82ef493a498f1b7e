import { messageOf } from '../../base/errors.ts';
import type { AdviceBook, CollectorStatus, RoundContext, Rounds } from './rounds.ts';
import type { Reading } from './reading.ts';

/** What one collection gave, at the time it began. */
export interface Collected {
  readonly at: number;
  readonly readings: readonly Reading[];
}

/** Collections that nobody came for; the oldest go. */
const MOST_WAITING = 20;

/**
 * Rounds beside the runs of the monitor: a server that is slow or away keeps nobody else waiting. One collection at a time; what
 * it gave is there for the next run, with the time it began.
 */
export class Background {
  readonly #rounds: Rounds;
  #busy: Promise<void> | undefined;
  #waiting: Collected[] = [];
  #failure: string | undefined;

  constructor(rounds: Rounds) {
    this.#rounds = rounds;
  }

  /** Begins a collection unless one is under way. */
  begin(at: number, context: RoundContext): void {
    this.#busy ??= this.#collect(at, context).finally(() => {
      this.#busy = undefined;
    });
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    await this.#busy;
  }

  take(): readonly Collected[] {
    const taken = this.#waiting;
    this.#waiting = [];
    return taken;
  }

  /** Why the rounds themselves failed last, which none of their collectors can. */
  get failure(): string | undefined {
    return this.#failure;
  }

  status(): readonly CollectorStatus[] {
    return this.#rounds.status();
  }

  advice(): AdviceBook {
    return this.#rounds.advice();
  }

  /** Whether the database answered when it was last asked. */
  get answers(): boolean {
    return this.#rounds.answers;
  }

  stop(): void {
    this.#rounds.stop();
  }

  async #collect(at: number, context: RoundContext): Promise<void> {
    try {
      this.#waiting.push({ at, readings: await this.#rounds.collect(at, context) });
      this.#failure = undefined;
      if (this.#waiting.length > MOST_WAITING) this.#waiting.shift();
    } catch (error) {
      this.#failure = messageOf(error);
      context.log.error({ err: error }, 'a collection beside the runs failed');
    }
  }
}
