import type { TickBook } from '../../agent/tick-book.ts';
import type { TickProgress } from '../../state/agents.ts';
import type { Asking } from './asking.ts';
import type { ToHost } from './protocol.ts';

/** What the host answers when a tick was asked for. */
export interface TickGrant {
  readonly granted: boolean;
  readonly progress: TickProgress;
}

/** The book of ticks as an isolated agent has it: kept by its host, known here. */
export class RemoteTicks implements TickBook {
  readonly #asking: Asking;
  readonly #send: (message: ToHost) => void;
  #progress: TickProgress;

  constructor(progress: TickProgress, asking: Asking, send: (message: ToHost) => void) {
    this.#progress = progress;
    this.#asking = asking;
    this.#send = send;
  }

  get progress(): TickProgress {
    return this.#progress;
  }

  /** The agent may have been paused and resumed. */
  take(activeSince: number): void {
    this.#progress = { ...this.#progress, activeSince };
  }

  async claim(tick: number, schedule: string): Promise<boolean> {
    const { granted, progress } = (await this.#asking.ask('ticks.claim', [tick, schedule])) as TickGrant;
    this.#progress = progress;
    return granted;
  }

  begin(tick: number): void {
    this.#progress = { ...this.#progress, begun: tick };
    this.#send({ kind: 'tick', tick, what: 'begun' });
  }

  end(tick: number): void {
    this.#progress = { ...this.#progress, done: tick };
    this.#send({ kind: 'tick', tick, what: 'ended' });
  }

  async renew(schedule: string, now: number): Promise<void> {
    const { progress } = (await this.#asking.ask('ticks.renew', [schedule, now])) as TickGrant;
    this.#progress = progress;
  }
}
