import type { Queryable } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { dimensionNo } from './figure-rows.ts';
import { LONGEST_VALUE } from './dimension.ts';

/**
 * Takes a user's name out of the figures: what they add up to stays in those of everybody. Of these projects; null: of all. Counting goes on
 * meanwhile, so that runs of the user which are still there must be gone first.
 */
export async function forgetUser(tx: Queryable, user: string, projects: readonly number[] | null): Promise<number> {
  const { count } = await tx.query(sql`delete from muster.trace_figures
    where dimension = ${dimensionNo('user')}::smallint and value = ${user.slice(0, LONGEST_VALUE)} and (${projects}::int[] is null or project_no = any(${projects}::int[]))`);
  return count;
}
