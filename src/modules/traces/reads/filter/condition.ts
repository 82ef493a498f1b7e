import { sql, raw, type Sql } from '../../../../db/sql.ts';
import { storableText } from '../../json/storable.ts';
import { RUN_STATUSES, RUN_TYPES } from '../../run/run-type.ts';
import { containsText, joined, negated, NEVER, textCondition, type Column } from './comparisons.ts';
import { FIELDS, pairOf, type Comparison, type FieldName, type Filter, type PairSource, type Scalar } from './filter.ts';
import { jsonObject } from './json-object.ts';
import { pairCondition } from './pairs.ts';
import { isoMicros, parseTimestamp } from './timestamp.ts';

/** Finds the runs that hold words anywhere: a condition over the row of `muster.trace_runs` named `run`. */
export type SearchCondition = (text: string, run: string) => Sql;

/**
 * The SQL of a filter: a condition over the row of `muster.trace_runs` that the statement calls `run`. It is never null where that matters: a
 * comparison with what a run does not have is false, and its opposite true.
 */
export function conditionOf(filter: Filter, run: string, search: SearchCondition): Sql {
  switch (filter.op) {
    case 'and':
      return joined('and', conjuncts(filter.of, run, search));
    case 'or':
      return joined(
        'or',
        filter.of.map((part) => conditionOf(part, run, search)),
      );
    case 'not':
      return negated(conditionOf(filter.of, run, search));
    default:
      return leaf(filter, run, search);
  }
}

type Leaf = Exclude<Filter, { readonly op: 'and' | 'or' | 'not' }>;

/** What is said in one `and` of keys and values of the same source speaks of one entry. */
function conjuncts(parts: readonly Filter[], run: string, search: SearchCondition): readonly Sql[] {
  const together = new Map<PairSource, Leaf[]>();
  const rest: Sql[] = [];
  for (const part of parts) {
    const source = isLeaf(part) && part.field !== null ? pairOf(part.field) : undefined;
    if (source === undefined || !isLeaf(part)) rest.push(conditionOf(part, run, search));
    else together.set(source, [...(together.get(source) ?? []), part]);
  }
  return [...rest, ...[...together].map(([source, of]) => pairCondition(source, of, run))];
}

const isLeaf = (filter: Filter): filter is Leaf => filter.op !== 'and' && filter.op !== 'or' && filter.op !== 'not';

function leaf(filter: Leaf, run: string, search: SearchCondition): Sql {
  if (filter.field === null) return search(filter.text, run);
  const source = pairOf(filter.field);
  if (source !== undefined) return pairCondition(source, [filter], run);
  if (filter.op === 'search') return searched(filter.field, filter.text, run);
  return compared(filter, run);
}

const COLUMNS: Partial<Record<FieldName, string>> = {
  id: 'run_id',
  run_id: 'run_id',
  reference_example: 'reference_example_id',
  prompt_cost: 'input_cost',
  completion_cost: 'output_cost',
  tag: 'tags',
};

function columnOf(field: FieldName, run: string): Sql {
  switch (field) {
    case 'latency':
    case 'latency_seconds':
      return { text: `extract(epoch from ${run}.end_time - ${run}.start_time)::float8`, values: [] };
    case 'first_token_latency':
      return { text: `extract(epoch from ${run}.first_token_time - ${run}.start_time)::float8`, values: [] };
    default:
      return { text: `${run}.${COLUMNS[field] ?? field}`, values: [] };
  }
}

function compared(filter: Comparison, run: string): Sql {
  const { field, op, value } = filter;
  const column = columnOf(field, run);
  const values = Array.isArray(value) ? (value as readonly Scalar[]) : [value as Scalar];
  switch (FIELDS[field]) {
    case 'uuid':
      if (field === 'trace_id' && op === 'eq' && typeof value === 'string') return inTrace(run, value);
      return ordered({ column, cast: 'uuid' }, op, values);
    case 'choice':
      return ordered(
        { column, cast: 'smallint' },
        op,
        values.map((choice) => placeOf(field, choice)),
      );
    case 'time':
      return ordered({ column, cast: 'timestamptz' }, op, values.map(timeText));
    case 'number':
      return ordered({ column, cast: field.endsWith('_cost') ? 'numeric' : 'float8' }, op, values);
    case 'boolean':
      return rootCondition(op, value, run);
    case 'tags':
      return tagCondition(column, op, values);
    case 'error':
      return errorCondition(column, op, values[0] ?? null);
    case 'json':
      return metadataHolds(String(value), run);
    default:
      return textCondition({ column, cast: 'text' }, op, values);
  }
}

/** The same as `trace_id = …`, in three parts that each have an index: the root by its id, the others, and roots whose trace has another id. */
export function inTrace(run: string, traceId: string): Sql {
  const r = raw(run);
  return sql`((${r}.run_id = ${traceId}::uuid and ${r}.trace_id = ${traceId}::uuid) or (${r}.trace_id = ${traceId}::uuid and ${r}.parent_run_id is not null)
    or (${r}.trace_id = ${traceId}::uuid and ${r}.parent_run_id is null and ${r}.trace_id <> ${r}.run_id))`;
}

const placeOf = (field: FieldName, choice: Scalar): number | null =>
  choice === null ? null : ([...(field === 'run_type' ? RUN_TYPES : RUN_STATUSES)] as string[]).indexOf(String(choice).toLowerCase());

const timeText = (value: Scalar): string | null => {
  const micros = value === null ? undefined : parseTimestamp(value);
  return micros === undefined ? null : isoMicros(micros);
};

/** Names, numbers and times: by equality, order and lists. */
const ordered = (column: Column, op: Comparison['op'], values: readonly Scalar[]): Sql => textCondition(column, op, values);

function rootCondition(op: Comparison['op'], value: Comparison['value'], run: string): Sql {
  const wanted = value === null ? undefined : (value === true) === (op === 'eq');
  if (wanted === undefined) return op === 'eq' ? NEVER : negated(NEVER);
  return wanted ? sql`${raw(run)}.parent_run_id is null` : sql`${raw(run)}.parent_run_id is not null`;
}

function tagCondition(tags: Sql, op: Comparison['op'], values: readonly Scalar[]): Sql {
  if (values[0] === null) return op === 'eq' ? sql`coalesce(cardinality(${tags}), 0) = 0` : sql`coalesce(cardinality(${tags}), 0) > 0`;
  const texts = values.map(String);
  switch (op) {
    case 'like':
    case 'nlike': {
      const found = sql`exists (select from unnest(${tags}) tag where tag like ${texts[0]})`;
      return op === 'like' ? found : negated(found);
    }
    case 'neq':
    case 'nin':
      return negated(sql`${tags} && ${texts}::text[]`);
    default:
      return sql`${tags} && ${texts}::text[]`;
  }
}

/** An error lies there as a JSON string, escaped as its client did it: in ASCII by some, in UTF-8 by most. */
function errorCondition(error: Sql, op: Comparison['op'], value: Scalar): Sql {
  if (value === null) return op === 'eq' ? sql`${error} is null` : sql`${error} is not null`;
  const text = sql`muster.trace_text(${error})`;
  return textCondition({ column: text, cast: 'text' }, op, [value]);
}

function metadataHolds(text: string, run: string): Sql {
  const metadata = sql`muster.trace_object(${raw(run)}.extra, 'metadata')`;
  return jsonObject(text) === undefined ? sql`${metadata} ? ${text}` : sql`${metadata} @> ${storableText(text)}::jsonb`;
}

function searched(field: FieldName, text: string, run: string): Sql {
  const column = columnOf(field, run);
  switch (FIELDS[field]) {
    case 'tags':
      return sql`exists (select from unnest(${column}) tag where ${containsText(sql`tag`, text)})`;
    case 'error':
      return containsText(sql`muster.trace_text(${column})`, text);
    default:
      return containsText(column, text);
  }
}
