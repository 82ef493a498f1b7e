/** What is known of a run that the feed names, or that waited. */
export interface Candidate {
  readonly hasEnded: boolean;
  /** Its end came with what the feed told just now. */
  readonly endedNow: boolean;
  /** Its ancestors are there up to the root, or it needs none of them. */
  readonly isPlaced: boolean;
  /** Undefined: it does not wait. */
  readonly waiting: { readonly begun: boolean; readonly sinceMs: number } | undefined;
}

export type Decision =
  /** All of it, for the first time. `begun`: without its end, which follows as a patch. */
  | { readonly what: 'post'; readonly begun: boolean }
  /** What it is now, to somebody who has it already. */
  | { readonly what: 'patch'; readonly begun: boolean }
  | { readonly what: 'wait' };

/** Up to this long after its end a run waits for parents that it needs to be placed: exporters send children first. */
export const PLACE_PATIENCE_MS = 60_000;

/**
 * A run is sent once, when it ended, since a post that comes again changes nothing at LangSmith. One that does not end within `patienceMs` is
 * sent as it is; what is said of a run later goes as a patch.
 */
export function decide({ hasEnded, endedNow, isPlaced, waiting }: Candidate, patienceMs: number): Decision {
  if (waiting?.begun === true) return { what: 'patch', begun: !hasEnded };
  const waitedMs = waiting?.sinceMs ?? 0;
  if (!hasEnded)
    return waitedMs >= patienceMs && (isPlaced || waitedMs >= PLACE_PATIENCE_MS) ? { what: 'post', begun: true } : { what: 'wait' };
  // It ended before, and was sent then: something was added.
  if (!endedNow && waiting === undefined) return { what: 'patch', begun: false };
  return isPlaced || waitedMs >= PLACE_PATIENCE_MS ? { what: 'post', begun: false } : { what: 'wait' };
}
