import type { Queryable } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import type { RunKey } from './run-store.ts';

export interface AttachmentRecord {
  readonly name: string;
  readonly mimeType: string;
  readonly size: number;
}

const MOST = 100;

/** What a run carries, without the bytes. */
export async function attachmentsOf(db: Queryable, { runId, keepDays, day }: RunKey): Promise<readonly AttachmentRecord[]> {
  const { rows } = await db.query<AttachmentRecord>(sql`
    select name, mime_type as "mimeType", size from muster.trace_attachments
    where run_id = ${runId}::uuid and keep_days = ${keepDays} and day = ${day}::date order by name limit ${MOST}`);
  return rows;
}

export async function readAttachment(
  db: Queryable,
  { runId, keepDays, day }: RunKey,
  name: string,
): Promise<(AttachmentRecord & { readonly body: Buffer }) | undefined> {
  const { rows } = await db.query<AttachmentRecord & { readonly body: Buffer }>(sql`
    select name, mime_type as "mimeType", size, body from muster.trace_attachments
    where run_id = ${runId}::uuid and keep_days = ${keepDays} and day = ${day}::date and name = ${name}`);
  return rows[0];
}
