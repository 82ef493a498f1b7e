/** What a filter of the LangSmith language says, after it was read: `and(eq(run_type, "llm"), gt(latency, 2))`. */
export type Filter =
  | { readonly op: 'and' | 'or'; readonly of: readonly Filter[] }
  | { readonly op: 'not'; readonly of: Filter }
  /** Words anywhere in a run, or within one field. */
  | { readonly op: 'search'; readonly field: FieldName | null; readonly text: string }
  | Comparison;

export interface Comparison {
  readonly op: Comparator;
  readonly field: FieldName;
  readonly value: Value;
}

export const COMPARATORS = ['eq', 'neq', 'gt', 'gte', 'lt', 'lte', 'has', 'in', 'nin', 'like', 'nlike'] as const;
export type Comparator = (typeof COMPARATORS)[number];

export type Scalar = string | number | boolean | null;
export type Value = Scalar | readonly Scalar[];

/** How the values of a field are compared. `pair` fields are read together: a key and its value in one `and` speak of the same entry. */
export type FieldKind = 'uuid' | 'text' | 'choice' | 'time' | 'number' | 'boolean' | 'tags' | 'error' | 'json' | 'pair' | 'pair number';

/** The fields there are. What LangSmith calls otherwise in one place or another has both names. */
export const FIELDS = {
  id: 'uuid',
  run_id: 'uuid',
  trace_id: 'uuid',
  parent_run_id: 'uuid',
  reference_example_id: 'uuid',
  reference_example: 'uuid',
  name: 'text',
  model: 'text',
  provider: 'text',
  thread_id: 'text',
  user_id: 'text',
  prompt: 'text',
  run_type: 'choice',
  status: 'choice',
  start_time: 'time',
  end_time: 'time',
  first_token_time: 'time',
  latency: 'number',
  latency_seconds: 'number',
  first_token_latency: 'number',
  total_tokens: 'number',
  prompt_tokens: 'number',
  completion_tokens: 'number',
  total_cost: 'number',
  prompt_cost: 'number',
  completion_cost: 'number',
  is_root: 'boolean',
  tags: 'tags',
  tag: 'tags',
  error: 'error',
  metadata: 'json',
  metadata_key: 'pair',
  metadata_value: 'pair',
  input_key: 'pair',
  input_value: 'pair',
  output_key: 'pair',
  output_value: 'pair',
  feedback_key: 'pair',
  feedback_score: 'pair number',
  feedback_value: 'pair',
  feedback_comment: 'pair',
  feedback_source: 'pair',
} as const satisfies Readonly<Record<string, FieldKind>>;

export type FieldName = keyof typeof FIELDS;

export const isField = (name: string): name is FieldName => Object.hasOwn(FIELDS, name);

const ORDERED = ['eq', 'neq', 'gt', 'gte', 'lt', 'lte', 'in', 'nin'] as const;
const NAMED = ['eq', 'neq', 'in', 'nin'] as const;
const WORDED = [...ORDERED, 'like', 'nlike'] as const;

/** What may be asked of which kind. */
export const COMPARATORS_OF: Readonly<Record<FieldKind, readonly Comparator[]>> = {
  uuid: NAMED,
  text: WORDED,
  choice: NAMED,
  time: ORDERED,
  number: ORDERED,
  boolean: ['eq', 'neq'],
  tags: ['has', 'eq', 'neq', 'in', 'nin', 'like', 'nlike'],
  error: ['eq', 'neq', 'like', 'nlike'],
  json: ['has'],
  pair: WORDED,
  'pair number': ORDERED,
};

/** Which entries a pair field speaks of: `metadata_key` and `metadata_value` of one entry of the metadata. */
export type PairSource = 'metadata' | 'input' | 'output' | 'feedback';

export function pairOf(field: FieldName): PairSource | undefined {
  if (!FIELDS[field].startsWith('pair')) return undefined;
  return field.slice(0, field.indexOf('_')) as PairSource;
}
