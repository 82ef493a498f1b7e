import type { Refused } from '../intake/intake.ts';
import { cleanText } from '../intake/pg-text.ts';
import { membersOf } from '../json/slices.ts';
import { readTrail, TRAIL_FIELD } from '../origin/trail.ts';
import { LONGEST_NAME } from '../projects/projects.ts';
import type { JsonText, RunOperation } from '../run/operation.ts';
import { isRunType } from '../run/run-type.ts';
import { microsOf } from '../run/times.ts';
import { uuidOf } from '../run/uuid.ts';

/** Fields of a run that are kept as the JSON they came as. */
const JSON_FIELDS = ['inputs', 'outputs', 'events', 'extra', 'error', 'serialized'] as const;
export type JsonField = (typeof JSON_FIELDS)[number];

export const isJsonField = (name: string): name is JsonField => (JSON_FIELDS as readonly string[]).includes(name);

/** An operation while its parts are gathered. */
export type OpenOperation = { -readonly [field in keyof RunOperation]: RunOperation[field] };

/** What rides along and says nothing that is not said elsewhere. */
const IGNORED = new Set([
  'id',
  'child_runs',
  'child_run_ids',
  'replicas',
  'status',
  'execution_order',
  'child_execution_order',
  'session_id',
  'session_name',
  'address',
]);

/** Longer names of runs are cut: they are labels. */
const LONGEST_RUN_NAME = 1_000;
const MOST_TAGS = 200;

/** Reads a run that is `value` once parsed and `text` as it came; `idHint` is the id its part or path names. Refused where it can be no run. */
export function readRun(kind: RunOperation['kind'], value: unknown, text: string, idHint?: string): OpenOperation | Refused {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refused('a run is a JSON object', text, idHint);
  const fields = value as Readonly<Record<string, unknown>>;
  const runId = uuidOf(idHint ?? fields['id']);
  if (runId === undefined) return refused('the id of a run is a UUID', text, stringOf(idHint ?? fields['id']));
  const operation: OpenOperation = { kind, runId, project: projectOf(fields) };
  const left = new Set<string>();
  let hasJson = false;
  for (const key of Object.keys(fields)) {
    const said = fields[key];
    if (said === null || IGNORED.has(key)) continue;
    if (isJsonField(key)) hasJson = true;
    else if (!read(operation, key, said)) left.add(key);
  }
  if (hasJson || left.size > 0) takeSlices(operation, text, left);
  return operation;
}

/** Whether the field is known and its value one it can have. What is not is kept as it came. */
function read(operation: OpenOperation, key: string, said: unknown): boolean {
  switch (key) {
    case 'name':
      operation.name = typeof said === 'string' ? cleanText(said).slice(0, LONGEST_RUN_NAME) : undefined;
      return operation.name !== undefined;
    case 'run_type':
      operation.runType = typeof said === 'string' && isRunType(said) ? said : undefined;
      return operation.runType !== undefined;
    case 'start_time':
      operation.startTime = microsOf(said);
      return operation.startTime !== undefined;
    case 'end_time':
      operation.endTime = microsOf(said);
      return operation.endTime !== undefined;
    case 'trace_id':
      operation.traceId = uuidOf(said);
      return operation.traceId !== undefined;
    case 'parent_run_id':
      operation.parentRunId = uuidOf(said);
      return operation.parentRunId !== undefined;
    case 'reference_example_id':
      operation.referenceExampleId = uuidOf(said);
      return operation.referenceExampleId !== undefined;
    case 'dotted_order':
      operation.dottedOrder = typeof said === 'string' ? said : undefined;
      return operation.dottedOrder !== undefined;
    case 'tags':
      if (!Array.isArray(said) || !said.every((tag) => typeof tag === 'string')) return false;
      operation.tags = said.slice(0, MOST_TAGS).map((tag: string) => cleanText(tag));
      return said.length <= MOST_TAGS;
    case TRAIL_FIELD:
      operation.trail = readTrail(said);
      // Kept as well: whoever passes the run on adds to it.
      return false;
    default:
      return false;
  }
}

/** Takes the JSON fields as they stand in the text, and so what is not known. A key that comes twice counts as JSON.parse reads it: the last. */
function takeSlices(operation: OpenOperation, text: string, left: ReadonlySet<string>): void {
  const rest = new Map<string, JsonText>();
  for (const { key, start, end } of membersOf(text) ?? []) {
    if (isJsonField(key)) setField(operation, key, text.slice(start, end));
    else if (left.has(key)) rest.set(key, text.slice(start, end));
  }
  if (rest.size > 0) operation.rest = `{${[...rest].map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`;
}

/** Sets a field to JSON that is known to be valid. Null, and an empty error, say nothing. */
export function setField(operation: OpenOperation, field: JsonField, json: JsonText): void {
  if (json === 'null' || (field === 'error' && json === '""')) return;
  operation[field] = field === 'error' && !json.startsWith('"') ? JSON.stringify(json) : json;
}

function projectOf(fields: Readonly<Record<string, unknown>>): RunOperation['project'] {
  const { session_name: name, session_id: sessionId, address } = fields;
  if (typeof name === 'string' && name !== '') return { name: cleanText(name).slice(0, LONGEST_NAME) };
  const id = uuidOf(sessionId);
  if (id !== undefined) return { id };
  return typeof address === 'string' && address !== '' ? { name: projectOfAddress(address) } : undefined;
}

/** `lrn:agents/{id}/environments/{name}`: the project of an agent in one environment. */
export function projectOfAddress(address: string): string {
  const match = /^lrn:agents\/([^/]+)\/environments\/([^/]+)$/.exec(address);
  return cleanText(match === null ? address : `${match[1]}/${match[2]}`).slice(0, LONGEST_NAME);
}

export const isRefused = (read: OpenOperation | Refused): read is Refused => 'reason' in read;

const refused = (message: string, body: string, runId: string | undefined): Refused => ({ reason: 'bad_run', message, runId, body });

const stringOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
