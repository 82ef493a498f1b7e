import { raw, type Sql } from '../../../db/sql.ts';
import { dottedOrderOf, segmentsOf } from '../run/dotted-order.ts';
import type { JsonText, Micros } from '../run/operation.ts';
import { RUN_STATUSES, RUN_TYPES, type RunStatus, type RunType } from '../run/run-type.ts';

/** A run without what may be large. */
export interface RunRecord {
  readonly runId: string;
  readonly traceId: string;
  readonly parentRunId: string | null;
  readonly projectNo: number;
  readonly keepDays: number;
  /** `2026-11-26` */
  readonly day: string;
  readonly startTime: Micros;
  readonly endTime: Micros | null;
  readonly firstTokenTime: Micros | null;
  readonly name: string | null;
  readonly runType: RunType;
  readonly status: RunStatus;
  readonly model: string | null;
  readonly provider: string | null;
  readonly threadId: string | null;
  readonly userId: string | null;
  readonly prompt: string | null;
  readonly tags: readonly string[];
  readonly promptTokens: number | null;
  readonly completionTokens: number | null;
  readonly totalTokens: number | null;
  /** USD, as decimal texts. */
  readonly inputCost: string | null;
  readonly outputCost: string | null;
  readonly totalCost: string | null;
  readonly referenceExampleId: string | null;
  /** Of a run whose client says none (OpenTelemetry) only its own part: `withAncestry` finds the rest. */
  readonly dottedOrder: string;
  readonly isPathless: boolean;
  /** From the root down; of a root none. */
  readonly parentRunIds: readonly string[];
}

/** What may be large, as it came. */
export const TEXT_FIELDS = ['inputs', 'outputs', 'error', 'extra', 'events', 'serialized', 'rest', 'usage'] as const;
export type TextField = (typeof TEXT_FIELDS)[number];
export type RunTexts = Readonly<Partial<Record<TextField, JsonText | null>>>;

export interface WholeRun extends RunRecord {
  readonly texts: RunTexts;
}

/** As the statement below gives it. */
export interface RunRow {
  readonly run_id: string;
  readonly trace_id: string;
  readonly parent_run_id: string | null;
  readonly project_no: number;
  readonly keep_days: number;
  readonly day: string;
  readonly start_time: Micros;
  readonly end_time: Micros | null;
  readonly first_token_time: Micros | null;
  readonly name: string | null;
  readonly run_type: number;
  readonly status: number;
  readonly model: string | null;
  readonly provider: string | null;
  readonly thread_id: string | null;
  readonly user_id: string | null;
  readonly prompt: string | null;
  readonly tags: readonly string[] | null;
  readonly prompt_tokens: number | null;
  readonly completion_tokens: number | null;
  readonly total_tokens: number | null;
  readonly input_cost: string | null;
  readonly output_cost: string | null;
  readonly total_cost: string | null;
  readonly reference_example_id: string | null;
  readonly path: Buffer | null;
}

/** Microseconds since 1970 of a timestamptz, exactly: as a Date it would lose three digits. */
export const micros = (column: string): string => `(extract(epoch from ${column}) * 1000000)::int8`;

/** The light columns of the row named `run`. */
export const runColumns = (run: string): Sql => ({
  text: `${run}.run_id, ${run}.trace_id, ${run}.parent_run_id, ${run}.project_no, ${run}.keep_days, to_char(${run}.day, 'YYYY-MM-DD') as day,
    ${micros(`${run}.start_time`)} as start_time, ${micros(`${run}.end_time`)} as end_time, ${micros(`${run}.first_token_time`)} as first_token_time,
    ${run}.name, ${run}.run_type, ${run}.status, ${run}.model, ${run}.provider, ${run}.thread_id, ${run}.user_id, ${run}.prompt, ${run}.tags,
    ${run}.prompt_tokens, ${run}.completion_tokens, ${run}.total_tokens, ${run}.input_cost::text, ${run}.output_cost::text, ${run}.total_cost::text,
    ${run}.reference_example_id, ${run}.path`,
  values: [],
});

export const textColumns = (run: string, fields: readonly TextField[]) => raw(fields.map((field) => `, ${run}.${field}`).join(''));

export function recordOf(row: RunRow): RunRecord {
  return {
    runId: row.run_id,
    traceId: row.trace_id,
    parentRunId: row.parent_run_id,
    projectNo: row.project_no,
    keepDays: row.keep_days,
    day: row.day,
    startTime: row.start_time,
    endTime: row.end_time,
    firstTokenTime: row.first_token_time,
    name: row.name,
    runType: RUN_TYPES[row.run_type] ?? 'chain',
    status: RUN_STATUSES[row.status] ?? 'pending',
    model: row.model,
    provider: row.provider,
    threadId: row.thread_id,
    userId: row.user_id,
    prompt: row.prompt,
    tags: row.tags ?? [],
    promptTokens: row.prompt_tokens,
    completionTokens: row.completion_tokens,
    totalTokens: row.total_tokens,
    inputCost: row.input_cost,
    outputCost: row.output_cost,
    totalCost: row.total_cost,
    referenceExampleId: row.reference_example_id,
    dottedOrder: dottedOrderOf(row.path, row.start_time, row.run_id),
    isPathless: row.path === null && row.parent_run_id !== null,
    parentRunIds: parentsOf(row),
  };
}

/** Spans of OpenTelemetry know their parent and nobody above. */
function parentsOf({ path, parent_run_id: parent }: RunRow): readonly string[] {
  if (path !== null)
    return segmentsOf(path)
      .slice(0, -1)
      .map(({ runId }) => runId);
  return parent === null ? [] : [parent];
}

/** Never less than nothing: LangSmith's SDKs tell ends by the millisecond and write the order of runs into the microseconds of their beginnings. */
export const latencySeconds = ({ startTime, endTime }: Pick<RunRecord, 'startTime' | 'endTime'>): number | null =>
  endTime === null ? null : Math.max(0, endTime - startTime) / 1e6;

export const firstTokenSeconds = ({ startTime, firstTokenTime }: Pick<RunRecord, 'startTime' | 'firstTokenTime'>): number | null =>
  firstTokenTime === null ? null : (firstTokenTime - startTime) / 1e6;
