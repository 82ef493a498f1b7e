import type { Database } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { deleteOrphans, orphanOf, submitOrphans, type Intake, type Orphan, type OrphanRow } from '../intake/index.ts';
import { DEFAULT_PROJECT } from '../projects/projects.ts';

const AT_ONCE = 200;
/** How long a patch waits for its run to be begun. */
const PATIENCE = '1 hour';

interface WaitingRow extends OrphanRow {
  readonly received: number;
  readonly is_begun: boolean;
}

/**
 * Gives what waits to its run, where somebody has begun that meanwhile; what nobody has begun within an hour is kept as a run that began when
 * it was heard of. Returns how many. Said twice it changes nothing, so it is deleted only once it is kept.
 */
export async function adoptOrphans(database: Database, intake: () => Intake): Promise<number> {
  const { rows } = await database.query<WaitingRow>(sql`
    select o.run_id, o.no::text as no, (extract(epoch from o.received_at) * 1000000)::float8 as received, o.operation, o.may_write,
      exists (select from muster.trace_runs r where r.run_id = o.run_id) as is_begun
    from (select * from muster.trace_orphans order by received_at limit 10000) o
    where o.received_at < clock_timestamp() - ${PATIENCE}::interval
      or exists (select from muster.trace_runs r where r.run_id = o.run_id)
    order by o.no limit ${AT_ONCE}`);
  if (rows.length === 0) return 0;
  const orphans = rows.map((row): Orphan => {
    const { operation, mayWrite } = orphanOf(row);
    if (row.is_begun) return { operation, mayWrite };
    // Named, so that it does not wait again for a beginning that never comes.
    const { project = { name: DEFAULT_PROJECT }, startTime = row.received } = operation;
    return { operation: { ...operation, project, startTime }, mayWrite };
  });
  await submitOrphans((submission) => intake().submit(submission), 'replay', orphans);
  await deleteOrphans(database, rows);
  return rows.length;
}
