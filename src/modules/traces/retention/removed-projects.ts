import type { Database } from '../../../db/database.ts';
import { raw, sql, type Sql } from '../../../db/sql.ts';
import { keptDays, type KeptDay } from './classes.ts';
import { deleteRunsOfDay, type Deleted } from './delete-runs.ts';

/** Rows of figures and scores at once. */
const MOST_AT_ONCE = 5_000;

/** What is kept of a project beside its runs. */
const OF_PROJECTS = ['trace_figures', 'trace_score_hours', 'trace_shares', 'trace_judging'] as const;

/**
 * Deletes what removed projects left behind: nobody finds it any more, and until its days drop it would take its room. The number of a project is never given again, so
 * what has none belongs to nobody. What a server that still knew the project brings a moment later goes with the next call.
 */
export async function deleteRemoved(database: Database, signal: AbortSignal, most: number): Promise<Deleted> {
  let deleted = 0;
  for (const place of await keptDays(database)) {
    const named = await removedProjectsOf(database, place);
    if (named.length === 0) continue;
    const done = await deleteRunsOfDay(database, place, { named }, { signal, most: most - deleted });
    deleted += done.deleted;
    if (done.more) return { deleted, more: true };
  }
  for (const table of OF_PROJECTS) {
    const named = await projectsWithoutRow(database, sql`muster.${raw(table)} t where true`);
    if (named.length === 0) continue;
    const { count } = await database.query(sql`
      delete from muster.${raw(table)} where ctid = any(array(
        select t.ctid from muster.${raw(table)} t where t.project_no = any(${named}::int[]) limit ${MOST_AT_ONCE}))`);
    deleted += count;
    if (count === MOST_AT_ONCE) return { deleted, more: true };
  }
  return { deleted, more: false };
}

const removedProjectsOf = (database: Database, { keepDays, day }: KeptDay): Promise<readonly number[]> =>
  projectsWithoutRow(database, sql`muster.trace_runs t where t.keep_days = ${keepDays} and t.day = ${day}::date`);

/** From project to project by the index: a look costs a probe a project, however many rows there are. 0 stands for all projects, and is none. */
async function projectsWithoutRow(database: Database, rowsOf: Sql): Promise<readonly number[]> {
  const next = (after: Sql): Sql => sql`(select t.project_no from ${rowsOf} and t.project_no > ${after} order by t.project_no limit 1)`;
  const { rows } = await database.query<{ no: number }>(sql`
    with recursive here (no) as (select ${next(sql`0`)} union all select ${next(sql`here.no`)} from here where here.no is not null)
    select no from here where no is not null and not exists (select from muster.trace_projects p where p.project_no = here.no)`);
  return rows.map(({ no }) => no);
}
