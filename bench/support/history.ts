/** One effect of an agent, as it stands in the database. */
export interface Effect {
  readonly agent: string;
  readonly host: string;
  readonly epoch: number;
  /** Counted by the holder, from 1 under every epoch. */
  readonly seq: number;
  /** When it was committed, milliseconds since 1970 by the database's clock. */
  readonly at: number;
}

/** An agent got a new holder. */
export interface Acquisition {
  readonly agent: string;
  readonly host: string;
  readonly epoch: number;
  readonly at: number;
}

/** The last effect that a holder was told is committed; it wrote one after the other. */
export interface Acknowledged {
  readonly agent: string;
  readonly epoch: number;
  readonly seq: number;
}

export interface History {
  readonly effects: readonly Effect[];
  readonly acquisitions: readonly Acquisition[];
  readonly acknowledged: readonly Acknowledged[];
}

export interface Verdict {
  /** Effects of a holder that were committed after the next one had been given the agent. */
  readonly stale: readonly Effect[];
  /** Effects in whose order of commit the epoch of their agent goes back: two holders at once, in effect. */
  readonly overlapping: readonly Effect[];
  /** Epochs that two hosts had, or that a host wrote under without having been given the agent. */
  readonly impostors: readonly Effect[];
  /** Writes that were acknowledged and are not there. */
  readonly missing: readonly Acknowledged[];
}

/** Judges what happened to each agent by what was committed, and in which order: not by what anybody believed. */
export function judgeHistory({ effects, acquisitions, acknowledged }: History): Verdict {
  const given = new Map<string, Acquisition>();
  for (const acquisition of acquisitions) given.set(keyOf(acquisition), acquisition);
  const written = new Map<string, Set<number>>();
  const newest = new Map<string, number>();
  const stale: Effect[] = [];
  const overlapping: Effect[] = [];
  const impostors: Effect[] = [];
  for (const effect of effects.toSorted((a, b) => a.at - b.at || a.epoch - b.epoch)) {
    const key = keyOf(effect);
    written.set(key, (written.get(key) ?? new Set()).add(effect.seq));
    if (given.get(key)?.host !== effect.host) impostors.push(effect);
    const next = given.get(keyOf({ agent: effect.agent, epoch: effect.epoch + 1 }));
    if (next !== undefined && effect.at > next.at) stale.push(effect);
    const before = newest.get(effect.agent) ?? 0;
    if (effect.epoch < before) overlapping.push(effect);
    else newest.set(effect.agent, effect.epoch);
  }
  const missing = acknowledged.filter((ack) => {
    const seqs = written.get(keyOf(ack)) ?? new Set();
    for (let seq = 1; seq <= ack.seq; seq += 1) if (!seqs.has(seq)) return true;
    return false;
  });
  return { stale, overlapping, impostors, missing };
}

const keyOf = ({ agent, epoch }: { readonly agent: string; readonly epoch: number }): string => `${agent} ${epoch}`;
