import type { RunSummary } from '../types.ts';

export interface Arrived {
  /** The list, with what is known of its runs now. */
  readonly runs: readonly RunSummary[];
  /** Newer than the list, and not in it: shown when they are asked for. */
  readonly fresh: readonly RunSummary[];
}

/** Lays the newest runs over a list that was read before: what has ended meanwhile is renewed in its place, and nothing moves. */
export function merge(listed: readonly RunSummary[], newest: readonly RunSummary[]): Arrived {
  const now = new Map(newest.map((run) => [run.run_id, run]));
  const runs = listed.map((run) => now.get(run.run_id) ?? run);
  const known = new Set(listed.map((run) => run.run_id));
  const first = listed[0];
  // Below the first of the list, the pages that follow bring it.
  const fresh = newest.filter((run) => !known.has(run.run_id) && (first === undefined || run.start_time >= first.start_time));
  return { runs, fresh };
}
