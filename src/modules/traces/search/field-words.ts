import type { RunType } from '../run/run-type.ts';

/** Fields whose values are indexed whole, as filters compare them: equal or not. */
export const INDEXED_FIELDS = ['name', 'run_type', 'model', 'provider', 'thread_id', 'user_id', 'prompt', 'tags'] as const;
export type IndexedField = (typeof INDEXED_FIELDS)[number];

/** What of a run is indexed so. */
export interface FieldValues {
  readonly name: string | null;
  readonly runType: RunType;
  readonly model: string | null;
  readonly provider: string | null;
  readonly threadId: string | null;
  readonly userId: string | null;
  readonly prompt: string | null;
  readonly tags: readonly string[] | null;
  /** The metadata of the run as a value; undefined: it could not be read. */
  readonly metadata: unknown;
}

/** All entries of larger metadata would make a segment of their own: those of such a run are not indexed, and it is looked at always. */
const MOST_ENTRIES = 1_000;

/** Hexadecimal digits as sixteen signs that stand before every letter and digit, so that these words sort before all words of texts and are none. */
const FIRST_SIGN = 0x20;
export const FIELD_WORD_LENGTH = 10;

export const isFieldWord = (word: string): boolean => word.charCodeAt(0) < FIRST_SIGN + 16;

/**
 * The word that stands for a value of a field: 40 bits of a hash (cyrb53), because values may be long and only equality is asked. Two values of a
 * segment share one about once in 10^12 / values: then a run is looked at in vain.
 */
export const fieldWord = (field: IndexedField, value: string): string => wordOf(`${field}\n${value}`);

/** The same for a key of metadata, and for an entry. Values are compared as their texts, or where these are numbers as numbers. */
export const metadataKeyWord = (key: string): string => wordOf(`key\n${key}`);
export const metadataEntryWord = (key: string, value: string | number | boolean): string =>
  wordOf(`entry\n${key.length}\n${key}\n${comparable(value)}`);

/** Stands for every run whose metadata is not indexed: whoever looks for metadata looks at these too. */
export const UNREAD_METADATA = wordOf('unread metadata');

/** Numbers are written in many ways: 1, 1.0, 1e0. */
const NUMERIC = /^-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?$/;
const comparable = (value: string | number | boolean): string => {
  const text = String(value);
  return typeof value === 'number' || NUMERIC.test(text) ? `n${Number(text)}` : `t${text}`;
};

export function fieldWordsOf(run: FieldValues): Set<string> {
  const words = new Set<string>();
  const add = (field: IndexedField, value: string | null): void => {
    if (value !== null) words.add(fieldWord(field, value));
  };
  add('name', run.name);
  add('run_type', run.runType);
  add('model', run.model);
  add('provider', run.provider);
  add('thread_id', run.threadId);
  add('user_id', run.userId);
  add('prompt', run.prompt);
  for (const tag of run.tags ?? []) add('tags', tag);
  addMetadata(run.metadata, words);
  return words;
}

function addMetadata(metadata: unknown, words: Set<string>): void {
  if (metadata === null || (metadata !== undefined && typeof metadata !== 'object')) return;
  const entries = metadata === undefined ? undefined : Object.entries(metadata as Record<string, unknown>);
  if (entries === undefined || entries.length > MOST_ENTRIES) {
    words.add(UNREAD_METADATA);
    return;
  }
  for (const [key, value] of entries) {
    words.add(metadataKeyWord(key));
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') words.add(metadataEntryWord(key, value));
  }
}

function wordOf(text: string): string {
  let [high, low] = [0xdeadbeef, 0x41c6ce57];
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    high = Math.imul(high ^ code, 2_654_435_761);
    low = Math.imul(low ^ code, 1_597_334_677);
  }
  high = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909);
  low = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909);
  let word = '';
  for (let shift = 28; shift >= 0; shift -= 4) word += String.fromCharCode(FIRST_SIGN + ((low >>> shift) & 15));
  return word + String.fromCharCode(FIRST_SIGN + ((high >>> 4) & 15), FIRST_SIGN + (high & 15));
}
