import { isRunType, RUN_STATUSES, RUN_TYPES } from '../../run/run-type.ts';
import {
  COMPARATORS,
  COMPARATORS_OF,
  FIELDS,
  isField,
  type Comparator,
  type FieldKind,
  type FieldName,
  type Filter,
  type Scalar,
  type Value,
} from './filter.ts';
import { isHeldByJsonb } from './json-object.ts';
import { badFilter } from './syntax-error.ts';
import { parseTimestamp } from './timestamp.ts';
import { tokensOf, type Token } from './tokens.ts';

const LONGEST = 16_384;
const DEEPEST = 32;
const MOST_CONDITIONS = 256;
const MOST_VALUES = 1_000;

/** Reads a filter. Throws INVALID_INPUT with the place where it breaks. */
export function parseFilter(text: string): Filter {
  if (text.length > LONGEST) throw badFilter(LONGEST, `it is longer than ${LONGEST} characters`);
  // PostgreSQL stores neither, so no run has them.
  if (text.includes('\u0000')) throw badFilter(text.indexOf('\u0000'), 'U+0000 cannot stand there');
  return new Parser(text).whole();
}

class Parser {
  readonly #tokens: Generator<Token, never>;
  #next: Token;
  #conditions = 0;

  constructor(text: string) {
    this.#tokens = tokensOf(text);
    this.#next = this.#tokens.next().value;
  }

  whole(): Filter {
    const filter = this.#condition(1);
    if (this.#next.kind !== 'end') throw badFilter(this.#next.at, 'nothing may follow the closing parenthesis');
    return filter;
  }

  #condition(depth: number): Filter {
    const { at } = this.#next;
    if (depth > DEEPEST) throw badFilter(at, `it is nested deeper than ${DEEPEST} levels`);
    if (++this.#conditions > MOST_CONDITIONS) throw badFilter(at, `it has more than ${MOST_CONDITIONS} conditions`);
    const op = this.#word('a condition, such as eq(status, "error")').toLowerCase();
    this.#mark('(');
    const condition = this.#inside(op, at, depth);
    this.#mark(')');
    return condition;
  }

  #inside(op: string, at: number, depth: number): Filter {
    if (op === 'and' || op === 'or') return { op, of: this.#list(() => this.#condition(depth + 1), ')') };
    if (op === 'not') return { op, of: this.#condition(depth + 1) };
    if (op === 'search') return this.#search();
    if (op === 'exists') return this.#exists();
    if (!isComparator(op)) throw badFilter(at, `there is no ${op}; there are and, or, not, search, exists, ${COMPARATORS.join(', ')}`);
    const field = this.#field(op);
    this.#mark(',');
    return { op, field, value: this.#value(op, field) };
  }

  /** `search("words")`, or of one field: `search(name, "words")`. */
  #search(): Filter {
    const { at } = this.#next;
    const field = this.#next.kind === 'word' ? this.#anyField() : null;
    if (field !== null && !isSearchable(field)) throw badFilter(at, `${field} holds no words to search`);
    if (field !== null) this.#mark(',');
    const token = this.#take();
    if (token.kind !== 'string') throw badFilter(token.at, 'search wants a text in quotes');
    return { op: 'search', field, text: token.text };
  }

  /** `exists(metadata, "key")`: what LangSmith writes for examples, and what `has` says of runs. */
  #exists(): Filter {
    const { at } = this.#next;
    const field = this.#anyField();
    if (FIELDS[field] !== 'json') throw badFilter(at, 'exists asks of metadata alone');
    this.#mark(',');
    const token = this.#take();
    if (token.kind !== 'string' || token.text.startsWith('{')) throw badFilter(token.at, 'the name of a key must stand there, in quotes');
    return { op: 'has', field, value: token.text };
  }

  #anyField(): FieldName {
    const { at } = this.#next;
    const name = this.#word('the name of a field');
    if (isField(name)) return name;
    throw badFilter(at, `there is no field ${name}; there are ${Object.keys(FIELDS).join(', ')}`);
  }

  #field(op: Comparator): FieldName {
    const { at } = this.#next;
    const name = this.#anyField();
    if (!COMPARATORS_OF[FIELDS[name]].includes(op))
      throw badFilter(at, `${name} cannot be asked with ${op}, only with ${COMPARATORS_OF[FIELDS[name]].join(', ')}`);
    return name;
  }

  #value(op: Comparator, field: FieldName): Value {
    const { at } = this.#next;
    const isList = this.#next.kind === 'mark' && this.#next.text === '[';
    if (isList !== (op === 'in' || op === 'nin'))
      throw badFilter(at, isList ? `${op} wants one value, not a list` : `${op} wants a list: ["a", "b"]`);
    if (!isList) return this.#scalar(op, field);
    this.#mark('[');
    const values = this.#list(() => this.#scalar(op, field), ']');
    this.#mark(']');
    return values;
  }

  #scalar(op: Comparator, field: FieldName): Scalar {
    const token = this.#take();
    const value = literalOf(token);
    const wanted = wantedOf(FIELDS[field], field, op, value);
    if (wanted !== undefined) throw badFilter(token.at, `${field} is compared with ${wanted}`);
    return value;
  }

  #list<Item>(item: () => Item, close: ')' | ']'): readonly Item[] {
    const items: Item[] = [];
    if (this.#next.kind === 'mark' && this.#next.text === close) throw badFilter(this.#next.at, 'something must stand there');
    for (;;) {
      if (items.length >= MOST_VALUES) throw badFilter(this.#next.at, `a list has at most ${MOST_VALUES} values`);
      items.push(item());
      if (this.#next.kind !== 'mark' || this.#next.text !== ',') return items;
      this.#take();
    }
  }

  #word(what: string): string {
    const token = this.#take();
    if (token.kind !== 'word') throw badFilter(token.at, `${what} must stand there`);
    return token.text;
  }

  #mark(text: '(' | ')' | '[' | ']' | ','): void {
    const token = this.#take();
    if (token.kind !== 'mark' || token.text !== text) throw badFilter(token.at, `${text} must stand there`);
  }

  #take(): Token {
    const token = this.#next;
    if (token.kind !== 'end') this.#next = this.#tokens.next().value;
    return token;
  }
}

const isSearchable = (field: FieldName): boolean => ['text', 'tags', 'error', 'pair'].includes(FIELDS[field]);
const isComparator = (op: string): op is Comparator => (COMPARATORS as readonly string[]).includes(op);

const WORDS: Readonly<Record<string, boolean | null>> = { true: true, false: false, null: null, none: null };

function literalOf(token: Token): Scalar {
  if (token.kind === 'string') return token.text;
  if (token.kind === 'number') return token.value;
  // Python writes True and None.
  const word = token.kind === 'word' ? WORDS[token.text.toLowerCase()] : undefined;
  if (word === undefined) throw badFilter(token.at, 'a value must stand there: a text in quotes, a number, true, false or null');
  return word;
}

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** What a value should be that cannot be compared with that field; undefined: it can. */
function wantedOf(kind: FieldKind, field: FieldName, op: Comparator, value: Scalar): string | undefined {
  if (value === null) return op === 'eq' || op === 'neq' ? undefined : 'null only by eq and neq';
  switch (kind) {
    case 'uuid':
      return typeof value === 'string' && UUID.test(value) ? undefined : 'a UUID in quotes';
    case 'choice':
      return choiceWanted(field, value);
    case 'time':
      return parseTimestamp(value) === undefined ? 'a time: "2026-01-31T12:00:00Z", or milliseconds since 1970' : undefined;
    case 'number':
    case 'pair number':
      return typeof value === 'number' && Number.isFinite(value) ? undefined : 'a number';
    case 'boolean':
      return typeof value === 'boolean' ? undefined : 'true or false';
    case 'json':
      return textWanted(value) ?? (isHeldByJsonb(String(value)) ? undefined : 'an object that jsonb can hold, or the name of a key');
    case 'pair':
      return op === 'like' || op === 'nlike' ? patternWanted(value) : undefined;
    default:
      return op === 'like' || op === 'nlike' ? patternWanted(value) : textWanted(value);
  }
}

/** PostgreSQL refuses a pattern whose last backslash escapes nothing. */
function patternWanted(value: Scalar): string | undefined {
  const isOpen = typeof value === 'string' && (/\\+$/.exec(value)?.[0].length ?? 0) % 2 === 1;
  return textWanted(value) ?? (isOpen ? 'a pattern that does not end in a lone backslash' : undefined);
}

const textWanted = (value: Scalar): string | undefined => (typeof value === 'string' ? undefined : 'a text in quotes');

function choiceWanted(field: FieldName, value: Scalar): string | undefined {
  const choices: readonly string[] = field === 'run_type' ? RUN_TYPES : RUN_STATUSES;
  const text = String(value).toLowerCase();
  return (field === 'run_type' ? isRunType(text) : choices.includes(text)) ? undefined : `one of ${choices.join(', ')}`;
}
