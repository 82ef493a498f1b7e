import { raw, sql, type Sql } from '../../../../db/sql.ts';
import { containsText, joined, negated, textCondition } from './comparisons.ts';
import type { Comparator, Comparison, FieldName, Filter, PairSource, Scalar } from './filter.ts';

type Leaf = Exclude<Filter, { readonly op: 'and' | 'or' | 'not' }>;

const OPPOSITES: Partial<Record<Comparator, Comparator>> = { neq: 'eq', nin: 'in', nlike: 'like' };

/**
 * Whether some entry of the metadata, of the inputs or outputs, or some feedback fits all of it. One that stands alone and says no, as
 * `neq(metadata_key, "a")`, means that there is no entry that is so: otherwise nearly every run would fit.
 */
export function pairCondition(source: PairSource, parts: readonly Leaf[], run: string): Sql {
  const [only] = parts;
  const opposite = parts.length === 1 && only !== undefined && only.op !== 'search' ? OPPOSITES[only.op] : undefined;
  if (opposite !== undefined && only !== undefined && only.op !== 'search')
    return negated(pairCondition(source, [{ ...only, op: opposite }], run));
  const fits = joined(
    'and',
    parts.map((part) => entryFits(part)),
  );
  if (source === 'feedback')
    return sql`exists (select from muster.trace_feedback entry where entry.run_id = ${raw(run)}.run_id and ${fits})`;
  const { text, object } = SOURCES[source](run);
  const found = sql`exists (select from muster.trace_entries(${raw(object)}) entry where ${fits})`;
  const hint = letterHint(parts, text);
  return hint === undefined ? found : sql`(${hint} and ${found})`;
}

const SOURCES = {
  metadata: (run: string) => ({ text: `${run}.extra`, object: `muster.trace_object(${run}.extra, 'metadata')` }),
  input: (run: string) => ({ text: `${run}.inputs`, object: `muster.trace_object(${run}.inputs, null)` }),
  output: (run: string) => ({ text: `${run}.outputs`, object: `muster.trace_object(${run}.outputs, null)` }),
} as const;

const COLUMNS: Partial<Record<FieldName, string>> = {
  feedback_key: 'entry.key',
  feedback_score: 'entry.score',
  feedback_value: 'muster.trace_text(entry.value)',
  feedback_comment: 'entry.comment',
  feedback_source: 'entry.source',
};

function entryFits(part: Leaf): Sql {
  const field = part.field ?? 'metadata_key';
  const column = raw(COLUMNS[field] ?? (field.endsWith('_key') ? 'entry.key' : 'entry.value'));
  if (part.op === 'search') return containsText(sql`${column}`, part.text);
  const values = Array.isArray(part.value) ? (part.value as readonly Scalar[]) : [part.value as Scalar];
  if (field === 'feedback_score') return textCondition({ column: sql`${column}`, cast: 'float8' }, part.op, values);
  return field.endsWith('_key') || field === 'feedback_comment' || field === 'feedback_source'
    ? textCondition({ column: sql`${column}`, cast: 'text' }, part.op, values.map(asText))
    : valueFits(sql`${column}`, part.op, values);
}

/** Values of metadata come as texts, numbers or true and false: they are compared as what they are compared with. */
function valueFits(column: Sql, op: Comparator, values: readonly Scalar[]): Sql {
  if (values.every((value) => typeof value === 'number'))
    return textCondition({ column: sql`muster.trace_number(${column})`, cast: 'numeric' }, op, values);
  return textCondition({ column, cast: 'text' }, op, values.map(asText));
}

const asText = (value: Scalar): string | null => (value === null ? null : String(value));

/**
 * Reading the JSON of a run costs a hundred times as much as looking for a few letters in it: where a key or a value is known and nobody would
 * write it otherwise, only runs that hold those letters are read. What is kept apart as a blob is read in any case.
 */
function letterHint(parts: readonly Leaf[], text: string): Sql | undefined {
  const column = raw(text);
  const hints = parts.flatMap((part) => {
    if (!isNaming(part)) return [];
    const isKey = part.field.endsWith('_key');
    // A number is written in many ways: 1, 1.0, 1e0.
    const values = [part.value].flat();
    if (!values.every((value) => typeof value === 'string' && PLAIN.test(value))) return [];
    return [
      joined(
        'or',
        values.map((value) => sql`strpos(${column}, ${isKey ? `"${String(value)}"` : String(value)}) > 0`),
      ),
    ];
  });
  return hints.length === 0 ? undefined : sql`((${joined('and', hints)}) or strpos(${column}, chr(1)) > 0)`;
}

/** Letters that no writer of JSON escapes. */
const PLAIN = /^[A-Za-z0-9_.:-]{1,200}$/;

const isNaming = (part: Leaf): part is Comparison => part.op === 'eq' || part.op === 'in';
