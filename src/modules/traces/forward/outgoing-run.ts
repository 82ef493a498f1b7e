import type { Queryable } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { inflate } from '../blobs/inflate.ts';
import { trailIn, type Trail } from '../origin/trail.ts';
import type { JsonText, Micros } from '../run/operation.ts';
import { dottedOrderOf, segmentsOf, type Segment } from '../run/dotted-order.ts';
import { RUN_TYPES, type RunType } from '../run/run-type.ts';

export interface RunPlace {
  readonly runId: string;
  readonly keepDays: number;
  /** `2026-11-26` */
  readonly day: string;
}

export interface OutgoingAttachment {
  readonly name: string;
  readonly mimeType: string;
  readonly body: Buffer;
}

/** A run as it is kept, redacted, to be sent elsewhere. */
export interface OutgoingRun extends RunPlace {
  readonly traceId: string;
  readonly parentRunId: string | null;
  readonly projectNo: number;
  readonly project: string;
  readonly name: string | null;
  readonly runType: RunType;
  readonly startTime: Micros;
  readonly endTime: Micros | null;
  readonly status: number;
  readonly tags: readonly string[] | null;
  readonly referenceExampleId: string | null;
  readonly model: string | null;
  readonly provider: string | null;
  readonly inputs: JsonText | null;
  readonly outputs: JsonText | null;
  readonly error: JsonText | null;
  readonly extra: JsonText | null;
  readonly events: JsonText | null;
  readonly serialized: JsonText | null;
  readonly rest: JsonText | null;
  /** Undefined where an ancestor has not come yet. */
  readonly segments: readonly Segment[] | undefined;
  /** The Musters it came through to here. */
  readonly trail: Trail;
  readonly attachments: readonly OutgoingAttachment[];
}

interface RunRow {
  readonly run_id: string;
  readonly keep_days: number;
  readonly day: string;
  readonly trace_id: string;
  readonly parent_run_id: string | null;
  readonly project_no: number;
  readonly project: string;
  readonly name: string | null;
  readonly run_type: number;
  readonly start_us: number;
  readonly end_us: number | null;
  readonly status: number;
  readonly tags: readonly string[] | null;
  readonly reference_example_id: string | null;
  readonly model: string | null;
  readonly provider: string | null;
  readonly path: Buffer | null;
  readonly inputs: string | null;
  readonly outputs: string | null;
  readonly error: string | null;
  readonly extra: string | null;
  readonly events: string | null;
  readonly serialized: string | null;
  readonly rest: string | null;
}

const DEEPEST = 100;

const arrays = (places: readonly RunPlace[]) =>
  sql`unnest(${places.map(({ runId }) => runId)}::uuid[], ${places.map(({ keepDays }) => keepDays)}::smallint[],
    ${places.map(({ day }) => day)}::date[]) as w(run_id, keep_days, day)`;

/** The runs of these places that still are there, of one project or of all. */
export async function loadRuns(db: Queryable, places: readonly RunPlace[], projectNo: number | null): Promise<readonly OutgoingRun[]> {
  if (places.length === 0) return [];
  const { rows } = await db.query<RunRow>(sql`
    select r.run_id, r.keep_days, to_char(r.day, 'YYYY-MM-DD') as day, r.trace_id, r.parent_run_id, r.project_no, p.name as project, r.name,
      r.run_type, (extract(epoch from r.start_time) * 1000000)::float8 as start_us, (extract(epoch from r.end_time) * 1000000)::float8 as end_us,
      r.status, r.tags, r.reference_example_id, r.model, r.provider, r.path, r.inputs, r.outputs, r.error, r.extra, r.events, r.serialized, r.rest
    from ${arrays(places)}
    join muster.trace_runs r on r.run_id = w.run_id and r.keep_days = w.keep_days and r.day = w.day
    join muster.trace_projects p using (project_no)
    where ${projectNo}::int is null or r.project_no = ${projectNo}`);
  const texts = await inflate(
    db,
    rows.map((row) => ({
      keepDays: row.keep_days,
      day: row.day,
      texts: [row.inputs, row.outputs, row.error, row.extra, row.events, row.serialized, row.rest],
    })),
  );
  const attachments = await attachmentsOf(db, places);
  const placed = await ancestorsOf(db, rows);
  return rows.map((row, index): OutgoingRun => {
    const [inputs = null, outputs = null, error = null, extra = null, events = null, serialized = null, rest = null] = texts[index] ?? [];
    const place = { runId: row.run_id, keepDays: row.keep_days, day: row.day };
    return {
      ...place,
      traceId: row.trace_id,
      parentRunId: row.parent_run_id,
      projectNo: row.project_no,
      project: row.project,
      name: row.name,
      runType: RUN_TYPES[row.run_type] ?? 'chain',
      startTime: Math.round(row.start_us),
      endTime: row.end_us === null ? null : Math.round(row.end_us),
      status: row.status,
      tags: row.tags,
      referenceExampleId: row.reference_example_id,
      model: row.model,
      provider: row.provider,
      inputs,
      outputs,
      error,
      extra,
      events,
      serialized,
      rest,
      segments: placed.get(row.run_id),
      trail: trailIn(rest),
      attachments: attachments.get(row.run_id) ?? [],
    };
  });
}

async function attachmentsOf(db: Queryable, places: readonly RunPlace[]): Promise<ReadonlyMap<string, readonly OutgoingAttachment[]>> {
  const { rows } = await db.query<{ run_id: string; name: string; mime_type: string; body: Buffer }>(sql`
    select a.run_id, a.name, a.mime_type, a.body from ${arrays(places)}
    join muster.trace_attachments a on a.run_id = w.run_id and a.keep_days = w.keep_days and a.day = w.day order by a.run_id, a.name`);
  const byRun = new Map<string, OutgoingAttachment[]>();
  for (const { run_id: runId, name, mime_type: mimeType, body } of rows) {
    const known = byRun.get(runId) ?? [];
    known.push({ name, mimeType, body });
    byRun.set(runId, known);
  }
  return byRun;
}

type Placing = Pick<RunRow, 'run_id' | 'parent_run_id' | 'start_us' | 'path'>;

/**
 * The way from the root to each run. What LangSmith's SDKs send has it; spans of OpenTelemetry name their parent alone, so theirs is put
 * together from their ancestors, a generation a statement.
 */
async function ancestorsOf(db: Queryable, rows: readonly Placing[]): Promise<ReadonlyMap<string, readonly Segment[]>> {
  const known = new Map<string, Placing>(rows.map((row) => [row.run_id, row]));
  for (let depth = 0; depth < DEEPEST; depth += 1) {
    const missing = [...known.values()].flatMap(({ path, parent_run_id: parent }) =>
      path !== null || parent === null || known.has(parent) ? [] : [parent],
    );
    if (missing.length === 0) break;
    const found = await db.query<Placing>(sql`
      select distinct on (run_id) run_id, parent_run_id, (extract(epoch from start_time) * 1000000)::float8 as start_us, path
      from muster.trace_runs where run_id = any(${[...new Set(missing)]}::uuid[])`);
    if (found.rows.length === 0) break;
    for (const row of found.rows) known.set(row.run_id, row);
  }
  const placed = new Map<string, readonly Segment[]>();
  for (const { run_id: runId } of rows) {
    const segments = wayTo(runId, known);
    if (segments !== undefined) placed.set(runId, segments);
  }
  return placed;
}

function wayTo(runId: string, known: ReadonlyMap<string, Placing>): readonly Segment[] | undefined {
  const way: Segment[] = [];
  const seen = new Set<string>();
  for (let at: string | null = runId; at !== null;) {
    const run = known.get(at);
    if (run === undefined || seen.has(at) || way.length >= DEEPEST) return undefined;
    seen.add(at);
    if (run.path !== null) return [...segmentsOf(run.path), ...way];
    way.unshift({ at: Math.round(run.start_us), runId: at });
    at = run.parent_run_id;
  }
  return way;
}

export const dottedOrder = (segments: readonly Segment[]): string =>
  segments.map(({ at, runId }) => dottedOrderOf(null, at, runId)).join('.');
