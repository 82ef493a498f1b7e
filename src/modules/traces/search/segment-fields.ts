import { FIELD_WORD_LENGTH } from './field-words.ts';
import { Postings, type Outlook } from './postings.ts';

/** Words of fields of which a run must have one. */
export type FieldGroup = readonly string[];

/** A value that more than every eighth run has. */
const FREQUENT = 8;

/** The words that stand for values of fields in a segment: little, so that those of many segments are held at once. */
export class SegmentFields {
  readonly postings: Postings;
  readonly count: number;
  readonly #text: string;

  constructor({ fields, firsts }: { readonly fields: string; readonly firsts: Buffer }) {
    this.postings = new Postings(firsts);
    this.#text = fields;
    this.count = Math.ceil(fields.length / LINE);
  }

  get bytes(): number {
    return this.#text.length + this.postings.bytes;
  }

  /** What has to be read for runs that have a word of every group, of `runs` in all. What is known to be frequent is not read again: it tells little. */
  outlook(groups: readonly FieldGroup[], runs: number): Outlook {
    const numbers = this.numbersOf(groups);
    return this.postings.outlook(numbers.filter((words) => !this.#isFrequent(words, runs)));
  }

  #isFrequent(words: readonly number[], runs: number): boolean {
    return words.some((word) => (this.postings.countOf(word) ?? 0) > runs / FREQUENT);
  }

  numbersOf(groups: readonly FieldGroup[]): readonly (readonly number[])[] {
    return groups.map((group) => [...new Set(group)].flatMap((word) => this.#numberOf(word) ?? []));
  }

  /** All lines are of one length. */
  #numberOf(word: string): number | undefined {
    let [low, high] = [0, this.count - 1];
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const there = this.#text.slice(middle * LINE, middle * LINE + FIELD_WORD_LENGTH);
      if (there === word) return middle;
      if (there < word) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }
}

const LINE = FIELD_WORD_LENGTH + 1;
