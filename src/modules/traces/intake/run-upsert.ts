import type { Sql } from '../../../db/sql.ts';
import { BinaryArray, OID } from './binary-array.ts';
import type { RunRow } from './run-row.ts';

interface Column {
  readonly name: string;
  /** Of the parameter's elements. */
  readonly type: keyof typeof OID;
  readonly put: (array: BinaryArray, row: RunRow) => void;
  /** Where the column is of another type than its parameter. */
  readonly cast?: string;
}

/** Texts first cost nothing here: the order is that of the parameters alone. */
const COLUMNS: readonly Column[] = [
  { name: 'run_id', type: 'uuid', put: (array, row) => array.uuid(row.runId) },
  { name: 'keep_days', type: 'int2', put: (array, row) => array.int2(row.keepDays) },
  { name: 'day', type: 'date', put: (array, row) => array.day(row.day) },
  { name: 'project_no', type: 'int4', put: (array, row) => array.int4(row.projectNo) },
  { name: 'start_time', type: 'timestamptz', put: (array, row) => array.time(row.startTime) },
  { name: 'end_time', type: 'timestamptz', put: (array, row) => array.time(row.endTime) },
  { name: 'first_token_time', type: 'timestamptz', put: (array, row) => array.time(row.firstTokenTime) },
  { name: 'trace_id', type: 'uuid', put: (array, row) => array.uuid(row.traceId) },
  { name: 'parent_run_id', type: 'uuid', put: (array, row) => array.uuid(row.parentRunId) },
  { name: 'prompt_tokens', type: 'int4', put: (array, row) => array.int4(row.promptTokens) },
  { name: 'completion_tokens', type: 'int4', put: (array, row) => array.int4(row.completionTokens) },
  { name: 'total_tokens', type: 'int4', put: (array, row) => array.int4(row.totalTokens) },
  { name: 'run_type', type: 'int2', put: (array, row) => array.int2(row.runType) },
  { name: 'status', type: 'int2', put: (array, row) => array.int2(row.status) },
  { name: 'flags', type: 'int2', put: (array, row) => array.int2(row.flags) },
  { name: 'name', type: 'text', put: (array, row) => array.text(row.name) },
  { name: 'model', type: 'text', put: (array, row) => array.text(row.model) },
  { name: 'provider', type: 'text', put: (array, row) => array.text(row.provider) },
  { name: 'thread_id', type: 'text', put: (array, row) => array.text(row.threadId) },
  { name: 'user_id', type: 'text', put: (array, row) => array.text(row.userId) },
  { name: 'prompt', type: 'text', put: (array, row) => array.text(row.prompt) },
  { name: 'path', type: 'bytea', put: (array, row) => array.bytes(row.path) },
  { name: 'tags', type: 'text', put: (array, row) => array.text(row.tags), cast: 'text[]' },
  { name: 'input_cost', type: 'text', put: (array, row) => array.text(row.inputCost), cast: 'numeric' },
  { name: 'output_cost', type: 'text', put: (array, row) => array.text(row.outputCost), cast: 'numeric' },
  { name: 'total_cost', type: 'text', put: (array, row) => array.text(row.totalCost), cast: 'numeric' },
  { name: 'usage', type: 'text', put: (array, row) => array.text(row.usage) },
  { name: 'reference_example_id', type: 'uuid', put: (array, row) => array.uuid(row.referenceExampleId) },
  { name: 'inputs', type: 'text', put: (array, row) => array.text(row.inputs) },
  { name: 'outputs', type: 'text', put: (array, row) => array.text(row.outputs) },
  { name: 'error', type: 'text', put: (array, row) => array.text(row.error) },
  { name: 'extra', type: 'text', put: (array, row) => array.text(row.extra) },
  { name: 'events', type: 'text', put: (array, row) => array.text(row.events) },
  { name: 'serialized', type: 'text', put: (array, row) => array.text(row.serialized) },
  { name: 'rest', type: 'text', put: (array, row) => array.text(row.rest) },
];

const KEY = new Set(['run_id', 'keep_days', 'day', 'project_no']);
const TYPE = 'case when excluded.flags & 4 = 4 then r.run_type else excluded.run_type end';
/** Only models use tokens: a chain echoes what its model used. */
const OF_MODELS = new Set(['prompt_tokens', 'completion_tokens', 'total_tokens', 'input_cost', 'output_cost', 'total_cost']);

/**
 * What becomes of a column whose row is there. Null says nothing. A post that comes late (3 = posted and patched, 1 = posted) fills what the
 * patch left out and overwrites nothing.
 */
function merged(name: string): string {
  const fresh = `coalesce(excluded.${name}, r.${name})`;
  const late = `coalesce(r.${name}, excluded.${name})`;
  const either = `case when excluded.flags & 3 = 1 and r.flags & 2 = 2 then ${late} else ${fresh} end`;
  switch (name) {
    case 'run_type':
      return TYPE;
    case 'flags':
      return '((r.flags | excluded.flags) & ~4) | (r.flags & excluded.flags & 4)';
    case 'status':
      return 'case when coalesce(excluded.error, r.error) is not null then 2 when coalesce(excluded.end_time, r.end_time) is not null then 1 else 0 end';
    default:
      return OF_MODELS.has(name) ? `case when (${TYPE}) in (1, 4) then ${either} end` : either;
  }
}

const names = COLUMNS.map(({ name }) => name).join(', ');

/**
 * All rows, and what the feed tells of them, in one statement. Why it is no COPY:
 * docs/decisions/trace-storage.md.
 */
const UPSERT = `with written as (
  insert into muster.trace_runs as r (${names}, completed_in)
  select ${COLUMNS.map(({ name, cast }) => (cast === undefined ? name : `${name}::${cast}`)).join(', ')},
    case when end_time is not null then pg_current_xact_id() end
  from unnest(${COLUMNS.map(({ type }, index) => `$${index + 1}::${type}[]`).join(', ')}) as t(${names})
  on conflict (run_id, keep_days, day) do update set
    ${COLUMNS.filter(({ name }) => !KEY.has(name))
      .map(({ name }) => `${name} = ${merged(name)}`)
      .join(',\n    ')},
    completed_in = coalesce(r.completed_in, excluded.completed_in)
  returning run_id, keep_days, day, completed_in
)
insert into muster.trace_feed (keep_days, day, runs, completed)
select keep_days, day, array_agg(run_id), coalesce(array_agg(run_id) filter (where completed_in = pg_current_xact_id()), '{}')
from written group by keep_days, day`;

/** Writes rows, of which no two are of one run and day, sorted so that two writers take them in one order. */
export function upsertRuns(rows: readonly RunRow[]): Sql {
  const values = COLUMNS.map(({ type, put }) => {
    const array = new BinaryArray(OID[type]);
    for (const row of rows) put(array, row);
    return array.finish();
  });
  return { name: 'traces: upsert runs', text: UPSERT, values };
}
