import { ByteReader } from '../../../state/metrics/codec/bytes.ts';
import type { WordPattern } from './query.ts';
import { readPlaces } from './segment.ts';

/** Of more words than these the union is nearly every run: then all are looked at. */
const MOST_WORDS_OF_A_PATTERN = 1_000;

/** What a segment's words say of a search: nothing here; these blocks of postings must be read; or any of its runs may hold it. */
export type Outlook =
  | { readonly kind: 'none' }
  | { readonly kind: 'all' }
  | { readonly kind: 'read'; readonly patterns: readonly (readonly number[])[]; readonly blocks: readonly number[] };

/** The words and the directory of a segment in memory, ready to be looked through. */
export class OpenSegment {
  readonly runs: Buffer;
  readonly bytes: number;
  /** Every word between two line ends. */
  readonly #text: string;
  /** Where every word begins in #text. */
  readonly #starts: Uint32Array;
  readonly #firsts: Uint32Array;

  constructor(stored: { readonly words: string; readonly firsts: Buffer; readonly runs: Buffer }) {
    this.runs = stored.runs;
    this.#text = `\n${stored.words}\n`;
    this.#starts = lineStarts(this.#text);
    this.#firsts = Uint32Array.from({ length: stored.firsts.length / 4 }, (_, index) => stored.firsts.readUInt32BE(index * 4));
    this.bytes = this.#text.length * 2 + this.#starts.byteLength + this.#firsts.byteLength + this.runs.length;
  }

  /** Pure: what has to be read for patterns of which every one must be met. */
  outlook(patterns: readonly WordPattern[]): Outlook {
    const narrow: (readonly number[])[] = [];
    for (const pattern of patterns) {
      const words = this.#wordsLike(pattern);
      if (words.length === 0) return { kind: 'none' };
      if (words.length <= MOST_WORDS_OF_A_PATTERN) narrow.push(words);
    }
    if (narrow.length === 0) return { kind: 'all' };
    return { kind: 'read', patterns: narrow, blocks: [...new Set(narrow.flat().map((word) => this.#blockOf(word)))] };
  }

  /** The places, ascending, of the runs that have a word of every pattern. `blocks` are those that outlook() named. */
  places(patterns: readonly (readonly number[])[], blocks: ReadonlyMap<number, Buffer>): readonly number[] {
    const wanted = new Set(patterns.flat());
    const lists = new Map<number, readonly number[]>();
    for (const [block, data] of blocks) {
      const reader = new ByteReader(data);
      for (let word = this.#firsts[block] ?? 0; !reader.atEnd; word += 1) {
        const places = readPlaces(reader);
        if (wanted.has(word)) lists.set(word, places);
      }
    }
    let found: Set<number> | undefined;
    for (const words of patterns) {
      const here = new Set<number>();
      for (const word of words) for (const place of lists.get(word) ?? []) if (found === undefined || found.has(place)) here.add(place);
      found = here;
    }
    return [...(found ?? [])].toSorted((a, b) => a - b);
  }

  #wordsLike({ text, openLeft, openRight }: WordPattern): readonly number[] {
    const wanted = `${openLeft ? '' : '\n'}${text}${openRight ? '' : '\n'}`;
    const words: number[] = [];
    // A word that holds it twice counts once: the search goes on behind the word.
    for (let at = this.#text.indexOf(wanted); at >= 0 && words.length <= MOST_WORDS_OF_A_PATTERN;) {
      const word = this.#wordAt(openLeft ? at : at + 1);
      words.push(word);
      const next = this.#starts[word + 1];
      if (next === undefined) break;
      at = this.#text.indexOf(wanted, next - (openLeft ? 0 : 1));
    }
    return words;
  }

  #wordAt(position: number): number {
    return lastAtMost(this.#starts, position);
  }

  #blockOf(word: number): number {
    return lastAtMost(this.#firsts, word);
  }
}

function lineStarts(text: string): Uint32Array {
  const starts: number[] = [];
  for (let at = text.indexOf('\n'); at >= 0 && at + 1 < text.length; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return Uint32Array.from(starts);
}

/** The index of the last value that is no larger. */
function lastAtMost(ascending: Uint32Array, value: number): number {
  let [low, high] = [0, ascending.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((ascending[middle] ?? 0) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}
