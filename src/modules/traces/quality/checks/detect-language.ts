import { STOP_WORDS } from './stop-words.ts';

export interface Language {
  /** ISO 639-1, or the name of a script that one language alone does not use. */
  readonly language: string;
  readonly script: string;
  /** 0 to 1: how much clearer than the next best it is. */
  readonly certainty: number;
}

const SCRIPTS = [
  ['Latin', /\p{Script=Latin}/gu],
  ['Cyrillic', /\p{Script=Cyrillic}/gu],
  ['Kana', /[\p{Script=Hiragana}\p{Script=Katakana}]/gu],
  ['Han', /\p{Script=Han}/gu],
  ['Hangul', /\p{Script=Hangul}/gu],
  ['Arabic', /\p{Script=Arabic}/gu],
  ['Hebrew', /\p{Script=Hebrew}/gu],
  ['Devanagari', /\p{Script=Devanagari}/gu],
  ['Greek', /\p{Script=Greek}/gu],
  ['Thai', /\p{Script=Thai}/gu],
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
  const counts = SCRIPTS.map(([script, pattern]) => ({
    script,
    letters: (text.match(pattern)?.length ?? 0) * (DENSE.has(script) ? 3 : 1),
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
