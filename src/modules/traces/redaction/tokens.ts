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
  /** Words and numbers begin like that too (`sk-learn-pipeline-v2-final`): one piece must be of letters and digits that no word has. */
  readonly mixed: boolean;
}

interface Particulars {
  readonly at?: number;
  readonly whole?: number;
  readonly mixed?: boolean;
}

const format = (prefix: string, least: number, { at = prefix.length - 1, whole, mixed = false }: Particulars = {}): TokenFormat => ({
  prefix,
  at,
  least,
  whole,
  mixed,
});

/** How the keys of those who are met in conversations look, by what they publish for secret scanners. */
const FORMATS: readonly TokenFormat[] = [
  // OpenAI, Anthropic, OpenRouter, Langfuse: sk-, sk-proj-, sk-ant-api03-, sk-or-v1-, sk-lf-
  format('sk-', 16, { mixed: true }),
  format('xai-', 20),
  format('pplx-', 20),
  format('csk-', 20),
  format('llx-', 20),
  format('tvly-', 16),
  format('nvapi-', 30),
  format('glpat-', 16, { whole: 20 }),
  ...['dt', 'ptt', 'ft', 'rt', 'cbt', 'imt', 'agent', 'soat'].map((kind) => format(`gl${kind}-`, 16)),
  format('pypi-', 32),
  format('xapp-', 16),
  ...['a', 'b', 'd', 'e', 'p', 'r', 's'].map((letter) => format(`xox${letter}-`, 10)),
  format('GOCSPX-', 20),
  format('NRAK-', 20),
  format('PMAK-', 40),
  format('xkeysib-', 60),
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
  format('fw_', 20, { mixed: true }),
  format('tgp_v1_', 30),
  format('jina_', 40),
  format('pcsk_', 40),
  format('wandb_v1_', 40),
  format('lin_api_', 32),
  format('ntn_', 40),
  format('figd_', 32),
  format('dop_v1_', 32),
  format('doo_v1_', 32),
  format('dor_v1_', 32),
  format('dckr_pat_', 20),
  format('dckr_oat_', 20),
  ...['at', 'ca', 'pa', 'ss'].map((kind) => format(`shp${kind}_`, 32)),
  format('sbp_', 40),
  format('sb_secret_', 20),
  format('pscale_tkn_', 32),
  format('pscale_pw_', 32),
  format('nfp_', 36),
  format('glsa_', 32),
  format('sntryu_', 60),
  format('sntrys_', 60),
  // LangSmith, and Muster itself.
  format('lsv2_pt_', 24),
  format('lsv2_sk_', 24),
  format('ls__', 24),
  format('mst_', 40),
  format('AKIA', 16, { at: 1, whole: 16 }),
  format('ASIA', 16, { at: 1, whole: 16 }),
  format('AIza', 30, { at: 2, whole: 35 }),
];

/** Keys that are more than a prefix and a token; `back`: how far before the two telling characters they begin, at most. */
interface Shape {
  /** Its first two characters make us look; all of it must be there. */
  readonly sight: string;
  readonly back: number;
  /** From its first character on; `sight` need not be at its beginning. */
  readonly pattern: RegExp;
}

const END = '(?![A-Za-z0-9_-])';
const shape = (sight: string, source: string, back = 0): Shape => ({ sight, back, pattern: new RegExp(source + END, 'y') });

const SHAPES: readonly Shape[] = [
  // SendGrid
  shape('SG', 'SG\\.[\\w-]{16,32}\\.[\\w-]{32,64}'),
  // Twilio
  shape('SK', 'SK[0-9a-f]{32}'),
  // Bedrock
  shape('BS', 'ABSK[A-Za-z0-9+/]{80,}={0,2}', 1),
  // HashiCorp Vault
  shape('hv', 'hv[sbr]\\.[\\w-]{24,300}'),
  // Databricks
  shape('api', 'dapi[0-9a-f]{32}(?:-\\d)?', 1),
  // Google's access tokens
  shape('a2', 'ya29\\.[\\w-]{20,}', 1),
  // ElevenLabs; those of Stripe are above
  shape('k_', 'sk_[0-9a-f]{48}', 1),
  // Mailgun
  shape('y-', 'key-[0-9a-f]{32}', 2),
  // Notion's older ones
  shape('t_', 'secret_[A-Za-z0-9]{43}', 5),
  // Resend
  shape('e_', 're_[A-Za-z0-9]{6,10}_[A-Za-z0-9]{20,28}', 1),
  // A bot of Telegram
  shape(':A', '(?:bot)?\\d{8,10}:A[A-Za-z0-9_-]{34}', 13),
  // A webhook of Slack: whoever has the address may write there
  shape('/T', '(?<=hooks\\.slack\\.com/services)/T[A-Z0-9]{6,14}/B[A-Z0-9]{6,14}/[A-Za-z0-9]{20,28}'),
  // Entra ID; keys of Azure's services that say so themselves
  shape('Q~', '[\\w.~-]{3}\\dQ~[\\w.~-]{31,34}', 4),
  shape('JQQJ9', '[A-Za-z0-9]{52}JQQJ9[9DH][A-Za-z0-9]{26}(?:[A-Za-z0-9]{2}==)?', 52),
];

/** By the telling character and the one before it: a `_` alone is in half of all names. */
interface Sight {
  readonly formats: TokenFormat[];
  readonly shapes: Shape[];
}
const SIGHTS: Sight[] = [];
/** Which of them, plus one, by two characters of ASCII: a table of bytes is read faster than it is asked for at all. */
const BY_PAIR = new Uint8Array(1 << 14);
const pairOf = (before: number, code: number): number => (before << 7) | code;
function sightAt(text: string, at: number): Sight {
  const pair = pairOf(text.charCodeAt(at - 1), text.charCodeAt(at));
  if (BY_PAIR[pair] === 0) BY_PAIR[pair] = SIGHTS.push({ formats: [], shapes: [] });
  const sight = SIGHTS[(BY_PAIR[pair] ?? 0) - 1];
  if (sight === undefined) throw new Error('a sight was made and is not there');
  return sight;
}
for (const each of FORMATS) sightAt(each.prefix, each.at).formats.push(each);
for (const each of SHAPES) sightAt(each.sight, 1).shapes.push(each);

export const TOKEN_SIGHTS: readonly number[] = [
  ...new Set([...BY_PAIR.keys()].filter((pair) => BY_PAIR[pair] !== 0).map((pair) => pair & 127)),
];

export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A word without a digit in so many characters is none of ours. */
const LONGEST_WORD = 128;

/** Whether a token may be seen here: asked first, because it costs a look into a table. */
export const mayTellToken = (before: number, code: number): boolean => before < 128 && BY_PAIR[pairOf(before, code)] !== 0;

/** The token whose telling character stands at `i`; undefined where it is none. `from`: what lies before belongs to something else. */
export function tokenAt(text: string, i: number, from: number): Span | undefined {
  const before = text.charCodeAt(i - 1);
  const code = text.charCodeAt(i);
  const sight = mayTellToken(before, code) ? SIGHTS[(BY_PAIR[pairOf(before, code)] ?? 0) - 1] : undefined;
  if (sight === undefined) return undefined;
  for (const { prefix, at, least, whole, mixed } of sight.formats) {
    const start = i - at;
    if (start < from || !text.startsWith(prefix, start) || (start > from && is(text.charCodeAt(start - 1), ALPHANUMERIC))) continue;
    let end = start + prefix.length;
    let digits = 0;
    while (is(text.charCodeAt(end), TOKEN) && (digits > 0 || end - start < LONGEST_WORD))
      digits += is(text.charCodeAt(end++), DIGIT) ? 1 : 0;
    const length = end - start - prefix.length;
    if (length < least) continue;
    if (digits > 0 ? !mixed || hasMixedPiece(text, end - length, end) : length === whole && isOnePiece(text, end - length, end))
      return { start, end };
  }
  for (const each of sight.shapes) {
    const span = shapeAt(text, i, from, each);
    if (span !== undefined) return span;
  }
  return undefined;
}

function shapeAt(text: string, i: number, from: number, { sight, back, pattern }: Shape): Span | undefined {
  if (!text.startsWith(sight, i - 1)) return undefined;
  // Where it begins is where its letters, or its digits, do: never in the middle of a longer word.
  for (let start = i - 1; start >= from && start >= i - 1 - back; start--) {
    if (start > from && is(text.charCodeAt(start), ALPHANUMERIC) && is(text.charCodeAt(start - 1), ALPHANUMERIC)) continue;
    pattern.lastIndex = start;
    const match = pattern.exec(text);
    if (match !== null && start + match[0].length > i) return { start, end: start + match[0].length };
  }
  return undefined;
}

/** Shorter than the eight characters that a UUID begins with no piece tells. */
const SHORTEST_PIECE = 8;

function hasMixedPiece(text: string, start: number, end: number): boolean {
  for (let i = start, begin = start, letters = 0, digits = 0; i <= end; i++) {
    const code = i < end ? text.charCodeAt(i) : 45;
    if (is(code, LETTER)) letters += 1;
    else if (is(code, DIGIT)) digits += 1;
    else {
      if (i - begin >= SHORTEST_PIECE && letters > 0 && digits > 0) return true;
      begin = i + 1;
      letters = digits = 0;
    }
  }
  return false;
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

const DISCORD = /[MNO][A-Za-z0-9_-]{21,27}(?=\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40}(?![A-Za-z0-9_-]))/y;

/** What a bot of Discord signs in with: its number in Base64, a time and a signature. `i` is its first letter. */
export function discordAt(text: string, i: number, from: number): Span | undefined {
  if (i > from && is(text.charCodeAt(i - 1), TOKEN)) return undefined;
  DISCORD.lastIndex = i;
  const [number] = DISCORD.exec(text) ?? [];
  if (number === undefined || !/^\d{17,20}$/.test(Buffer.from(number, 'base64').toString('latin1'))) return undefined;
  let end = i + number.length;
  while (is(text.charCodeAt(end), TOKEN) || text.charCodeAt(end) === 46) end += 1;
  return { start: i, end };
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
