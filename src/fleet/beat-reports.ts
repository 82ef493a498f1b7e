import type { AgentId } from '../base/ids.ts';
import type { AgentBeat, BeatResult } from '../state/hosts.ts';

/**
 * An agent that has nothing new to say is reported this often all the same: its history keeps a row a minute, and a report
 * that was overtaken by an older one on its way is put right. Two beats short of a minute, so that no minute goes without.
 */
const refreshMsOf = (beatMs: number): number => Math.max(60_000 - 2 * beatMs, beatMs);

/** What a beat tells of the agents. */
export interface Reports {
  readonly beats: readonly AgentBeat[];
  /** Whether all agents are among them. */
  readonly complete: boolean;
}

interface Told {
  readonly beat: AgentBeat;
  /** When it is told again without a change. */
  readonly dueAt: number;
}

/**
 * Which agents a beat has to speak of: those whose report changed since a beat that was confirmed, those whose turn it is, and
 * all of them while it is not certain that the database has the same agents under this host as the host itself. The cost of a
 * beat grows with what happens and not with the number of agents (10,000 agents at rest: 180 rows a second instead of 5,000).
 */
export class BeatReports {
  readonly #refreshMs: number;
  readonly #random: () => number;
  #told = new Map<AgentId, Told>();
  /** What the database said of the agents held when it last had them all compared; undefined: they must be compared. */
  #holding: string | undefined;

  constructor(options: { readonly beatMs: number; readonly random: () => number }) {
    this.#refreshMs = refreshMsOf(options.beatMs);
    this.#random = options.random;
  }

  /** What to tell now, of all the agents there are. */
  next(agents: readonly AgentBeat[], now: number): Reports {
    if (this.#holding === undefined || !this.#knows(agents)) return { beats: agents, complete: true };
    return { beats: agents.filter((beat) => this.#isDue(beat, now)), complete: false };
  }

  /** After an answer. False: the agents held are not those that were compared, so all of them must be told at once. */
  confirmed({ beats, complete }: Reports, { holding, lost, untold }: BeatResult, now: number): boolean {
    if (complete) this.#told = new Map();
    const again = new Set(untold);
    for (const beat of beats) this.#told.set(beat.agentId, { beat, dueAt: again.has(beat.agentId) ? now : this.#dueAt(beat, now) });
    for (const agent of lost) this.#told.delete(agent);
    if (complete) this.#holding = holding;
    else if (holding !== this.#holding) this.#holding = undefined;
    return this.#holding !== undefined;
  }

  /** Whether these are, at these epochs, the agents that were told of. */
  #knows(agents: readonly AgentBeat[]): boolean {
    return agents.length === this.#told.size && agents.every(({ agentId, epoch }) => this.#told.get(agentId)?.beat.epoch === epoch);
  }

  #isDue(beat: AgentBeat, now: number): boolean {
    const told = this.#told.get(beat.agentId);
    return told === undefined || now >= told.dueAt || !isSame(told.beat, beat);
  }

  /** The first time at a moment of its own: agents that were claimed together do not come together ever after. */
  #dueAt(beat: AgentBeat, now: number): number {
    return now + (this.#told.has(beat.agentId) ? this.#refreshMs : this.#random() * this.#refreshMs);
  }
}

function isSame(a: AgentBeat, b: AgentBeat): boolean {
  const keys = Object.keys(b) as (keyof AgentBeat)[];
  return keys.every((key) => a[key] === b[key]);
}
