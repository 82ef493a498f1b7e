import type { Database } from '../../../db/database.ts';
import { sql, type Sql } from '../../../db/sql.ts';
import { forgetWhere } from '../search/index.ts';
import type { KeptDay } from './classes.ts';
import { forgetRuns, GOES_BESIDE_WORDS } from './forget-runs.ts';
import { deleteUnusedBlobs } from './unused-blobs.ts';

/** Rows a transaction deletes at most: it holds others up no longer than a blink. */
const BATCH = 2_000;

/** Whose runs go: of the projects that are named, or of all but some. */
export interface Whose {
  readonly named: readonly number[];
  /** Undefined: of no others. */
  readonly allBut?: readonly number[] | undefined;
}

export interface Deleted {
  readonly deleted: number;
  /** Whether some are left. */
  readonly more: boolean;
}

/**
 * Deletes the runs of some projects on one day, a batch a transaction, with all that belongs to them. Their words go first, a segment of the index a
 * transaction: to write a segment anew for every batch would cost each of its runs as often. As long as a row is left it is asked for again, so what
 * breaks off in between goes on; and what was indexed meanwhile goes with the last rows.
 */
export async function deleteRunsOfDay(
  database: Database,
  place: KeptDay,
  whose: Whose,
  { signal, most }: { readonly signal: AbortSignal; readonly most: number },
): Promise<Deleted> {
  const goes = ({ projectNo }: { readonly projectNo: number }): boolean => isOf(whose, projectNo);
  if (!(await anyLeft(database, place, whose))) return { deleted: 0, more: false };
  for (let more = true; more;) {
    if (signal.aborted || most <= 0) return { deleted: 0, more: true };
    more = await database.transaction((tx) => forgetWhere(tx, place, goes, 1));
  }
  let deleted = 0;
  for (;;) {
    if (signal.aborted || deleted >= most) return { deleted, more: true };
    const gone = await database.transaction(async (tx) => {
      const { rows } = await tx.query<{ run_id: string }>(sql`
        select run_id from muster.trace_runs r where r.keep_days = ${place.keepDays} and r.day = ${place.day}::date and ${condition(whose)} limit ${BATCH}`);
      if (rows.length < BATCH) await forgetWhere(tx, place, goes);
      await forgetRuns(
        tx,
        place,
        rows.map(({ run_id }) => run_id),
        new Map(),
        GOES_BESIDE_WORDS,
      );
      return rows.length;
    });
    deleted += gone;
    if (gone < BATCH) break;
  }
  await database.transaction((tx) => deleteUnusedBlobs(tx, place));
  return { deleted, more: false };
}

async function anyLeft(database: Database, { keepDays, day }: KeptDay, whose: Whose): Promise<boolean> {
  const row = await database.one<{ any: boolean }>(sql`
    select exists (select from muster.trace_runs r where r.keep_days = ${keepDays} and r.day = ${day}::date and ${condition(whose)}) as any`);
  return row?.any === true;
}

const isOf = ({ named, allBut }: Whose, projectNo: number): boolean =>
  named.includes(projectNo) || (allBut !== undefined && !allBut.includes(projectNo));

const condition = ({ named, allBut }: Whose): Sql =>
  allBut === undefined
    ? sql`r.project_no = any(${named}::int[])`
    : sql`(r.project_no = any(${named}::int[]) or not r.project_no = any(${allBut}::int[]))`;
