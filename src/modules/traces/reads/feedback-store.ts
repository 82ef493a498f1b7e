import type { Queryable } from '../../../db/database.ts';
import { sql, type Sql } from '../../../db/sql.ts';
import type { JsonText, Micros } from '../run/operation.ts';
import { isoMicros } from './filter/timestamp.ts';
import { micros } from './run-record.ts';
import type { Visible } from './run-store.ts';

export interface FeedbackRecord {
  readonly feedbackId: string;
  readonly runId: string | null;
  readonly traceId: string | null;
  readonly projectNo: number | null;
  readonly key: string;
  readonly score: number | null;
  readonly value: JsonText | null;
  readonly comment: string | null;
  readonly correction: JsonText | null;
  readonly source: string;
  /** A JSON object: all else, as it came. */
  readonly extra: JsonText | null;
  readonly createdAt: Micros;
  readonly modifiedAt: Micros;
}

const COLUMNS: Sql = {
  text: `f.feedback_id as "feedbackId", f.run_id as "runId", f.trace_id as "traceId", f.project_no as "projectNo", f.key, f.score, f.value, f.comment,
    f.correction, f.source, f.extra, ${micros('f.created_at')} as "createdAt", ${micros('f.modified_at')} as "modifiedAt"`,
  values: [],
};

export interface FeedbackFilter {
  readonly ids?: readonly string[] | undefined;
  readonly runIds?: readonly string[] | undefined;
  readonly keys?: readonly string[] | undefined;
  readonly sources?: readonly string[] | undefined;
  readonly projects?: readonly number[] | undefined;
}

/** Newest first. What belongs to no project may only be seen by those who see all. */
export async function listFeedback(
  db: Queryable,
  visible: Visible,
  filter: FeedbackFilter,
  page: {
    readonly limit: number;
    readonly offset?: number | undefined;
    readonly after?: { readonly createdAt: Micros; readonly feedbackId: string } | undefined;
  },
): Promise<readonly FeedbackRecord[]> {
  const all: Sql[] = [visible === null ? sql`true` : sql`f.project_no = any(${visible}::int[])`];
  if (filter.ids !== undefined) all.push(sql`f.feedback_id = any(${filter.ids}::uuid[])`);
  if (filter.runIds !== undefined) all.push(sql`f.run_id = any(${filter.runIds}::uuid[])`);
  if (filter.keys !== undefined) all.push(sql`f.key = any(${filter.keys}::text[])`);
  if (filter.sources !== undefined) all.push(sql`f.source = any(${filter.sources}::text[])`);
  if (filter.projects !== undefined) all.push(sql`f.project_no = any(${filter.projects}::int[])`);
  if (page.after !== undefined)
    all.push(sql`(f.created_at, f.feedback_id) < (${isoMicros(page.after.createdAt)}::timestamptz, ${page.after.feedbackId}::uuid)`);
  const { rows } = await db.query<FeedbackRecord>(sql`
    select ${COLUMNS} from muster.trace_feedback f where ${all.reduce((together, next) => sql`${together} and ${next}`)}
    order by f.created_at desc, f.feedback_id desc limit ${page.limit} offset ${page.offset ?? 0}`);
  return rows;
}

/** What was said of one run under one key, taken together. */
export interface FeedbackStats {
  readonly n: number;
  readonly avg: number | null;
  readonly stdev: number | null;
  readonly min: number | null;
  readonly max: number | null;
  /** How often each value came, of those that are no numbers. */
  readonly values: Readonly<Record<string, number>>;
  readonly comments: readonly string[];
  readonly sources: readonly string[];
}

const MOST_COMMENTS = 10;

/** Of each run by key. Runs that nobody judged are not in it. */
export async function feedbackOf(
  db: Queryable,
  runIds: readonly string[],
): Promise<ReadonlyMap<string, Readonly<Record<string, FeedbackStats>>>> {
  const found = new Map<string, Record<string, FeedbackStats>>();
  if (runIds.length === 0) return found;
  const { rows } = await db.query<{ runId: string; key: string; values: readonly (string | null)[] } & Omit<FeedbackStats, 'values'>>(sql`
    select run_id as "runId", key, count(*)::int as n, avg(score) as avg, stddev_samp(score) as stdev, min(score) as min, max(score) as max,
      array_agg(muster.trace_text(value)) filter (where value is not null) as values,
      (array_agg(comment) filter (where comment is not null))[1:${MOST_COMMENTS}] as comments, array_agg(distinct source) as sources
    from muster.trace_feedback where run_id = any(${runIds}::uuid[]) group by run_id, key`);
  for (const { runId, key, values, comments, ...stats } of rows)
    found.set(runId, { ...found.get(runId), [key]: { ...stats, values: countsOf(values ?? []), comments: comments ?? [] } });
  return found;
}

function countsOf(values: readonly (string | null)[]): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const value of values) if (value !== null) counts.set(value, (counts.get(value) ?? 0) + 1);
  return Object.fromEntries(counts);
}
