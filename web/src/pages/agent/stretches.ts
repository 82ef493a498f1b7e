import type { Term } from '../../api/types.ts';

/** A length of time in which one host held the agent, or nobody did. */
export interface Stretch {
  readonly term: Term | undefined;
  readonly from: number;
  readonly to: number;
}

/** Terms (newest first) as time runs, with the gaps between them. Gaps below `leastMs` are none: nobody could see them. */
export function stretchesOf(terms: readonly Term[], now: number, leastMs: number): readonly Stretch[] {
  const stretches: Stretch[] = [];
  for (const term of terms.toReversed()) {
    const from = Date.parse(term.acquired_at);
    const before = stretches.at(-1);
    if (before !== undefined && from - before.to > leastMs) stretches.push({ term: undefined, from: before.to, to: from });
    stretches.push({ term, from, to: Math.max(from, term.released_at === null ? now : Date.parse(term.released_at)) });
  }
  const last = stretches.at(-1);
  if (last?.term !== undefined && last.term.released_at !== null && now - last.to > leastMs)
    stretches.push({ term: undefined, from: last.to, to: now });
  return stretches;
}

/** Hosts in the order in which they first held the agent: each keeps its colour while others come and go. */
export function hostOrder(terms: readonly Term[]): readonly string[] {
  return [...new Set(terms.toReversed().map((term) => term.host_id))];
}
