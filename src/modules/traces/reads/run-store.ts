import type { Queryable } from '../../../db/database.ts';
import { sql, type Sql } from '../../../db/sql.ts';
import { inflate } from '../blobs/inflate.ts';
import { daysOfTrace, daysWithRuns, likelyDays } from './run-days.ts';
import {
  recordOf,
  runColumns,
  textColumns,
  TEXT_FIELDS,
  type RunRecord,
  type RunRow,
  type TextField,
  type WholeRun,
} from './run-record.ts';

/** Which projects somebody may see, by number; null: all. */
export type Visible = readonly number[] | null;

export const sees = (visible: Visible, projectNo: number): boolean => visible === null || visible.includes(projectNo);

/** Where a run lies: with this its row is found in one partition. */
export type RunKey = Pick<RunRecord, 'runId' | 'keepDays' | 'day'>;

type TextRow = RunRow & Readonly<Partial<Record<TextField, string | null>>>;

/** A run by its id, or undefined where there is none, or none that may be seen: whoever asks cannot tell one from the other. */
export async function getRun(db: Queryable, runId: string, visible: Visible): Promise<RunRecord | undefined> {
  for (const days of likelyDays(await daysWithRuns(db), runId)) {
    const { rows } = await db.query<RunRow>(
      sql`select ${runColumns('r')} from muster.trace_runs r where r.run_id = ${runId}::uuid and r.day = any(${days}::date[]) order by r.day desc limit 1`,
    );
    const [row] = rows;
    if (row !== undefined) return sees(visible, row.project_no) ? recordOf(row) : undefined;
  }
  return undefined;
}

/** The same runs with their texts, as they came. Those that are gone meanwhile are left out. */
export async function withTexts(
  db: Queryable,
  runs: readonly RunRecord[],
  fields: readonly TextField[] = TEXT_FIELDS,
): Promise<readonly WholeRun[]> {
  if (runs.length === 0) return [];
  if (fields.length === 0) return runs.map((run) => ({ ...run, texts: {} }));
  const { rows } = await db.query<TextRow>(sql`
    select r.run_id${textColumns('r', fields)}
    from unnest(${runs.map(({ runId }) => runId)}::uuid[], ${runs.map(({ keepDays }) => keepDays)}::smallint[], ${runs.map(({ day }) => day)}::date[]) k(id, keep, day)
    join muster.trace_runs r on r.run_id = k.id and r.keep_days = k.keep and r.day = k.day`);
  const rowOf = new Map(rows.map((row) => [row.run_id, row]));
  const there = runs.filter(({ runId }) => rowOf.has(runId));
  const whole = await inflate(
    db,
    there.map(({ runId, keepDays, day }) => ({ keepDays, day, texts: fields.map((field) => rowOf.get(runId)?.[field] ?? null) })),
  );
  return there.map((run, index) => ({ ...run, texts: Object.fromEntries(fields.map((field, at) => [field, whole[index]?.[at] ?? null])) }));
}

const MOST_BYTES = 24 * 1_048_576;
/** What repeats is small as it lies there and large as it is read, so never many of them are read at once. */
const AT_ONCE = 16;

/**
 * The same for a page, as far as it is not too large at once: at least one run, then as many as fit. Who pages goes on behind the last one, so
 * that a hundred runs of 25 MB cost their time and not the server.
 */
export async function boundedTexts(db: Queryable, runs: readonly RunRecord[], fields: readonly TextField[]): Promise<readonly WholeRun[]> {
  if (fields.length === 0) return withTexts(db, runs, fields);
  const sizes = await sizesOf(db, runs, fields);
  const whole: WholeRun[] = [];
  let room = MOST_BYTES;
  for (let at = 0; at < runs.length && room > 0;) {
    const count = Math.max(fitting(sizes.slice(at, at + AT_ONCE), room), at === 0 ? 1 : 0);
    if (count === 0) break;
    const some = await withTexts(db, runs.slice(at, at + count), fields);
    whole.push(...some);
    for (const { texts } of some) for (const text of Object.values(texts)) room -= text?.length ?? 0;
    at += count;
  }
  return whole;
}

/** How many of the first fit. */
function fitting(sizes: readonly number[], room: number): number {
  let used = 0;
  const tooLarge = sizes.findIndex((size) => (used += size) > room);
  return tooLarge === -1 ? sizes.length : tooLarge;
}

/** How large the texts of runs are, as they lie there: told without reading them. */
async function sizesOf(db: Queryable, runs: readonly RunKey[], fields: readonly TextField[]): Promise<readonly number[]> {
  if (fields.length === 0) return runs.map(() => 0);
  const size = { text: fields.map((field) => `coalesce(octet_length(r.${field}), 0)`).join(' + '), values: [] };
  const { rows } = await db.query<{ run_id: string; size: number }>(sql`
    select r.run_id, ${size} as size
    from unnest(${runs.map(({ runId }) => runId)}::uuid[], ${runs.map(({ keepDays }) => keepDays)}::smallint[], ${runs.map(({ day }) => day)}::date[]) k(id, keep, day)
    join muster.trace_runs r on r.run_id = k.id and r.keep_days = k.keep and r.day = k.day`);
  const sizeOf = new Map(rows.map(({ run_id, size: bytes }) => [run_id, bytes]));
  return runs.map(({ runId }) => sizeOf.get(runId) ?? 0);
}

/** All runs of a trace, in the order of its tree as their clients said it; one more than `most` where there are more. */
export async function runsOfTrace(db: Queryable, traceId: string, visible: Visible, most: number): Promise<readonly RunRecord[]> {
  const days = await daysWithRuns(db);
  for (const group of likelyDays(days, traceId)) {
    const { rows: found } = await db.query<{ day: string }>(
      sql`select to_char(min(day), 'YYYY-MM-DD') as day from (${inTrace(traceId, group)}) r having min(day) is not null`,
    );
    const [first] = found;
    if (first === undefined) continue;
    const { rows } = await db.query<RunRow>(sql`
      select ${runColumns('r')} from (${inTrace(traceId, daysOfTrace(days, first.day))}) r
      where ${visible === null ? sql`true` : sql`r.project_no = any(${visible}::int[])`}
      order by (r.parent_run_id is not null), r.path nulls first, r.start_time, r.run_id limit ${most + 1}`);
    return rows.map(recordOf);
  }
  return [];
}

/** Each part has an index of its own: the root by its id, the other runs, and roots whose trace has another id. */
const inTrace = (traceId: string, days: readonly string[]): Sql => sql`
  select * from muster.trace_runs where run_id = ${traceId}::uuid and trace_id = run_id and parent_run_id is null and day = any(${days}::date[])
  union all
  select * from muster.trace_runs where trace_id = ${traceId}::uuid and parent_run_id is not null and day = any(${days}::date[])
  union all
  select * from muster.trace_runs where trace_id = ${traceId}::uuid and parent_run_id is null and trace_id <> run_id and day = any(${days}::date[])`;
