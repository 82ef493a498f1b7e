import { randomUUID } from 'node:crypto';
import type { Queryable } from '../../../db/database.ts';
import { sql, type Sql } from '../../../db/sql.ts';
import type { Micros } from '../run/operation.ts';
import { isoMicros } from './filter/timestamp.ts';
import { micros, type RunRecord } from './run-record.ts';

export interface ShareRecord {
  /** Of version 4: 122 bits that nobody guesses. */
  readonly token: string;
  readonly runId: string;
  readonly traceId: string;
  readonly projectNo: number;
  readonly expiresAt: Micros | null;
}

const COLUMNS: Sql = {
  text: `token, run_id as "runId", trace_id as "traceId", project_no as "projectNo", ${micros('expires_at')} as "expiresAt"`,
  values: [],
};
const IS_OPEN = sql`(expires_at is null or expires_at > clock_timestamp())`;

/** Shares the trace of a run: who has the token may read it. One that is shared already keeps its token; what is said of its end counts. */
export async function shareTrace(
  db: Queryable,
  run: Pick<RunRecord, 'runId' | 'traceId' | 'projectNo'>,
  { by, expiresAt }: { readonly by: string; readonly expiresAt: Micros | null },
): Promise<ShareRecord> {
  const end = expiresAt === null ? null : isoMicros(expiresAt);
  const { rows } = await db.query<ShareRecord>(sql`
    insert into muster.trace_shares as s (token, run_id, trace_id, project_no, created_by, expires_at)
    values (${randomUUID()}, ${run.runId}, ${run.traceId}, ${run.projectNo}, ${by}, ${end}::timestamptz)
    on conflict (trace_id) do update set expires_at = excluded.expires_at,
      token = case when s.expires_at <= clock_timestamp() then excluded.token else s.token end
    returning ${COLUMNS}`);
  const [row] = rows;
  if (row === undefined) throw new Error('the share was not written');
  return row;
}

export async function shareOf(db: Queryable, traceId: string): Promise<ShareRecord | undefined> {
  const { rows } = await db.query<ShareRecord>(
    sql`select ${COLUMNS} from muster.trace_shares where trace_id = ${traceId}::uuid and ${IS_OPEN}`,
  );
  return rows[0];
}

export async function unshare(db: Queryable, traceId: string): Promise<boolean> {
  return (await db.query(sql`delete from muster.trace_shares where trace_id = ${traceId}::uuid`)).count > 0;
}

/** What a token stands for; undefined where nobody made it, or it is over. */
export async function openShare(db: Queryable, token: string): Promise<ShareRecord | undefined> {
  const { rows } = await db.query<ShareRecord>(sql`
    select ${COLUMNS} from muster.trace_shares where token = ${token}::uuid and ${IS_OPEN}
      and exists (select from muster.trace_projects p where p.project_no = trace_shares.project_no)`);
  return rows[0];
}
