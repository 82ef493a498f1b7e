import { ALPHANUMERIC, DIGIT, is, LETTER } from './chars.ts';
import type { Span } from './tokens.ts';

/** Which lengths the numbers of a brand have, by how they begin. Visa's of 13 digits are gone, and would be half the EAN codes of Germany. */
const BRANDS: readonly { readonly from: number; readonly to: number; readonly lengths: readonly number[] }[] = [
  { from: 4000, to: 4999, lengths: [16, 19] },
  { from: 5100, to: 5599, lengths: [16] },
  { from: 2221, to: 2720, lengths: [16] },
  { from: 3400, to: 3499, lengths: [15] },
  { from: 3700, to: 3799, lengths: [15] },
  { from: 3000, to: 3059, lengths: [14] },
  { from: 3600, to: 3699, lengths: [14] },
  { from: 3800, to: 3999, lengths: [14] },
  { from: 3528, to: 3589, lengths: [16] },
  { from: 6011, to: 6011, lengths: [16] },
  { from: 6200, to: 6299, lengths: [16, 17, 18, 19] },
  { from: 6440, to: 6599, lengths: [16, 19] },
  { from: 2200, to: 2204, lengths: [16] },
  ...[5018, 5020, 5038, 6304, 6759, 6761, 6763].map((from) => ({ from, to: from, lengths: [16, 18, 19] })),
];

/** Whether digits are the number of a payment card: brand, length and check digit. */
export function isCardNumber(digits: string): boolean {
  const begin = Number(digits.slice(0, 4));
  if (!BRANDS.some(({ from, to, lengths }) => begin >= from && begin <= to && lengths.includes(digits.length))) return false;
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48;
    sum += i % 2 === 0 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2;
  }
  // All digits alike pass too, and are what people type to fill a field.
  return sum % 10 === 0 && !/^(\d)\1+$/.test(digits);
}

/** How long an IBAN is, by country: the registry of SWIFT. */
const IBAN_LENGTHS: Readonly<Record<string, number>> = Object.fromEntries(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 ' +
    'GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 ' +
    'MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 ' +
    'UA29 VA22 VG24 XK20 YE30'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
);

/** Whether letters and digits are an IBAN: country, length and the remainder by 97. */
export function isIban(text: string): boolean {
  if (IBAN_LENGTHS[text.slice(0, 2)] !== text.length) return false;
  let remainder = 0;
  for (const character of text.slice(4) + text.slice(0, 4)) {
    const code = character.charCodeAt(0);
    remainder = code < 58 ? (remainder * 10 + code - 48) % 97 : (remainder * 100 + code - 55) % 97;
  }
  return remainder === 1;
}

/** The IBAN whose first digit stands at `i`, written in one or in groups of four. */
export function ibanAt(text: string, i: number, from: number): Span | undefined {
  const start = i - 2;
  if (start < from || !is(text.charCodeAt(start), LETTER) || !is(text.charCodeAt(start + 1), LETTER)) return undefined;
  if ((start > from && is(text.charCodeAt(start - 1), ALPHANUMERIC)) || !is(text.charCodeAt(i + 1), DIGIT)) return undefined;
  const length = IBAN_LENGTHS[text.slice(start, i).toUpperCase()];
  if (length === undefined) return undefined;
  let found = '';
  let end = start;
  while (found.length < length) {
    const code = text.charCodeAt(end);
    if (is(code, ALPHANUMERIC)) found += text[end];
    else if (!isSpace(code) || found.length % 4 !== 0) return undefined;
    end += 1;
  }
  return !is(text.charCodeAt(end), ALPHANUMERIC) && isIban(found.toUpperCase()) ? { start, end } : undefined;
}

const isSpace = (code: number): boolean => code === 32 || code === 0xa0 || code === 0x202f || code === 0x2009;
/** What may stand between the digits of one number: spaces, - . ( ) / */
const isSeparator = (code: number): boolean =>
  isSpace(code) || code === 45 || code === 46 || code === 40 || code === 41 || code === 47 || code === 0x2011;

// Each is tried where a group of digits begins; every repetition is bounded, so that a try costs no more than its length.
const CARD = /\d{14,19}(?!\d)|\d{4}([ -])\d{4}\1\d{4}\1\d{4}(?:\1\d{3})?(?!\d)|\d{4}([ -])\d{6}\2\d{4,5}(?!\d)/y;
const SEPARATORS = '[ .\\-/()\\u00a0\\u202f\\u2011]';
const INTERNATIONAL = new RegExp(`[1-9](?:${SEPARATORS}{0,2}\\d){7,14}(?!\\d)`, 'y');
const BY_ZEROS = '00[ -]?[1-9]\\d{0,2}(?: ?\\(0\\) ?\\d{2,5})?';
const INTERNATIONAL_BY_ZEROS = new RegExp(`${BY_ZEROS}(?:[ \\-/]\\d{1,5}(?:[ \\-/]\\d{2,8}){1,4}|[ \\-/]\\d{6,11})(?!\\d)`, 'y');
const NORTH_AMERICAN = /(?:1[ .-]\(?)?[2-9]\d{2}(?:\) ?|[ .-])[2-9]\d{2}[ .-]\d{4}(?!\d)/y;
const NATIONAL = /0[1-9]\d{0,3}(?:\) ?|[ \-/.\u00a0\u202f])\d{2,8}(?:([ \-.\u00a0\u202f])\d{2,5}){0,4}(?!\d)/y;
const ANNOUNCED = new RegExp(`\\d(?:${SEPARATORS}{0,2}\\d){6,14}(?!\\d)`, 'y');
const ANNOUNCING = new Set(['tel', 'cell', 'fax', 'sms', 'handy', 'mobile', 'whatsapp', 'telefon', 'komórka', 'phone']);
/** `phone number`, `tel. no.` */
const NUMBERED = new Set(['no', 'nr', 'num', 'number']);
const DATE = /^(?:\d{4}[-./ ]\d{1,2}[-./ ]\d{1,2}|\d{1,2}[-./ ]\d{1,2}[-./ ](?:19|20)\d{2})(?:\D|$)/;

export interface NumberKinds {
  readonly card: boolean;
  readonly phone: boolean;
}

/** Where a run of digits and what separates them ends, and how many digits it has. */
export function numberRun(text: string, start: number): { readonly end: number; readonly digits: number } {
  let end = start;
  let digits = 0;
  for (let i = start, gap = 0; ; i++) {
    const code = text.charCodeAt(i);
    if (code >= 48 && code <= 57) {
      digits += 1;
      gap = 0;
      end = i + 1;
    } else if (!isSeparator(code) || ++gap > 2) return { end, digits };
  }
}

/** The numbers of cards and phones in a run of digits. `from`: what lies before belongs to something else. */
export function numbersIn(
  text: string,
  start: number,
  { end, digits }: { readonly end: number; readonly digits: number },
  from: number,
  kinds: NumberKinds,
  found: (kind: 'card' | 'phone', span: Span) => void,
): void {
  for (let i = start; i < end; i++) {
    if (!is(text.charCodeAt(i), DIGIT) || (i > start && is(text.charCodeAt(i - 1), DIGIT))) continue;
    const card = kinds.card && digits >= 14 ? cardAt(text, i, from) : undefined;
    const hit = card ?? (kinds.phone ? phoneAt(text, i, from, digits) : undefined);
    if (hit === undefined) continue;
    found(card === undefined ? 'phone' : 'card', hit);
    i = hit.end - 1;
  }
}

const matchAt = (pattern: RegExp, text: string, at: number): string | undefined => {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
};
const digitsOf = (text: string): string => text.replace(/\D/g, '');
/** A number ends where no letter, underscore or fraction follows. */
const endsAt = (text: string, end: number): boolean => {
  const code = text.charCodeAt(end);
  return !is(code, LETTER) && code !== 95 && !((code === 46 || code === 58 || code === 44) && is(text.charCodeAt(end + 1), DIGIT));
};

function cardAt(text: string, at: number, from: number): Span | undefined {
  const before = at > from ? text.charCodeAt(at - 1) : 0;
  if (before === 46 || before === 95 || is(before, LETTER)) return undefined;
  const match = matchAt(CARD, text, at);
  return match !== undefined && endsAt(text, at + match.length) && isCardNumber(digitsOf(match))
    ? { start: at, end: at + match.length }
    : undefined;
}

function phoneAt(text: string, at: number, from: number, digits: number): Span | undefined {
  const before = at > from ? text.charCodeAt(at - 1) : 0;
  if (before === 95 || is(before, LETTER)) return undefined;
  const open = before === 40 ? at - 1 : at;
  const outer = open > from ? text.charCodeAt(open - 1) : 0;
  if (before === 43 || outer === 43) {
    const plus = before === 43 ? at - 1 : open - 1;
    if (plus > from && is(text.charCodeAt(plus - 1), ALPHANUMERIC)) return undefined;
    const match = matchAt(INTERNATIONAL, text, at);
    // In one piece, eight digits after a plus are a sum or a line of a patch.
    const enough = match !== undefined && (match.length > digitsOf(match).length || match.length >= 9);
    return enough && endsAt(text, at + match.length) ? { start: plus, end: at + match.length } : undefined;
  }
  if (is(outer, ALPHANUMERIC) || outer === 46 || outer === 47 || outer === 45 || outer === 95) return undefined;
  // Of fewer digits no number is one by itself.
  const match = (digits < 9 ? undefined : (matchAt(NORTH_AMERICAN, text, at) ?? national(text, at))) ?? announced(text, at, open);
  return match !== undefined && endsAt(text, at + match.length) ? { start: open, end: at + match.length } : undefined;
}

function national(text: string, at: number): string | undefined {
  const match = matchAt(INTERNATIONAL_BY_ZEROS, text, at) ?? matchAt(NATIONAL, text, at);
  if (match === undefined || DATE.test(match)) return undefined;
  const digits = digitsOf(match).length;
  return match.startsWith('00')
    ? digits >= 11 && digits <= 17
      ? match
      : undefined
    : digits >= 9 && digits <= 12 && !/^0\d?\.\d+$/.test(match)
      ? match
      : undefined;
}

function announced(text: string, at: number, open: number): string | undefined {
  if (!isAnnounced(text, open)) return undefined;
  const match = matchAt(ANNOUNCED, text, at);
  return match === undefined || DATE.test(match) ? undefined : match;
}

/** Whether the word before says that a phone number comes: in a sentence, or as the name of the value. */
function isAnnounced(text: string, open: number): boolean {
  let word = wordBefore(text, open);
  if (word !== undefined && NUMBERED.has(word.said)) word = wordBefore(text, word.start);
  return word !== undefined && (ANNOUNCING.has(word.said) || word.said.endsWith('phone'));
}

const LONGEST_WORD = 12;
const MOST_BETWEEN = 8;
const isWord = (code: number): boolean => is(code, LETTER) || code > 127;

function wordBefore(text: string, before: number): { readonly said: string; readonly start: number } | undefined {
  let end = before;
  while (end > 0 && before - end < MOST_BETWEEN && !isWord(text.charCodeAt(end - 1)) && !is(text.charCodeAt(end - 1), DIGIT)) end -= 1;
  let start = end;
  while (start > 0 && end - start < LONGEST_WORD && isWord(text.charCodeAt(start - 1))) start -= 1;
  return start === end ? undefined : { said: text.slice(start, end).toLowerCase(), start };
}
