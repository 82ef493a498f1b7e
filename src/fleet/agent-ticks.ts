import type { TickBook } from '../agent/tick-book.ts';
import type { Fence } from '../state/fence.ts';
import type { TickProgress } from '../state/agents.ts';
import type { TickClaims } from './tick-claims.ts';

/** How far an agent is with its ticks under one lease: as its row says, and on from there; told by beats, claimed where it must be. */
export class AgentTicks implements TickBook {
  readonly #fence: Fence;
  readonly #claims: TickClaims;
  /** A claimed tick has come to its end: the sooner it is told, the less is run again after a crash. */
  readonly #ended: () => void;
  #progress: TickProgress;

  constructor(options: {
    readonly fence: Fence;
    readonly claims: TickClaims;
    readonly progress: TickProgress;
    readonly ended: () => void;
  }) {
    this.#fence = options.fence;
    this.#claims = options.claims;
    this.#ended = options.ended;
    this.#progress = options.progress;
  }

  get progress(): TickProgress {
    return this.#progress;
  }

  /** Takes the row as it is now: the agent may have been paused and resumed. */
  take({ activeSince }: TickProgress): void {
    this.#progress = { ...this.#progress, activeSince };
  }

  async claim(tick: number, schedule: string): Promise<boolean> {
    const answer = await this.#claims.claim({ agentId: this.#fence.agentId, epoch: this.#fence.epoch, tick, schedule });
    if (answer === undefined) return false;
    if (answer.granted) this.#progress = { ...this.#progress, begun: tick, schedule };
    // Refused: somebody is further than we knew.
    else this.#progress = { ...this.#progress, begun: answer.begun, done: answer.done };
    return answer.granted;
  }

  begin(tick: number): void {
    this.#progress = { ...this.#progress, begun: tick };
  }

  end(tick: number): void {
    const { begun, schedule } = this.#progress;
    this.#progress = { ...this.#progress, done: tick };
    if (schedule !== null && begun === tick) this.#ended();
  }

  async renew(schedule: string, now: number): Promise<void> {
    const answer = await this.#claims.claim({ agentId: this.#fence.agentId, epoch: this.#fence.epoch, tick: null, schedule });
    if (answer?.granted === true) this.#progress = { ...this.#progress, schedule, done: now };
  }
}
