import { MusterError } from '../../../base/errors.ts';
import { fold, LONGEST_WORD, pairsOf, piecesOf } from './words.ts';

const MOST_PARTS = 16;
const LONGEST_QUERY = 1_000;

/** How a word of the index must look to be what a query asks for. */
export interface WordPattern {
  readonly text: string;
  /** Whether more may stand before it in the word. */
  readonly openLeft: boolean;
  readonly openRight: boolean;
}

/** What stands in text that is looked for: all of `parts`, none of `without`. */
export interface SearchQuery {
  /** Folded. */
  readonly parts: readonly string[];
  readonly without: readonly string[];
  /** Words that a run must have, each, to be worth a look. */
  readonly patterns: readonly WordPattern[];
}

/**
 * Reads what people type: parts with spaces between, all of which must stand in the text, anywhere, without regard to case and accents;
 * "a phrase" is one part; -part must not stand in it. Throws INVALID_INPUT where nothing is left to look for.
 */
export function readQuery(text: string): SearchQuery {
  if (text.length > LONGEST_QUERY)
    throw new MusterError('INVALID_INPUT', `the search has ${text.length} characters; ${LONGEST_QUERY} are read`);
  const parts: string[] = [];
  const without: string[] = [];
  for (const { 1: minus, 2: phrase, 3: word } of text.matchAll(/(-?)(?:"([^"]*)"?|([^\s"]+))/g)) {
    const part = fold((phrase ?? word ?? '').trim());
    if (part !== '') (minus === '-' ? without : parts).push(part);
  }
  const patterns = parts.flatMap(patternsOf);
  if (patterns.length === 0)
    throw new MusterError('INVALID_INPUT', 'the search holds no word to look for', {
      remedy: 'Search for letters or digits; what must not occur (-word) narrows a search, but is none.',
    });
  if (parts.length + without.length > MOST_PARTS)
    throw new MusterError('INVALID_INPUT', `the search has ${parts.length + without.length} parts; ${MOST_PARTS} are looked for`);
  return { parts, without, patterns };
}

/** Whether folded text holds what is looked for. */
export const holds = ({ parts, without }: SearchQuery, folded: string): boolean =>
  parts.every((part) => folded.includes(part)) && !without.some((part) => folded.includes(part));

function patternsOf(part: string): readonly WordPattern[] {
  return [...piecesOf(part)].flatMap(({ text, from, to, isUnspaced }): readonly WordPattern[] => {
    if (isUnspaced) {
      const pairs = pairsOf(text);
      // A single character stands in pairs, before or behind others.
      const alone = pairs.length === 1 && Array.from(text).length === 1;
      return pairs.map((pair) => ({ text: pair, openLeft: alone, openRight: alone }));
    }
    const isCut = text.length > LONGEST_WORD;
    return [{ text: isCut ? text.slice(0, LONGEST_WORD) : text, openLeft: from === 0 && !isCut, openRight: to === part.length && !isCut }];
  });
}
