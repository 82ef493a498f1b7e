import type { TickProgress } from '../state/agents.ts';

/** Where it is written how far an agent is with its ticks: for a host in the database, for a test in memory. */
export interface TickBook {
  readonly progress: TickProgress;
  /**
   * Writes down, before the run, that this tick is begun. False: somebody has begun it, or it is no longer ours to begin.
   * Throws where it cannot be written now.
   */
  claim(tick: number, schedule: string): Promise<boolean>;
  /** The same for a schedule that claims nothing: it is told with the next beat. */
  begin(tick: number): void;
  /** The run for this tick has come to an end, well or badly. */
  end(tick: number): void;
  /** Under another schedule than before nothing is owed yet: what passed until `now` is settled. */
  renew(schedule: string, now: number): Promise<void>;
}

/** Kept in memory, for one agent that nobody else runs. */
export class MemoryTicks implements TickBook {
  #progress: TickProgress;

  constructor(progress: Partial<TickProgress> = {}) {
    this.#progress = { begun: null, done: null, schedule: null, activeSince: Number.NEGATIVE_INFINITY, ...progress };
  }

  get progress(): TickProgress {
    return this.#progress;
  }

  claim(tick: number, schedule: string): Promise<boolean> {
    this.#progress = { ...this.#progress, begun: tick, schedule };
    return Promise.resolve(true);
  }

  begin(tick: number): void {
    this.#progress = { ...this.#progress, begun: tick };
  }

  end(tick: number): void {
    this.#progress = { ...this.#progress, done: tick };
  }

  renew(schedule: string, now: number): Promise<void> {
    this.#progress = { ...this.#progress, schedule, done: now };
    return Promise.resolve();
  }
}
