import { RUN_TYPES } from '../run/run-type.ts';
import { fieldWordsOf, type FieldValues } from './field-words.ts';
import { holds, type SearchQuery } from './query.ts';
import { extraOf, foldedTextOf, metadataIn, type SearchedTexts } from './run-text.ts';
import type { FieldGroup } from './segment-fields.ts';
import type { IndexedRun } from './segment.ts';
import type { Partition } from './segment-store.ts';

/** In JSON of these signs alone every string stands as it is, but for quotes, backslashes and what is no letter. */
const IS_PLAIN = /^[\0-\x7f]*$/;

/** What of a run can be large, and is read only where it must be. */
export type LargeTexts = Pick<SearchedTexts, 'inputs' | 'outputs' | 'error' | 'extra'>;

export type SmallFields = Omit<FieldValues, 'metadata' | 'runType'> & { readonly runTypeNo: number };

/** A run that is not in the index: its fields in memory, and its texts once somebody looked for words in it. */
export class UnindexedRun {
  readonly run: IndexedRun & Partition;
  readonly #fields: SmallFields;
  #texts: SearchedTexts | undefined;
  #letters: string | null | undefined;
  #folded: string | undefined;
  #words: ReadonlySet<string> | undefined;
  #knowsMetadata = false;

  constructor(run: IndexedRun & Partition, fields: SmallFields) {
    this.run = run;
    this.#fields = fields;
  }

  get isRead(): boolean {
    return this.#texts !== undefined;
  }

  read(texts: LargeTexts): void {
    this.#texts = { name: this.#fields.name, tags: this.#fields.tags, ...texts };
    if (!this.#knowsMetadata) this.#words = this.#wordsWith(metadataIn(extraOf(this.#texts)));
    this.#knowsMetadata = true;
  }

  /** Lets go of the texts. What was made of the fields stays. */
  forget(): void {
    this.#texts = undefined;
    this.#letters = undefined;
    this.#folded = undefined;
  }

  get knowsMetadata(): boolean {
    return this.#knowsMetadata;
  }

  /** What it takes once it was searched. */
  get characters(): number {
    const { inputs = null, outputs = null, error = null, extra = null } = this.#texts ?? {};
    return 2 * [inputs, outputs, error, extra].reduce((sum, text) => sum + (text?.length ?? 0), 0);
  }

  /** Whether it may have a word of every group. Metadata that was not read may be any. */
  mayHave(groups: readonly FieldGroup[]): boolean {
    if (groups.length === 0) return true;
    const words = (this.#words ??= this.#wordsWith(undefined));
    return groups.every((group) => group.some((word) => words.has(word)));
  }

  #wordsWith(metadata: unknown): ReadonlySet<string> {
    const { runTypeNo, ...fields } = this.#fields;
    return fieldWordsOf({ ...fields, runType: RUN_TYPES[runTypeNo] ?? 'chain', metadata });
  }

  /** Whether its text, which was read, holds what is looked for. Nearly every run is ruled out by its letters, which costs a hundredth of reading its JSON. */
  holds(query: SearchQuery): boolean {
    if (this.#texts === undefined) return false;
    if (this.#letters === undefined) this.#letters = lettersOf(this.#texts);
    if (!lettersHold(query, this.#letters)) return false;
    this.#folded ??= foldedTextOf(this.#texts);
    return holds(query, this.#folded);
  }
}

/** The letters of a run as they stand in its JSON, in lower case; null where it may write them otherwise. */
export function lettersOf({ name, tags, inputs, outputs, error, extra }: SearchedTexts): string | null {
  const raw = [name, tags?.join('\n'), inputs, outputs, error, extra].filter((text) => typeof text === 'string').join('\n');
  return IS_PLAIN.test(raw) && !raw.includes('\\u') ? raw.toLowerCase() : null;
}

/** Pure. False: a run of these letters holds it not. */
export const lettersHold = ({ patterns }: SearchQuery, letters: string | null): boolean =>
  letters === null || patterns.every(({ text }) => isOfNumber(text) || letters.includes(text));

/** A number may be written otherwise than it reads: 1e3 is 1000. */
const isOfNumber = (piece: string): boolean => /^[\de]+$/.test(piece) || 'infinity'.includes(piece);
