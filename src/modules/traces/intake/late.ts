import type { Database } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import type { Submission } from './intake.ts';
import { deleteOrphans, orphanOf, submitOrphans, type OrphanRow } from './orphans.ts';

const MOST_AT_ONCE = 500;
/** How long what was said of a run waits for it. */
const PATIENCE = '1 day';

/**
 * Gives what came before its run to that run, once it is there: patches that wait in trace_orphans, and feedback without a project. Sending
 * them through the intake again is harmless, so a crash between the two steps loses nothing. Resolves to how many patches found their run.
 */
export async function settleLate(
  db: Database,
  submit: (submission: Submission) => Promise<unknown>,
  runIds?: readonly string[],
): Promise<number> {
  const { rows } = await db.query<OrphanRow>(sql`select run_id, no, operation, may_write from muster.trace_orphans o
    where exists (select from muster.trace_runs r where r.run_id = o.run_id) and (${runIds ?? null}::uuid[] is null or run_id = any(${runIds ?? null}::uuid[]))
    order by run_id, no limit ${MOST_AT_ONCE}`);
  if (rows.length > 0) {
    await submitOrphans(submit, 'langsmith', rows.map(orphanOf));
    await deleteOrphans(db, rows);
  }
  await db.query(sql`update muster.trace_feedback f set project_no = r.project_no, trace_id = coalesce(f.trace_id, r.trace_id)
    from muster.trace_runs r where f.project_no is null and f.run_id = r.run_id`);
  return rows.length;
}

/** Those that have waited long enough go to quarantine, where they can be seen. Resolves to how many still wait, feedback of the last hour included. */
export async function expireLate(db: Database): Promise<number> {
  await db.query(sql`with gone as (
      delete from muster.trace_orphans where received_at < clock_timestamp() - ${PATIENCE}::interval returning run_id, operation
    )
    insert into muster.trace_quarantine (source, run_id, reason, message, size, body)
    select 'langsmith', run_id::text, 'no_run', 'nobody began this run within ' || ${PATIENCE}, length(operation::text),
      convert_to(left(operation::text, 16000), 'UTF8') from gone`);
  const row = await db.one<{ n: number }>(sql`
    select (select count(*) from (select from muster.trace_orphans limit 10000) o)::int
      + (select count(*) from (select from muster.trace_feedback where project_no is null and run_id is not null
          and created_at > clock_timestamp() - interval '1 hour' limit 10000) f)::int as n`);
  return row?.n ?? 0;
}
