import { STOP_WORDS } from './stop-words.ts';

export interface Language {
  /** ISO 639-1, or the name of a script that one language alone does not use. */
  readonly language: string;
  readonly script: string;
  /** 0 to 1: how much clearer than the next best it is. */
  readonly certainty: number;
}

const SCRIPTS = [
  ['Latin', /\p{Script=Latin}/u],
  ['Cyrillic', /\p{Script=Cyrillic}/u],
  ['Kana', /[\p{Script=Hiragana}\p{Script=Katakana}]/u],
  ['Han', /\p{Script=Han}/u],
  ['Hangul', /\p{Script=Hangul}/u],
  ['Arabic', /\p{Script=Arabic}/u],
  ['Hebrew', /\p{Script=Hebrew}/u],
  ['Devanagari', /\p{Script=Devanagari}/u],
  ['Greek', /\p{Script=Greek}/u],
  ['Thai', /\p{Script=Thai}/u],
] as const;

const OF_SCRIPT: Readonly<Record<string, string>> = {
  Han: 'zh',
  Kana: 'ja',
  Hangul: 'ko',
  Hebrew: 'he',
  Devanagari: 'hi',
  Greek: 'el',
  Thai: 'th',
};

/** A character of these says about three times what a letter does. */
const DENSE = new Set(['Han', 'Kana', 'Hangul']);
const FEWEST_LETTERS = 20;
const FEWEST_STOP_WORDS = 3;

/** Undefined: too short, mixed, or not clear. */
export function languageOf(text: string): Language | undefined {
  const found = lettersOf(text);
  const counts = SCRIPTS.map(([script], index) => ({
    script,
    letters: (found[index] ?? 0) * (DENSE.has(script) ? 3 : 1),
  })).toSorted((a, b) => b.letters - a.letters);
  const all = counts.reduce((sum, { letters }) => sum + letters, 0);
  const [first, second] = counts;
  if (first === undefined || second === undefined || all < FEWEST_LETTERS) return undefined;
  // Japanese is written in Han and Kana: some Kana settles it.
  const kana = counts.find(({ script }) => script === 'Kana')?.letters ?? 0;
  if ((first.script === 'Han' || first.script === 'Kana') && kana > all * 0.1) return { language: 'ja', script: 'Kana', certainty: 1 };
  if (first.letters < all * 0.7) return undefined;
  const only = OF_SCRIPT[first.script];
  if (only !== undefined) return { language: only, script: first.script, certainty: 1 };
  if (first.script === 'Arabic') return { language: /[پچژگ]/.test(text) ? 'fa' : 'ar', script: 'Arabic', certainty: 0.8 };
  return byStopWords(text, first.script);
}

const UNKNOWN = 0;
const NO_LETTER = 1;
const FIRST_SCRIPT = 2;
/** What was found of each character of the first plane: every answer is read, so none is looked up twice. */
const KNOWN = new Uint8Array(0x1_0000);

/** How many letters a text has of each script. */
function lettersOf(text: string): Uint32Array {
  const found = new Uint32Array(SCRIPTS.length);
  for (let at = 0; at < text.length; at++) {
    const point = text.codePointAt(at) ?? 0;
    let kind = KNOWN[point] ?? UNKNOWN;
    // Beyond the table the write does nothing.
    if (kind === UNKNOWN) kind = KNOWN[point] = kindOf(point);
    if (point > 0xffff) at += 1;
    if (kind >= FIRST_SCRIPT) found[kind - FIRST_SCRIPT] = (found[kind - FIRST_SCRIPT] ?? 0) + 1;
  }
  return found;
}

function kindOf(codePoint: number): number {
  const letter = String.fromCodePoint(codePoint);
  const script = SCRIPTS.findIndex(([, pattern]) => pattern.test(letter));
  return script === -1 ? NO_LETTER : script + FIRST_SCRIPT;
}

function byStopWords(text: string, script: string): Language | undefined {
  const words = text.toLowerCase().match(/[\p{L}\p{M}]+/gu) ?? [];
  const hits = new Map<string, number>();
  for (const word of words.slice(0, 1_500))
    for (const language of STOP_WORDS.get(word) ?? []) hits.set(language, (hits.get(language) ?? 0) + 1);
  const [best, next] = [...hits].toSorted((a, b) => b[1] - a[1]);
  if (best === undefined || best[1] < FEWEST_STOP_WORDS || best[1] < words.length * 0.08) return undefined;
  const lead = (best[1] - (next?.[1] ?? 0)) / best[1];
  return lead < 0.2 ? undefined : { language: best[0], script, certainty: Math.min(1, lead * Math.min(1, best[1] / 4)) };
}
