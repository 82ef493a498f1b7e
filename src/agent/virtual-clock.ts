import type { Clock } from '../base/clock.ts';

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/** A clock that moves only when it is told to. */
export class VirtualClock implements Clock {
  readonly #startedAt: number;
  #now: number;
  readonly #sleepers = new Set<Sleeper>();

  constructor(startAt: number | Date = Date.UTC(2026, 0, 1)) {
    this.#startedAt = Number(startAt);
    this.#now = this.#startedAt;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now - this.#startedAt;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      const sleeper: Sleeper = {
        at: this.#now + Math.max(0, ms),
        wake: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      const onAbort = (): void => {
        this.#sleepers.delete(sleeper);
        reject(signal?.reason as Error);
      };
      this.#sleepers.add(sleeper);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** How many sleep. */
  get sleepers(): number {
    return this.#sleepers.size;
  }

  /** When the next sleeper wakes. */
  get nextAt(): number | undefined {
    let next: number | undefined;
    for (const sleeper of this.#sleepers) if (next === undefined || sleeper.at < next) next = sleeper.at;
    return next;
  }

  /** Moves on by `ms`; whoever's time comes wakes in order, and what that sets off is given time to happen. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settled();
    for (let next = this.nextAt; next !== undefined && next <= end; next = this.nextAt) {
      await this.advanceTo(next);
    }
    this.#now = Math.max(this.#now, end);
    await settled();
  }

  /** Jumps to `time`, never back, and wakes everybody who was due. */
  async advanceTo(time: number): Promise<void> {
    this.#now = Math.max(this.#now, time);
    const due = [...this.#sleepers].filter((sleeper) => sleeper.at <= this.#now).toSorted((a, b) => a.at - b.at);
    for (const sleeper of due) {
      this.#sleepers.delete(sleeper);
      sleeper.wake();
      await settled();
    }
  }
}

/** Lets promises and immediates that are ready run: code that waits for nothing outside the process comes to rest. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
