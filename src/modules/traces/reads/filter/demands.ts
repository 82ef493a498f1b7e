import {
  fieldWord,
  INDEXED_FIELDS,
  metadataEntryWord,
  metadataKeyWord,
  UNREAD_METADATA,
  type FieldGroup,
  type IndexedField,
} from '../../search/index.ts';
import type { Comparison, Filter, Scalar } from './filter.ts';
import { jsonObject } from './json-object.ts';

/** More values than that are looked for by reading. */
const MOST_WORDS = 100;

/** Words of the index of fields of which a run must have one, and how telling the field is: who has a thread of its own is one of few. */
interface Demand {
  readonly words: FieldGroup;
  readonly rank: number;
}

/** How few runs one value is likely to have, fewest first: by it one is chosen where an `or` needs only one of what a branch demands. */
const RANKS = {
  metadata_entry: 0,
  thread_id: 1,
  user_id: 2,
  prompt: 3,
  tags: 4,
  metadata_key: 5,
  model: 6,
  name: 7,
  provider: 8,
  run_type: 9,
};

/**
 * What every run that fits must have, as far as the index of fields can tell: of each group one word. A run that has them all need not fit.
 * Pure.
 */
export const demandsOf = (filter: Filter): readonly FieldGroup[] => demanded(filter).map(({ words }) => words);

/** The same for one field that must have a value. */
export const demandOf = (field: IndexedField, value: string): FieldGroup => [fieldWord(field, value)];

function demanded(filter: Filter): readonly Demand[] {
  switch (filter.op) {
    case 'and':
      return [...filter.of.flatMap(demanded), ...entriesOf(filter.of)];
    case 'or':
      return anyOf(filter.of.map(demanded));
    case 'not':
    case 'search':
      return [];
    default:
      return compared(filter);
  }
}

/** One of them holds: the words of the most telling demand of each; none where one branch demands nothing. */
function anyOf(branches: readonly (readonly Demand[])[]): readonly Demand[] {
  const chosen: Demand[] = [];
  for (const branch of branches) {
    const [best] = branch.toSorted((a, b) => a.rank - b.rank);
    if (best === undefined) return [];
    chosen.push(best);
  }
  return group(
    chosen.flatMap(({ words }) => words),
    Math.max(...chosen.map(({ rank }) => rank)),
  );
}

function compared(filter: Comparison): readonly Demand[] {
  const { field, op } = filter;
  if (field === 'metadata') return held(String(filter.value));
  const values = namedBy(filter);
  if (values === undefined) return [];
  if (field === 'metadata_key')
    return metadata(
      values.map((key) => metadataKeyWord(String(key))),
      RANKS.metadata_key,
    );
  const indexed = field === 'tag' ? 'tags' : field;
  if (!isIndexed(indexed) || (op === 'has' && indexed !== 'tags')) return [];
  // run_type is compared without regard to case, and indexed in lower case.
  return group(
    values.map((value) => fieldWord(indexed, indexed === 'run_type' ? String(value).toLowerCase() : String(value))),
    RANKS[indexed],
  );
}

/** Keys and values in one `and` speak of one entry: of one of these keys with one of these values. */
function entriesOf(parts: readonly Filter[]): readonly Demand[] {
  const naming = (field: Comparison['field']): readonly Scalar[] | undefined => {
    for (const part of parts) if ('field' in part && part.op !== 'search' && part.field === field) return namedBy(part);
    return undefined;
  };
  const [keys, values] = [naming('metadata_key'), naming('metadata_value')];
  if (keys === undefined || values === undefined) return [];
  return metadata(
    keys.flatMap((key) => values.map((value) => metadataEntryWord(String(key), value ?? ''))),
    RANKS.metadata_entry,
  );
}

/** `has(metadata, "key")`, `has(metadata, '{"key": "value"}')` */
function held(text: string): readonly Demand[] {
  const object = jsonObject(text);
  if (object === undefined) return metadata([metadataKeyWord(text)], RANKS.metadata_key);
  return Object.entries(object).flatMap(([key, value]) =>
    typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
      ? metadata([metadataEntryWord(key, value)], RANKS.metadata_entry)
      : metadata([metadataKeyWord(key)], RANKS.metadata_key),
  );
}

/** The values that a comparison names: of `eq`, `in` and `has`; undefined for what names none. */
function namedBy({ op, value }: Comparison): readonly Scalar[] | undefined {
  if (op !== 'eq' && op !== 'in' && op !== 'has') return undefined;
  const values = [value].flat() as readonly Scalar[];
  return values.includes(null) ? undefined : values;
}

const metadata = (words: FieldGroup, rank: number): readonly Demand[] => group([...words, UNREAD_METADATA], rank);
const group = (words: FieldGroup, rank: number): readonly Demand[] => (words.length > MOST_WORDS ? [] : [{ words, rank }]);

const isIndexed = (field: string): field is IndexedField => (INDEXED_FIELDS as readonly string[]).includes(field);
