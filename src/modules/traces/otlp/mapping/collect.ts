import type { RunType } from '../../run/run-type.ts';
import type { Attributes, Value } from '../span.ts';
import { targetsOf, type Target } from './lookup.ts';
import { documentsOf, messagesOf, toolsOf } from './messages.ts';
import { jsonOf, listOf, numberOf, put, textOf } from './read-value.ts';
import { PROVIDER_SUFFIXES, PROVIDERS, RUN_TYPE_RULES, type Reading } from './table.ts';
import { Unflattened } from './unflatten.ts';
import { uuidOf } from '../ids.ts';

/** What the attributes of one span said, by field of the table. */
export interface Collected {
  readonly runType: RunType;
  readonly fields: ReadonlyMap<string, Value>;
  /** What the table knows nothing of, and what was outdone by a better source and says something else. */
  readonly unmapped: Readonly<Record<string, Value>>;
}

/** Kept as said too: their values are finer than what a run's type keeps of them. */
const TYPE_NAMES = new Set(RUN_TYPE_RULES.map(({ name }) => name));
/** Renderings of one thing: the best is kept, and the others do not double it. */
const CONTENT = /^(inputs|outputs)(\.|$)/;

interface Source {
  readonly rank: number;
  readonly name: string;
  readonly raw: Value;
}

interface Outdone extends Source {
  readonly field: string;
  readonly value: Value;
}

interface Flattened {
  readonly target: Target;
  readonly tree: Unflattened;
}

export function collect(attributes: Attributes): Collected {
  const runType = runTypeOf(attributes);
  const fields = new Map<string, Value>();
  const unmapped: Record<string, Value> = {};
  // Only where two speak for one field does it matter who did: few do.
  const sources = new Map<string, Source>();
  let lists: Map<string, Flattened> | undefined;
  let outdone: Outdone[] | undefined;
  const offer = ({ field, rank }: Target, name: string, raw: Value, value: Value): void => {
    const known = sources.get(field);
    if (known === undefined || rank < known.rank) {
      if (known !== undefined) (outdone ??= []).push({ ...known, field, value: fields.get(field) ?? null });
      sources.set(field, { rank, name, raw });
      fields.set(field, value);
    } else (outdone ??= []).push({ rank, name, raw, field, value });
  };

  for (const [name, raw] of attributes) {
    const target = targetFor(name, runType);
    if (target === undefined) {
      if (name !== 'langsmith.span.kind') put(unmapped, name, raw);
      continue;
    }
    if (target.path !== undefined) {
      const key = `${target.field} ${target.rank}`;
      lists ??= new Map<string, Flattened>();
      const list = lists.get(key) ?? { target, tree: new Unflattened() };
      lists.set(key, list);
      list.tree.set(target.path, raw);
      continue;
    }
    if (TYPE_NAMES.has(name)) put(unmapped, name, raw);
    const value = readAs(target.row.as, raw, target.field);
    if (value === undefined) put(unmapped, name, raw);
    else offer(target, name, raw, value);
  }
  if (lists !== undefined)
    for (const { target, tree } of lists.values()) {
      const raw = tree.value();
      const value = readAs(target.row.as, raw, target.field);
      if (value !== undefined) offer(target, target.field, raw, value);
    }
  if (outdone !== undefined)
    for (const { field, name, raw, value } of outdone)
      if (!CONTENT.test(field) && !isSame(value, fields.get(field))) put(unmapped, name, raw);
  return { runType, fields, unmapped };
}

function targetFor(name: string, runType: RunType): Target | undefined {
  for (const target of targetsOf(name)) if (target.row.when?.includes(runType) !== false) return target;
  return undefined;
}

const isSame = (a: Value, b: Value | undefined): boolean => a === b || (typeof a === 'object' && JSON.stringify(a) === JSON.stringify(b));

function readAs(reading: Reading, raw: Value, field: string): Value | undefined {
  switch (reading) {
    case 'text':
      return textOf(raw);
    case 'number':
      return numberOf(raw);
    case 'json':
      return raw === null || raw === '' ? undefined : jsonOf(raw);
    case 'nested':
      return typeof raw === 'string' && !/^[[{]/.test(raw) ? raw : jsonOf(raw);
    case 'list':
      return listOf(raw);
    case 'messages':
      return nonEmpty(messagesOf(raw, field.startsWith('outputs') ? 'assistant' : 'user'));
    case 'documents':
      return nonEmpty(documentsOf(raw));
    case 'tools':
      return toolsOf(raw);
    case 'provider':
      return providerOf(textOf(raw));
    case 'uuid':
      return uuidOf(raw);
  }
}

const nonEmpty = (values: readonly Value[]): readonly Value[] | undefined => (values.length === 0 ? undefined : values);

/** A provider's name as the price tables have it. */
export function providerOf(said: string | undefined): string | undefined {
  if (said === undefined) return undefined;
  const known = PROVIDERS[said];
  if (known !== undefined) return known;
  const dot = said.indexOf('.');
  if (dot < 1 || !(PROVIDER_SUFFIXES as readonly string[]).includes(said.slice(dot + 1))) return said;
  const bare = said.slice(0, dot);
  return PROVIDERS[bare] ?? bare;
}

/** A chain where nothing says better. */
function runTypeOf(attributes: Attributes): RunType {
  for (const { name, values } of RUN_TYPE_RULES) {
    const text = textOf(attributes.get(name));
    if (text === undefined) continue;
    const exact = Object.hasOwn(values, text) ? values[text] : undefined;
    if (exact !== undefined) return exact;
    for (const [pattern, type] of Object.entries(values)) if (pattern.includes('*') && matches(pattern, text)) return type;
  }
  return 'chain';
}

function matches(pattern: string, text: string): boolean {
  const star = pattern.indexOf('*');
  return text.startsWith(pattern.slice(0, star)) && text.endsWith(pattern.slice(star + 1)) && text.length >= pattern.length - 1;
}
