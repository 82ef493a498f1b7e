import { ALPHANUMERIC, BEARER, DIGIT, is, LETTER, TOKEN } from './chars.ts';

interface TokenFormat {
  readonly prefix: string;
  /** Where in the prefix stands the character whose sight makes us look: a rare one. */
  readonly at: number;
  /** Characters after the prefix, at least. */
  readonly least: number;
  /**
   * Without a digit it is a word, such as `sk-learn-something-or-other`: unless it is one piece of exactly so many letters. One of thirty keys
   * of 20 letters and digits has no digit, and those of Hugging Face have none at all.
   */
  readonly whole: number | undefined;
}

interface Particulars {
  readonly at?: number;
  readonly whole?: number;
}

const format = (prefix: string, least: number, { at = prefix.length - 1, whole }: Particulars = {}): TokenFormat => ({
  prefix,
  at,
  least,
  whole,
});

/** How the keys of those who are met in conversations look, by what they publish for secret scanners. */
const FORMATS: readonly TokenFormat[] = [
  // OpenAI, Anthropic, OpenRouter, Langfuse: sk-, sk-proj-, sk-ant-api03-, sk-or-v1-, sk-lf-
  format('sk-', 16),
  format('xai-', 20),
  format('pplx-', 20),
  format('glpat-', 16, { whole: 20 }),
  format('pypi-', 32),
  format('xapp-', 16),
  ...['a', 'b', 'e', 'p', 'r', 's'].map((letter) => format(`xox${letter}-`, 10)),
  ...['p', 'o', 'u', 's', 'r'].map((letter) => format(`gh${letter}_`, 30, { whole: 36 })),
  format('github_pat_', 22),
  format('sk_live_', 16, { whole: 24 }),
  format('sk_test_', 16, { whole: 24 }),
  format('rk_live_', 16, { whole: 24 }),
  format('rk_test_', 16, { whole: 24 }),
  format('whsec_', 16),
  format('npm_', 30, { whole: 36 }),
  format('hf_', 30, { whole: 34 }),
  format('gsk_', 30),
  format('r8_', 30),
  format('dop_v1_', 32),
  format('dckr_pat_', 20),
  // LangSmith, and Muster itself.
  format('lsv2_pt_', 24),
  format('lsv2_sk_', 24),
  format('ls__', 24),
  format('mst_', 40),
  format('AKIA', 16, { at: 1, whole: 16 }),
  format('ASIA', 16, { at: 1, whole: 16 }),
  format('AIza', 30, { at: 2, whole: 35 }),
];

/** By the telling character and the one before it: a `_` alone is in half of all names. */
const BY_SIGHT = new Map<number, TokenFormat[]>();
const sightOf = (before: number, code: number): number => (before << 8) | code;
for (const each of FORMATS) {
  const sight = sightOf(each.prefix.charCodeAt(each.at - 1), each.prefix.charCodeAt(each.at));
  BY_SIGHT.set(sight, [...(BY_SIGHT.get(sight) ?? []), each]);
}
export const TOKEN_SIGHTS: readonly number[] = [...new Set([...BY_SIGHT.keys()].map((sight) => sight & 255))];

export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A word without a digit in so many characters is none of ours. */
const LONGEST_WORD = 128;

/** The token whose telling character stands at `i`; undefined where it is none. `from`: what lies before belongs to something else. */
export function tokenAt(text: string, i: number, from: number): Span | undefined {
  const formats = BY_SIGHT.get(sightOf(text.charCodeAt(i - 1), text.charCodeAt(i)));
  if (formats === undefined) return undefined;
  for (const { prefix, at, least, whole } of formats) {
    const start = i - at;
    if (start < from || !text.startsWith(prefix, start) || (start > from && is(text.charCodeAt(start - 1), ALPHANUMERIC))) continue;
    let end = start + prefix.length;
    let digits = 0;
    while (is(text.charCodeAt(end), TOKEN) && (digits > 0 || end - start < LONGEST_WORD))
      digits += is(text.charCodeAt(end++), DIGIT) ? 1 : 0;
    const length = end - start - prefix.length;
    if (length >= least && (digits > 0 || (length === whole && isOnePiece(text, end - length, end)))) return { start, end };
  }
  return undefined;
}

function isOnePiece(text: string, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (!is(text.charCodeAt(i), LETTER)) return false;
  return true;
}

/** A JSON Web Token: its header begins with `{"`, which is eyJ. `i` is the J. */
export function jwtAt(text: string, i: number, from: number): Span | undefined {
  const start = i - 2;
  if (start < from || !text.startsWith('eyJ', start) || (start > from && is(text.charCodeAt(start - 1), TOKEN))) return undefined;
  let end = start;
  for (let part = 0; part < 3; part++) {
    const begin = end;
    while (is(text.charCodeAt(end), TOKEN)) end += 1;
    if (end - begin < 10) return undefined;
    if (part < 2 && text.charCodeAt(end++) !== 46) return undefined;
  }
  // An encrypted one has five parts.
  while (text.charCodeAt(end) === 46 && is(text.charCodeAt(end + 1), TOKEN)) {
    end += 1;
    while (is(text.charCodeAt(end), TOKEN)) end += 1;
  }
  return { start, end };
}

const SCHEME = /(bearer|basic) +(?=[A-Za-z0-9])/iy;

/** What follows `Bearer ` or `Basic `. `i` is their first letter. */
export function credentialAt(text: string, i: number, from: number): Span | undefined {
  if (i > from && is(text.charCodeAt(i - 1), ALPHANUMERIC)) return undefined;
  SCHEME.lastIndex = i;
  const scheme = SCHEME.exec(text);
  if (scheme === null) return undefined;
  const start = i + scheme[0].length;
  let end = start;
  let digits = 0;
  while (is(text.charCodeAt(end), BEARER)) digits += is(text.charCodeAt(end++), DIGIT) ? 1 : 0;
  const length = end - start;
  if (scheme[1]?.toLowerCase() === 'basic') return length >= 8 && isUserAndPassword(text.slice(start, end)) ? { start, end } : undefined;
  return length >= 16 && digits > 0 ? { start, end } : undefined;
}

/** "Basic understanding" is Base64 too, but not of a name, a colon and a password. */
function isUserAndPassword(base64: string): boolean {
  return /^[\x20-\x7e]*:[\x20-\x7e]*$/.test(Buffer.from(base64, 'base64').toString('latin1'));
}

const PEM_BEGIN = /-----BEGIN (?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----/y;
const PEM_END = /-----END (?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----/y;

/** A private key, to the end of what is there of it. `i` is the first of its dashes. */
export function privateKeyAt(text: string, i: number): Span | undefined {
  PEM_BEGIN.lastIndex = i;
  const begin = PEM_BEGIN.exec(text);
  if (begin === null) return undefined;
  let end = i + begin[0].length;
  for (;;) {
    const code = text.charCodeAt(end);
    // Its lines, with line breaks that may be escaped once or more, and headers such as `Proc-Type: 4,ENCRYPTED`.
    if (code === 45 && text.charCodeAt(end + 1) === 45) break;
    if (!(is(code, BEARER) || code === 10 || code === 13 || code === 32 || code === 58 || code === 44 || isEscapedBreak(text, end))) break;
    end += 1;
  }
  PEM_END.lastIndex = end;
  return { start: i, end: end + (PEM_END.exec(text)?.[0].length ?? 0) };
}

/** A backslash of `\n` or `\r`, however deep; one before a quote ends the string and stays. */
function isEscapedBreak(text: string, at: number): boolean {
  let end = at;
  while (text.charCodeAt(end) === 92 && end < at + 16) end += 1;
  const code = text.charCodeAt(end);
  return end > at && (code === 110 || code === 114);
}
