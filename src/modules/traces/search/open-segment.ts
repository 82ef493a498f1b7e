import { lastAtMost, Postings, type Outlook } from './postings.ts';
import type { WordPattern } from './query.ts';
import { SegmentFields, type FieldGroup } from './segment-fields.ts';
import type { OpenedSegment } from './segment-store.ts';

/** Of more words than these the union is nearly every run: then all are looked at. */
const MOST_WORDS_OF_A_PATTERN = 1_000;

/** The words and the directory of a segment in memory, ready to be looked through. */
export class OpenSegment {
  readonly runs: Buffer;
  readonly bytes: number;
  /** Every word between two line ends. */
  readonly #text: string;
  /** Where every word begins in #text. */
  readonly #starts: Uint32Array;
  readonly #postings: Postings;
  readonly #fields: SegmentFields | undefined;

  constructor(stored: OpenedSegment) {
    this.runs = stored.runs;
    this.#text = `\n${stored.words}\n`;
    this.#starts = lineStarts(this.#text);
    this.#fields = stored.fields === null ? undefined : new SegmentFields({ fields: stored.fields, firsts: stored.firsts });
    this.#postings = this.#fields?.postings ?? new Postings(stored.firsts);
    this.bytes = this.#text.length * 2 + this.#starts.byteLength + (this.#fields?.bytes ?? this.#postings.bytes) + this.runs.length;
  }

  /** Pure: what has to be read for patterns and groups of which every one must be met. Fields that it does not know narrow nothing. */
  outlook(patterns: readonly WordPattern[], groups: readonly FieldGroup[] = []): Outlook {
    const all = [...(this.#fields?.numbersOf(groups) ?? [])];
    for (const pattern of patterns) {
      const words = this.#wordsLike(pattern);
      if (words.length === 0) return { kind: 'none' };
      if (words.length <= MOST_WORDS_OF_A_PATTERN) all.push(words);
    }
    return this.#postings.outlook(all);
  }

  /** The places, ascending, of the runs that have a word of every pattern. `blocks` are those that outlook() named. */
  places(patterns: readonly (readonly number[])[], blocks: ReadonlyMap<number, Buffer>): readonly number[] {
    return this.#postings.places(patterns, blocks);
  }

  #wordsLike({ text, openLeft, openRight }: WordPattern): readonly number[] {
    const wanted = `${openLeft ? '' : '\n'}${text}${openRight ? '' : '\n'}`;
    const words: number[] = [];
    // A word that holds it twice counts once: the search goes on behind the word.
    for (let at = this.#text.indexOf(wanted); at >= 0 && words.length <= MOST_WORDS_OF_A_PATTERN;) {
      const word = this.#wordAt(openLeft ? at : at + 1);
      words.push((this.#fields?.count ?? 0) + word);
      const next = this.#starts[word + 1];
      if (next === undefined) break;
      at = this.#text.indexOf(wanted, next - (openLeft ? 0 : 1));
    }
    return words;
  }

  #wordAt(position: number): number {
    return lastAtMost(this.#starts, position);
  }
}

function lineStarts(text: string): Uint32Array {
  const starts: number[] = [];
  for (let at = text.indexOf('\n'); at >= 0 && at + 1 < text.length; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return Uint32Array.from(starts);
}
