import type { IndexedRun } from './segment.ts';
import type { Partition } from './segment-store.ts';
import { holds, type SearchQuery } from './query.ts';
import { foldedTextOf, type SearchedTexts } from './run-text.ts';

/** In JSON of these signs alone every string stands as it is, but for quotes, backslashes and what is no letter. */
const IS_PLAIN = /^[\0-\x7f]*$/;

/** A run that is not in the index, with its texts in memory. */
export class UnindexedRun {
  readonly run: IndexedRun & Partition;
  readonly #texts: SearchedTexts;
  #letters: string | null | undefined;
  #folded: string | undefined;

  constructor(run: IndexedRun & Partition, texts: SearchedTexts) {
    this.run = run;
    this.#texts = texts;
  }

  /** What it takes once it was searched. */
  get characters(): number {
    const { inputs, outputs, error, extra } = this.#texts;
    return 2 * [inputs, outputs, error, extra].reduce((sum, text) => sum + (text?.length ?? 0), 0);
  }

  /** Nearly every run is ruled out by its letters, which costs less than a hundredth of reading its JSON. */
  mayHold(query: SearchQuery): boolean {
    if (this.#letters === undefined) this.#letters = lettersOf(this.#texts);
    return lettersHold(query, this.#letters);
  }

  holds(query: SearchQuery): boolean {
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
