import type { Database } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import type { Intake } from '../intake/index.ts';
import { DEFAULT_PROJECT } from '../projects/projects.ts';
import type { RunOperation } from '../run/operation.ts';

const AT_ONCE = 200;
/** How long a patch waits for its run to be begun. */
const PATIENCE = '1 hour';

interface OrphanRow {
  readonly run_id: string;
  readonly no: string;
  readonly received: number;
  readonly is_begun: boolean;
  readonly operation: Omit<RunOperation, 'attachments'> & {
    readonly attachments?: readonly { readonly name: string; readonly mimeType: string; readonly body: string }[];
  };
}

/**
 * Gives what waits to its run, where somebody has begun that meanwhile; what nobody has begun within an hour is kept as a run that began when
 * it was heard of. Returns how many. Said twice it changes nothing, so it is deleted only once it is kept.
 */
export async function adoptOrphans(database: Database, intake: () => Intake): Promise<number> {
  const { rows } = await database.query<OrphanRow>(sql`
    select o.run_id, o.no::text as no, (extract(epoch from o.received_at) * 1000000)::float8 as received, o.operation,
      exists (select from muster.trace_runs r where r.run_id = o.run_id) as is_begun
    from (select * from muster.trace_orphans order by received_at limit 10000) o
    where o.received_at < clock_timestamp() - ${PATIENCE}::interval
      or exists (select from muster.trace_runs r where r.run_id = o.run_id)
    order by o.no limit ${AT_ONCE}`);
  if (rows.length === 0) return 0;
  const operations = rows.map(({ operation, received, is_begun }): RunOperation => {
    const { attachments, ...said } = operation;
    return {
      ...said,
      // Named, so that it does not wait again for a beginning that never comes.
      ...(is_begun ? {} : { startTime: said.startTime ?? received, project: said.project ?? { name: DEFAULT_PROJECT } }),
      attachments: attachments?.map(({ name, mimeType, body }) => ({ name, mimeType, body: Buffer.from(body, 'base64') })),
    };
  });
  await intake().submit({ source: 'replay', operations, mayWrite: null });
  await database.query(sql`delete from muster.trace_orphans o using unnest(${rows.map(({ run_id }) => run_id)}::uuid[], ${rows.map(({ no }) => no)}::bigint[]) as d(run_id, no)
    where o.run_id = d.run_id and o.no = d.no`);
  return rows.length;
}
