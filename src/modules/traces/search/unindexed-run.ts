import type { IndexedRun } from './segment.ts';
import type { Partition } from './segment-store.ts';
import { holds, type SearchQuery } from './query.ts';
import { foldedTextOf, type SearchedTexts } from './run-text.ts';

/** In JSON of these signs alone every string stands as it is, but for quotes, backslashes and what is no letter. */
const IS_PLAIN = /^[\0-\x7f]*$/;

/** A run that is not in the index, with its texts in memory. */
export class UnindexedRun {
  readonly run: IndexedRun & Partition;
  #texts: SearchedTexts;
  #folded: string | undefined;

  constructor(run: IndexedRun & Partition, texts: SearchedTexts) {
    this.run = run;
    this.#texts = texts;
  }

  get characters(): number {
    const { inputs, outputs, error, extra } = this.#texts;
    return (this.#folded ?? '').length + [inputs, outputs, error, extra].reduce((sum, text) => sum + (text?.length ?? 0), 0);
  }

  /** To read the JSON and fold what it says takes ten times as long as to look for the letters in it, and nearly every run is ruled out by that. */
  holds(query: SearchQuery): boolean {
    if (this.#folded === undefined && !mayHold(query, this.#texts)) return false;
    if (this.#folded === undefined) {
      this.#folded = foldedTextOf(this.#texts);
      this.#texts = { name: null, tags: null, inputs: null, outputs: null, error: null, extra: null };
    }
    return holds(query, this.#folded);
  }
}

/** Pure. False: it holds it not. */
export function mayHold({ patterns }: SearchQuery, texts: SearchedTexts): boolean {
  const { name, tags, inputs, outputs, error, extra } = texts;
  const raw = [name, tags?.join('\n'), inputs, outputs, error, extra].filter((text) => typeof text === 'string').join('\n');
  if (!IS_PLAIN.test(raw) || raw.includes('\\u')) return true;
  const lower = raw.toLowerCase();
  return patterns.every(({ text }) => isOfNumber(text) || lower.includes(text));
}

/** A number may be written otherwise than it reads: 1e3 is 1000. */
const isOfNumber = (piece: string): boolean => /^[\de]+$/.test(piece) || 'infinity'.includes(piece);
