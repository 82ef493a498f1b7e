import type { Queryable } from '../../../db/database.ts';
import { sql, type Sql } from '../../../db/sql.ts';
import { inflate } from '../blobs/inflate.ts';
import type { JsonText } from '../run/operation.ts';
import type { Visible } from './dataset.ts';

/** What of a run becomes an example. */
export interface RunContent {
  readonly runId: string;
  readonly projectNo: number;
  readonly inputs: JsonText | null;
  readonly outputs: JsonText | null;
}

interface Row extends RunContent {
  readonly keepDays: number;
  readonly day: string;
}

const MOST_ATTACHMENT_BYTES = 20 * 1_048_576;

/** Inputs and outputs of runs, as they came; those that may not be seen are not there. */
export async function contentOf(db: Queryable, where: Sql, visible: Visible, limit: number): Promise<readonly RunContent[]> {
  const { rows } = await db.query<Row>(sql`select r.run_id as "runId", r.project_no as "projectNo", r.keep_days as "keepDays",
      to_char(r.day, 'YYYY-MM-DD') as day, r.inputs, r.outputs
    from muster.trace_runs r where ${where} and ${visible === null ? sql`true` : sql`r.project_no = any(${visible}::int[])`}
    order by r.start_time desc limit ${limit}`);
  const texts = await inflate(
    db,
    rows.map(({ keepDays, day, inputs, outputs }) => ({ keepDays, day, texts: [inputs, outputs] })),
  );
  return rows.map(({ runId, projectNo }, index) => ({
    runId,
    projectNo,
    inputs: texts[index]?.[0] ?? null,
    outputs: texts[index]?.[1] ?? null,
  }));
}

export const byRunIds = (ids: readonly string[]): Sql => sql`r.run_id = any(${ids}::uuid[])`;

export async function attachmentsOf(db: Queryable, runIds: readonly string[]) {
  const { rows } = await db.query<{ runId: string; name: string; mimeType: string; body: Buffer }>(sql`
    select run_id as "runId", name, mime_type as "mimeType", body from muster.trace_attachments
    where run_id = any(${runIds}::uuid[]) and size <= ${MOST_ATTACHMENT_BYTES}`);
  return rows;
}
