import type { Queryable } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';

export interface OutgoingFeedback {
  readonly feedbackId: string;
  readonly runId: string | null;
  readonly traceId: string | null;
  readonly key: string;
  readonly score: number | null;
  readonly value: string | null;
  readonly comment: string | null;
  readonly correction: string | null;
  readonly source: string;
  readonly extra: string | null;
  readonly createdAt: Date;
  readonly modifiedAt: Date;
  /** As text: a Date would cut its microseconds, and the same feedback would be found again. */
  readonly place: string;
}

/**
 * Feedback that changed behind `after`, oldest first. Only what is older than every transaction that writes: one that commits late cannot be
 * passed over.
 */
export async function changedFeedback(
  db: Queryable,
  after: string,
  projectNo: number | null,
  limit: number,
): Promise<readonly OutgoingFeedback[]> {
  const { rows } = await db.query<OutgoingFeedback>(sql`
    select feedback_id as "feedbackId", run_id as "runId", trace_id as "traceId", key, score, value, comment, correction, source, extra,
      created_at as "createdAt", modified_at as "modifiedAt", modified_at::text as place
    from muster.trace_feedback
    where modified_at > ${after}::timestamptz
      and modified_at < coalesce((select min(xact_start) from pg_stat_activity
        where datname = current_database() and backend_xid is not null and pid <> pg_backend_pid()), clock_timestamp())
      and (${projectNo}::int is null or project_no = ${projectNo})
    order by modified_at fetch first ${limit} rows with ties`);
  return rows;
}
