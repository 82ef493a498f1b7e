import type { NewFeedback, Refused } from './intake.ts';
import type { Orphan } from './orphans.ts';
import type { RunRow } from './run-row.ts';

/** What is written for one submission, all of it or none. */
export interface Batch {
  readonly source: string;
  readonly rows: readonly RunRow[];
  readonly feedback: readonly NewFeedback[];
  readonly refused: readonly Refused[];
  readonly orphans: readonly Orphan[];
  /** About how much memory it holds. */
  readonly bytes: number;
}
