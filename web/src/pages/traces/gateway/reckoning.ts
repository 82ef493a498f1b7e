import { type DaySaving, type Outcome, outcomes } from './queries.ts';

/** How a request was answered, for people. */
export const outcomeNames: Readonly<Record<Outcome, string>> = {
  provider: 'Asked a provider',
  exact: 'Exact cache',
  coalesced: 'Coalesced with one under way',
  semantic: 'Semantic cache',
  batch: 'Deferred to a batch',
};

/** What is saved by; a provider that is asked saves nothing. */
export const savers = outcomes.filter((outcome) => outcome !== 'provider');

export interface Day {
  readonly day: string;
  readonly cost: number;
  readonly saved: number;
  /** By each of `savers`. */
  readonly parts: readonly number[];
}

const dayMs = 86_400_000;

/** Every day of a range, the newest last: days without a request are there too, for a gap must be seen as one. */
export function daysOf(found: readonly DaySaving[], now: number, count: number): readonly Day[] {
  return Array.from({ length: count }, (_, index) => {
    const day = new Date(now - (count - 1 - index) * dayMs).toISOString().slice(0, 10);
    const rows = found.filter((each) => each.day === day);
    const parts = savers.map((saver) => rows.reduce((sum, { outcome, saved }) => (outcome === saver ? sum + Number(saved) : sum), 0));
    return {
      day,
      cost: rows.reduce((sum, { cost }) => sum + Number(cost), 0),
      saved: rows.reduce((sum, { saved }) => sum + Number(saved), 0),
      parts,
    };
  });
}
