import type { Queryable } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { inflate } from '../blobs/inflate.ts';
import type { FeedEntry } from '../feed/feed-reader.ts';
import { RUN_TYPES } from '../run/run-type.ts';

/** A completed run of a model. */
export interface CompletedCall {
  readonly runId: string;
  readonly traceId: string;
  readonly projectNo: number;
  readonly startTime: Date;
  readonly keepDays: number;
  readonly day: string;
  readonly model: string | null;
  readonly seconds: number;
  /** USD; null: nobody knows. */
  readonly cost: number | null;
  readonly tags: readonly string[] | null;
}

export interface CallTexts {
  readonly inputs: string | null;
  readonly outputs: string | null;
  readonly extra: string | null;
  readonly error: string | null;
}

const LLM = RUN_TYPES.indexOf('llm');
/** Texts of one step in memory at once; a run that is larger is judged by none. */
const MOST_TEXT = 2_000_000;

/** Which run, and no more of it. */
export interface CallHead {
  readonly runId: string;
  readonly projectNo: number;
  readonly keepDays: number;
  readonly day: string;
}

type Completed = Pick<FeedEntry, 'keepDays' | 'day' | 'completed'>;

/** Which runs of models the entries say are completed. A flood brings many, of which few are wanted: so no more is read of each than its id. */
export async function completedHeads(db: Queryable, entries: readonly Completed[], exceptProject: string): Promise<readonly CallHead[]> {
  const heads: CallHead[] = [];
  for (const { keepDays, day, completed } of byDay(entries)) {
    const { rows } = await db.query<{ readonly projectNo: number; readonly ids: string }>(sql`
      select r.project_no as "projectNo", string_agg(r.run_id::text, ',') as ids
      from muster.trace_runs r join muster.trace_projects p on p.project_no = r.project_no
      where r.keep_days = ${keepDays} and r.day = ${day}::date and r.run_id = any(string_to_array(${completed.join(',')}, ',')::uuid[])
        and r.run_type = ${LLM} and p.name <> ${exceptProject}
      group by r.project_no`);
    for (const { projectNo, ids } of rows) for (const runId of ids.split(',')) heads.push({ runId, projectNo, keepDays, day });
  }
  return heads;
}

function byDay(entries: readonly Completed[]): readonly Completed[] {
  const days = new Map<string, Completed & { readonly completed: string[] }>();
  for (const { keepDays, day, completed } of entries) {
    const key = `${keepDays} ${day}`;
    const known = days.get(key) ?? { keepDays, day, completed: [] };
    days.set(key, known);
    for (const runId of completed) known.completed.push(runId);
  }
  return [...days.values()].filter(({ completed }) => completed.length > 0);
}

/** Those runs of models that the entries say are completed, without their texts: few of them may be wanted. */
export async function completedCalls(
  db: Queryable,
  entries: readonly Completed[],
  exceptProject: string,
): Promise<readonly CompletedCall[]> {
  const wanted = entries.flatMap(({ keepDays, day, completed }) => completed.map((runId) => ({ runId, keepDays, day })));
  if (wanted.length === 0) return [];
  const { rows } = await db.query<CompletedCall>(sql`
    select r.run_id as "runId", r.trace_id as "traceId", r.project_no as "projectNo", r.start_time as "startTime", r.keep_days as "keepDays",
      to_char(r.day, 'YYYY-MM-DD') as day, r.model, r.tags,
      coalesce(extract(epoch from r.end_time - r.start_time), 0)::float8 as seconds, r.total_cost::float8 as cost
    from unnest(${wanted.map(({ runId }) => runId)}::uuid[], ${wanted.map(({ keepDays }) => keepDays)}::smallint[], ${wanted.map(({ day }) => day)}::date[])
      as w(run_id, keep_days, day)
    join muster.trace_runs r on r.run_id = w.run_id and r.keep_days = w.keep_days and r.day = w.day
    join muster.trace_projects p on p.project_no = r.project_no
    where r.run_type = ${LLM} and p.name <> ${exceptProject}`);
  return rows;
}

export async function textsOf(db: Queryable, calls: readonly CompletedCall[]): Promise<ReadonlyMap<string, CallTexts>> {
  if (calls.length === 0) return new Map();
  const { rows } = await db.query<CallTexts & { readonly runId: string; readonly keepDays: number; readonly day: string }>(sql`
    select r.run_id as "runId", r.keep_days as "keepDays", to_char(r.day, 'YYYY-MM-DD') as day, r.inputs, r.outputs, r.extra, r.error
    from unnest(${calls.map(({ runId }) => runId)}::uuid[], ${calls.map(({ keepDays }) => keepDays)}::smallint[], ${calls.map(({ day }) => day)}::date[])
      as w(run_id, keep_days, day)
    join muster.trace_runs r on r.run_id = w.run_id and r.keep_days = w.keep_days and r.day = w.day
    where coalesce(length(r.inputs), 0) + coalesce(length(r.outputs), 0) < ${MOST_TEXT}`);
  const texts = await inflate(
    db,
    rows.map(({ keepDays, day, inputs, outputs, extra }) => ({ keepDays, day, texts: [inputs, outputs, extra] })),
  );
  return new Map(
    rows.map(({ runId, error }, index) => [
      runId,
      { inputs: texts[index]?.[0] ?? null, outputs: texts[index]?.[1] ?? null, extra: texts[index]?.[2] ?? null, error },
    ]),
  );
}
