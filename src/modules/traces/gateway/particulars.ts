/**
 * What a direction in a space of meanings does not tell: numbers, dates, names, negations, and which of two opposites is meant. Two questions
 * with other particulars have other answers, however close they lie; that costs some answers that could have been shared.
 */
export function particularsOf(text: string): string {
  const plain = text
    .normalize('NFKC')
    .replaceAll(/[’ʼ]/g, "'")
    .replaceAll(/(\d)\s+(am|pm|a\.m\.|p\.m\.|%)/gi, '$1$2');
  const said: string[] = [];
  const marked = new Set<number>();
  let negations = 0;
  for (const [index, { isFirst, word }] of wordsOf(plain).entries()) {
    const lower = word.toLowerCase();
    if (/\d/.test(word)) said.push(numberOf(lower));
    else if (isNegation(lower)) negations += 1;
    else if (FIXED.has(lower)) said.push(FIXED.get(lower) ?? lower);
    else if (isName(word, isFirst, index)) said.push(lower.replace(/'s$/, ''));
    const axis = MARKED.get(lower);
    if (axis !== undefined) marked.add(axis);
  }
  return JSON.stringify([said, negations, [...marked].toSorted((a, b) => a - b), SIGNS.filter((sign) => plain.includes(sign))]);
}

/** Units that are written with numbers, and operators. */
const SIGNS = ['€', '$', '£', '¥', '°', '<', '>', '≤', '≥', '!=', '=='];

interface Word {
  readonly word: string;
  /** It begins a sentence: a capital means nothing there. */
  readonly isFirst: boolean;
}

function wordsOf(text: string): readonly Word[] {
  const words: Word[] = [];
  let before = 0;
  for (const { 0: word, index } of text.matchAll(/[\p{L}\p{N}_](?:[\p{L}\p{N}_']|[-.,:/@](?=[\p{L}\p{N}]))*%?/gu)) {
    words.push({ word, isFirst: words.length === 0 || /[.!?:;\n"“„«(*•-]/.test(text.slice(before, index)) });
    before = index + word.length;
  }
  return words;
}

/** 1,000 and 1000, two and 2 are the same. */
const numberOf = (word: string): string => word.replaceAll(/(\d),(?=\d{3}(?!\d))/g, '$1').replaceAll(/^(\d+)(st|nd|rd|th)$/g, '#$1');

const isNegation = (word: string): boolean => NEGATIONS.has(word) || word.endsWith("n't") || /^(kein|aucun|ningun)/.test(word);

/** A capital within a sentence, or more than one anywhere. */
function isName(word: string, isFirst: boolean, index: number): boolean {
  if (/^I('|$)/.test(word)) return false;
  if (/^\p{Lu}\p{Ll}*('s)?$/u.test(word)) return !isFirst && index > 0;
  return /\p{Lu}/u.test(word);
}

const words = (text: string): readonly string[] => text.split(' ');

const NEGATIONS = new Set(
  words(
    'not no never none neither nor without except excluding cannot unless nothing nobody nowhere hardly dont doesnt isnt cant wont nicht nie niemals nichts ohne außer weder pas jamais sans sauf ni non nunca jamás sin excepto tampoco',
  ),
);

/** Words that stand for a number or a date. */
const FIXED = new Map<string, string>([
  ...words('zero two three four five six seven eight nine ten eleven twelve').map(
    (word, n) => [word, String(n === 0 ? 0 : n + 1)] as const,
  ),
  ...words('null zwei drei vier fünf sechs sieben acht neun zehn elf zwölf').map((word, n) => [word, String(n === 0 ? 0 : n + 1)] as const),
  ...words('first second third fourth fifth').map((word, n) => [word, `#${n + 1}`] as const),
  ...words('twenty thirty forty fifty sixty seventy eighty ninety').map((word, n) => [word, String(10 * (n + 2))] as const),
  ...words(
    'hundred thousand million billion half double twice triple january february march april june july august september october november december monday tuesday wednesday thursday friday saturday sunday today tomorrow yesterday tonight heute morgen gestern hourly daily weekly monthly quarterly yearly annually',
  ).map((word) => [word, word] as const),
]);

/**
 * Of two opposites the one that is said where it is meant, one group an axis: the other is as often left out as said ("the way", "the best
 * way"), so its absence tells nothing.
 */
const MARKED: ReadonlyMap<string, number> = new Map(
  [
    'decrease reduce lower less fewer smaller below minimum min least smallest lowest shortest',
    'after later newest latest',
    'disable stop close deactivate off unlock deny forbid block',
    'remove delete uninstall drop exclude unsubscribe',
    'export',
    'upload send',
    'sell',
    'decode decrypt decompress extract',
    'worst bad disadvantage disadvantages con cons drawback drawbacks weaknesses',
    'descending',
    'lose loss',
    'cold cool',
    'south',
    'west',
    'right',
    'illegal',
    'unsafe dangerous',
    'private',
    'output',
    'server',
    'cure treatment treat prevent',
    'antonym antonyms opposite',
  ].flatMap((group, axis) => words(group).map((word) => [word, axis] as const)),
);
