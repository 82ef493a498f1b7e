import type { Queryable } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { isoMicros } from './filter/timestamp.ts';

/** A row of trace_runs as a test writes it: what it does not say is null, or plain. */
export interface RunRow {
  readonly runId: string;
  readonly traceId?: string | undefined;
  readonly parentRunId?: string | null | undefined;
  readonly projectNo?: number | undefined;
  readonly day?: string | undefined;
  readonly startTime: number;
  readonly columns?: Readonly<Record<string, unknown>> | undefined;
}

export const KEEP_DAYS = 30;

/** A place for runs of these days, which are kept for 30. */
export async function addPartitions(db: Queryable, days: readonly string[]): Promise<void> {
  for (const table of ['trace_runs', 'trace_blobs', 'trace_attachments']) {
    const parent = `muster.${table}_k${KEEP_DAYS}`;
    await db.query({
      text: `create table if not exists ${parent} partition of muster.${table} for values in (${KEEP_DAYS}) partition by range (day)`,
      values: [],
    });
    for (const day of days)
      await db.query({
        text: `create table if not exists ${parent}_${day.replaceAll('-', '')} partition of ${parent} for values from ('${day}') to ('${day}'::date + 1)`,
        values: [],
      });
  }
}

export async function addProject(db: Queryable, name: string): Promise<{ readonly projectId: string; readonly projectNo: number }> {
  const { rows } = await db.query<{ projectId: string; projectNo: number }>(sql`
    insert into muster.trace_projects (project_id, name) values (gen_random_uuid(), ${name})
    returning project_id as "projectId", project_no as "projectNo"`);
  const [row] = rows;
  if (row === undefined) throw new Error('no project was added');
  return row;
}

/** Rows as the writer of the intake would leave them. */
export async function addRuns(db: Queryable, rows: readonly RunRow[]): Promise<void> {
  for (const { runId, traceId, parentRunId, projectNo, day, startTime, columns } of rows) {
    const all: Readonly<Record<string, unknown>> = {
      run_id: runId,
      trace_id: traceId ?? runId,
      parent_run_id: parentRunId ?? null,
      project_no: projectNo ?? 1,
      day: day ?? isoMicros(startTime).slice(0, 10),
      start_time: isoMicros(startTime),
      keep_days: KEEP_DAYS,
      run_type: 0,
      status: 1,
      ...columns,
    };
    const names = Object.keys(all);
    await db.query({
      text: `insert into muster.trace_runs (${names.join(', ')}) values (${names.map((_, index) => `$${index + 1}`).join(', ')})`,
      values: Object.values(all),
    });
    await db.query(
      sql`insert into muster.trace_feed (keep_days, day, runs, completed) values (${KEEP_DAYS}, ${all['day']}, ${[runId]}::uuid[], '{}')`,
    );
  }
}
