import type { Transaction } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { forgetRuns as forgetWords } from '../search/index.ts';
import type { KeptDay } from './classes.ts';

/** Takes runs out of a table that a room keeps beside trace_runs; tells how many rows went. */
export interface RunsForgotten {
  readonly table: string;
  readonly forget: (tx: Transaction, place: KeptDay, runIds: readonly string[]) => Promise<number>;
}

const byRun =
  (table: string): RunsForgotten['forget'] =>
  async (tx, _place, runIds) =>
    (await tx.query({ text: `delete from muster.${table} where run_id = any($1::uuid[])`, values: [runIds] })).count;

/** What goes with a run. Rooms that keep more of a run add a line. */
export const GOES_WITH_RUNS: readonly RunsForgotten[] = [
  {
    table: 'trace_attachments',
    forget: async (tx, { keepDays, day }, runIds) =>
      (
        await tx.query(sql`delete from muster.trace_attachments
          where run_id = any(${runIds}::uuid[]) and keep_days = ${keepDays} and day = ${day}::date`)
      ).count,
  },
  { table: 'trace_feedback', forget: byRun('trace_feedback') },
  {
    // Segments are written anew without them: no row goes that could be counted.
    table: 'trace_search_segments',
    forget: async (tx, place, runIds) => {
      await forgetWords(tx, place, new Set(runIds));
      return 0;
    },
  },
  {
    // What was made of them to test with is what they said.
    table: 'trace_examples',
    forget: async (tx, _place, runIds) =>
      (await tx.query(sql`delete from muster.trace_examples where source_run_id = any(${runIds}::uuid[])`)).count,
  },
];

/** The same but for words, for who has taken those out of the index before. */
export const GOES_BESIDE_WORDS: readonly RunsForgotten[] = GOES_WITH_RUNS.filter(({ table }) => table !== 'trace_search_segments');

/** Deletes runs of one day, because somebody asked for it, with all that belongs to them, and counts by table. Blobs are left: {@link deleteUnusedBlobs}. */
export async function forgetRuns(
  tx: Transaction,
  place: KeptDay,
  runIds: readonly string[],
  removed: Map<string, number>,
  goesWith: readonly RunsForgotten[] = GOES_WITH_RUNS,
): Promise<void> {
  const add = (table: string, count: number): void => void (count > 0 && removed.set(table, (removed.get(table) ?? 0) + count));
  for (const { table, forget } of goesWith) add(table, await forget(tx, place, runIds));
  const { count } = await tx.query(sql`delete from muster.trace_runs
    where run_id = any(${runIds}::uuid[]) and keep_days = ${place.keepDays} and day = ${place.day}::date`);
  add('trace_runs', count);
}
