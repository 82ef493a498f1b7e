import type { Transaction } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { readRuns, withoutRuns, type IndexedRun } from './segment.ts';
import { addSegment, loadSegment, readSegmentRuns, removeSegments, segmentsOf, type Partition } from './segment-store.ts';
import { SEARCH_READER } from './unindexed.ts';

/**
 * Takes runs out of the index of their partition, with the words and values that stood in them alone. Delete their rows in the same transaction, or
 * before: until it ends nothing is indexed, and what is gone then is not indexed any more. Of large parts of a partition `most` segments at once;
 * tells whether there may be more.
 */
export async function forgetWhere(
  tx: Transaction,
  partition: Partition,
  isGone: (run: IndexedRun) => boolean,
  most = Number.POSITIVE_INFINITY,
): Promise<boolean> {
  await tx.query(sql`select pg_advisory_xact_lock(hashtextextended(${`muster.traces ${SEARCH_READER}`}, 0))`);
  let rewritten = 0;
  for (const head of await segmentsOf(tx, partition)) {
    if (!(await readRuns(await readSegmentRuns(tx, head))).some(isGone)) continue;
    if (rewritten >= most) return true;
    rewritten += 1;
    const stored = await loadSegment(tx, head);
    const rest = stored === undefined ? undefined : await withoutRuns(stored, isGone);
    await removeSegments(tx, partition, [head.segmentNo]);
    if (rest !== undefined) await addSegment(tx, partition, rest);
  }
  return false;
}

export async function forgetRuns(tx: Transaction, partition: Partition, runIds: ReadonlySet<string>): Promise<void> {
  await forgetWhere(tx, partition, ({ runId }) => runIds.has(runId));
}
