import { collectWords, fold } from './words.ts';

/** What of a run is searched, as JSON texts with their blobs put back in. */
export interface SearchedTexts {
  readonly name: string | null;
  readonly tags: readonly string[] | null;
  readonly inputs: string | null;
  readonly outputs: string | null;
  readonly error: string | null;
  readonly extra: string | null;
}

/** Characters of one field that are searched: what lies behind is kept, and not found by its words. */
export const MOST_CHARACTERS = 250_000;
const MOST_WORDS = 20_000;
/** Longer text without a space is no language: an image in base64, say. Its beginning is searched. */
const LONGEST_UNBROKEN = 1_000;
const KEPT_OF_UNBROKEN = 256;

/** What `extra` says, read once for all that is made of it. */
export const extraOf = ({ extra }: Pick<SearchedTexts, 'extra'>): unknown => (extra === null ? null : valueOf(extra));

/** Of what extraOf() read: the metadata, null where there is none, undefined where it is not known because it was too long or no JSON. */
export function metadataIn(extra: unknown): unknown {
  if (typeof extra === 'string') return undefined;
  return typeof extra === 'object' && extra !== null && 'metadata' in extra ? extra.metadata : null;
}

/** Everything people may look for in a run, folded; what stands apart lies on lines of its own. */
export function foldedTextOf(run: SearchedTexts, extra: unknown = extraOf(run)): string {
  const lines: string[] = [];
  if (run.name !== null) lines.push(run.name);
  for (const tag of run.tags ?? []) lines.push(tag);
  for (const text of [run.inputs, run.outputs, run.error]) if (text !== null) addStrings(valueOf(text), lines);
  addStrings(ownMetadata(metadataIn(extra)), lines);
  return fold(lines.join('\n'));
}

export function wordsOf(run: SearchedTexts, extra: unknown = extraOf(run)): Set<string> {
  const words = new Set<string>();
  collectWords(foldedTextOf(run, extra), words, MOST_WORDS);
  return words;
}

/** The value; text that is too long, or no JSON, as a string of what is legible in it. */
function valueOf(text: string): unknown {
  if (text.length <= MOST_CHARACTERS) {
    try {
      return JSON.parse(text);
    } catch {
      // Only what is written past the intake is no JSON: it is searched as it stands.
    }
  }
  return text
    .slice(0, MOST_CHARACTERS)
    .replace(/\\u([0-9a-fA-F]{4})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replace(/\\[nrtbf]/g, ' ');
}

/** Of metadata, what the application said; what its SDK tells of itself is the same in every run. */
function ownMetadata(metadata: unknown): unknown {
  if (typeof metadata !== 'object' || metadata === null) return undefined;
  return Object.entries(metadata as Record<string, unknown>).flatMap(([key, value]) =>
    /^(ls_|LANGSMITH_|LANGCHAIN_|usage_metadata$)/.test(key) ? [] : [value],
  );
}

/** Strings and numbers, in order, however deep: without recursion, because the depth is somebody else's choice. */
function addStrings(root: unknown, lines: string[]): void {
  const open: unknown[] = [root];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value === 'string') lines.push(legible(value));
    else if (typeof value === 'number') lines.push(String(value));
    else if (typeof value === 'object' && value !== null) {
      const inner = Object.values(value);
      for (let index = inner.length - 1; index >= 0; index -= 1) open.push(inner[index]);
    }
  }
}

const legible = (text: string): string =>
  text.length <= LONGEST_UNBROKEN ||
  text.lastIndexOf(' ', LONGEST_UNBROKEN) >= 0 ||
  text.lastIndexOf('\n', LONGEST_UNBROKEN) >= 0 ||
  !/^[\0-\x7f]*$/.test(text.slice(0, LONGEST_UNBROKEN))
    ? text.slice(0, MOST_CHARACTERS)
    : text.slice(0, KEPT_OF_UNBROKEN);
