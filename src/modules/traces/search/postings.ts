import { ByteReader } from '../../../state/metrics/codec/bytes.ts';
import { readPlaces } from './segment.ts';

/** What a segment's words say of a search: nothing here; these blocks of postings must be read; or any of its runs may hold it. */
export type Outlook =
  | { readonly kind: 'none' }
  | { readonly kind: 'all' }
  | { readonly kind: 'read'; readonly patterns: readonly (readonly number[])[]; readonly blocks: readonly number[] };

const MOST_COUNTS = 1_000;

/** In which block of a segment the places of a word lie. Words are known by their number: those of fields first, then those of texts. */
export class Postings {
  readonly #firsts: Uint32Array;
  /** Of words that were read once. */
  readonly #counts = new Map<number, number>();

  constructor(firsts: Buffer) {
    this.#firsts = Uint32Array.from({ length: firsts.length / 4 }, (_, index) => firsts.readUInt32BE(index * 4));
  }

  get bytes(): number {
    return this.#firsts.byteLength;
  }

  /** How many runs have a word; undefined: it was not read yet. */
  countOf(word: number): number | undefined {
    return this.#counts.get(word);
  }

  /** What has to be read where a run must have a word of every pattern. */
  outlook(patterns: readonly (readonly number[])[]): Outlook {
    if (patterns.some(({ length }) => length === 0)) return { kind: 'none' };
    if (patterns.length === 0) return { kind: 'all' };
    return { kind: 'read', patterns, blocks: [...new Set(patterns.flat().map((word) => lastAtMost(this.#firsts, word)))] };
  }

  /** The places, ascending, of the runs that have a word of every pattern. `blocks` are those that outlook() named. */
  places(patterns: readonly (readonly number[])[], blocks: ReadonlyMap<number, Buffer>): readonly number[] {
    const wanted = new Set(patterns.flat());
    const lists = new Map<number, readonly number[]>();
    for (const [block, data] of blocks) {
      const reader = new ByteReader(data);
      for (let word = this.#firsts[block] ?? 0; !reader.atEnd; word += 1) {
        const places = readPlaces(reader);
        if (!wanted.has(word)) continue;
        lists.set(word, places);
        if (this.#counts.size < MOST_COUNTS) this.#counts.set(word, places.length);
      }
    }
    const [first, ...others] = patterns.map((words) => unionOf(words.map((word) => lists.get(word) ?? [])));
    return others.reduce((found, next) => {
      const there = new Set(next);
      return found.filter((place) => there.has(place));
    }, first ?? []);
  }
}

/** Ascending, each once. */
function unionOf(lists: readonly (readonly number[])[]): readonly number[] {
  const [only = [], ...others] = lists;
  return others.length === 0 ? only : [...new Set(lists.flat())].toSorted((a, b) => a - b);
}

/** The index of the last value that is no larger. */
export function lastAtMost(ascending: Uint32Array, value: number): number {
  let [low, high] = [0, ascending.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((ascending[middle] ?? 0) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}
