import { ALPHANUMERIC, BREAK, DIGIT, DOMAIN, is, isForeignLetter, LETTER, LOCAL, TOKEN } from './chars.ts';
import { mayEndName, namesSecret } from './key-names.ts';
import { ibanAt, numberRun, numbersIn } from './numbers.ts';
import type { RedactionKind } from './settings.ts';
import { credentialAt, discordAt, jwtAt, mayTellToken, privateKeyAt, TOKEN_SIGHTS, tokenAt, type Span } from './tokens.ts';

export interface Finding extends Span {
  readonly kind: RedactionKind;
  /** What the mark stands between where the value is no string: its quotes, escaped as deep as it lies. */
  readonly quote: string;
}

export type Wanted = Readonly<Record<RedactionKind, boolean>>;

const QUOTE = 1;
const BACKSLASH = 2;
const FIGURE = 3;
const AT = 4;
const PERCENT = 5;
const EQUALS = 6;
const SCHEME = 7;
const TOKEN_SIGHT = 8;
const JWT = 9;
const DASH = 10;
const COLON = 11;
const DISCORD = 12;

/** What to do at the sight of a character; 0 for nearly all: they cost a look into a table. */
export function sightsFor(wanted: Wanted): Uint8Array {
  const sights = new Uint8Array(128);
  const see = (characters: string, sight: number): void => {
    for (const character of characters) sights[character.charCodeAt(0)] = sight;
  };
  see('"', QUOTE);
  see('\\', BACKSLASH);
  if (wanted.email || wanted.secret) see('@', AT);
  if (wanted.email) see('%', PERCENT);
  if (wanted.secret) {
    for (const code of TOKEN_SIGHTS) sights[code] = TOKEN_SIGHT;
    see('-', DASH);
    see('=', EQUALS);
    see(':', COLON);
    see('bB', SCHEME);
    see('J', JWT);
    see('MNO', DISCORD);
  }
  if (wanted.phone || wanted.card || wanted.iban) see('0123456789', FIGURE);
  return sights;
}

/**
 * Finds what is to be redacted in a JSON text, without parsing it: one pass, in which no character is looked at more than a bounded number of
 * times, whatever the text. Strings that hold JSON themselves are understood as deep as they are escaped.
 * `escaped` tells that printable ASCII is written as \u00xx, or a slash as \/: then what is not found may only be hidden.
 */
export class Scan {
  readonly #text: string;
  readonly #wanted: Wanted;
  readonly findings: Finding[] = [];
  escaped = false;
  /** What lies before is an escape or was found: nothing reaches back over it. */
  #barrier = 0;
  #inString = false;
  /** Behind the last quote, of whatever depth. */
  #quoteEnd = 0;

  constructor(text: string, wanted: Wanted, sights: Uint8Array) {
    this.#text = text;
    this.#wanted = wanted;
    const length = text.length;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 127) continue;
      const sight = sights[code] ?? 0;
      if (sight === 0 || (sight === TOKEN_SIGHT && !mayTellToken(text.charCodeAt(i - 1), code))) continue;
      // Each answers with the last character it has dealt with.
      i = this.#look(sight, i);
    }
  }

  #look(sight: number, i: number): number {
    switch (sight) {
      case QUOTE:
        return this.#quote(i);
      case BACKSLASH:
        return this.#backslash(i);
      case FIGURE:
        return this.#figure(i);
      case AT:
        return this.#at(i, i + 1);
      case PERCENT:
        return this.#text.charCodeAt(i + 1) === 52 && this.#text.charCodeAt(i + 2) === 48 ? this.#at(i, i + 3) : i;
      case EQUALS:
        return this.#assignment(i);
      case COLON:
        return this.#header(i);
      case SCHEME:
        return this.#secret(i, is(this.#text.charCodeAt(i + 1), LETTER) ? credentialAt(this.#text, i, this.#barrier) : undefined);
      case JWT:
        return this.#secret(i, this.#text.charCodeAt(i - 1) === 121 ? jwtAt(this.#text, i, this.#barrier) : undefined);
      case DISCORD:
        return this.#secret(i, discordAt(this.#text, i, this.#barrier));
      case DASH:
        if (this.#text.charCodeAt(i + 1) === 45) return this.#dashes(i);
        return this.#secret(i, tokenAt(this.#text, i, this.#barrier));
      default:
        return this.#secret(i, tokenAt(this.#text, i, this.#barrier));
    }
  }

  #find(kind: RedactionKind, { start, end }: Span, quote = ''): number {
    this.findings.push({ kind, start, end, quote });
    this.#barrier = end;
    return end - 1;
  }

  #secret(i: number, span: Span | undefined): number {
    return span === undefined ? i : this.#find('secret', span);
  }

  #dashes(i: number): number {
    const key = privateKeyAt(this.#text, i);
    if (key !== undefined) return this.#find('secret', key);
    // A line of dashes is looked at once.
    let end = i;
    while (this.#text.charCodeAt(end + 1) === 45 && !this.#text.startsWith('-----BEGIN', end + 1)) end += 1;
    return end;
  }

  /** A quote that is not escaped: it begins or ends a string of the document itself. */
  #quote(i: number): number {
    const opening = !this.#inString;
    const start = this.#quoteEnd;
    this.#inString = opening;
    this.#barrier = i + 1;
    this.#quoteEnd = i + 1;
    return opening || !this.#wanted.secret ? i : this.#value(i, start, i, '"');
  }

  /**
   * A quote ended at `i`: where what it closes is the name of a secret, and a colon follows, its value goes. `quote` is how quotes are
   * written at this depth.
   */
  #value(i: number, nameStart: number, nameEnd: number, quote: string): number {
    const text = this.#text;
    const colon = this.#skipSpaces(i + 1);
    if (text.charCodeAt(colon) !== 58 || !namesSecret(text, nameStart, nameEnd)) return i;
    const at = this.#skipSpaces(colon + 1);
    if (text.startsWith(quote, at)) return this.#stringValue(at, quote) ?? i;
    const code = text.charCodeAt(at);
    if (code === 45 || is(code, DIGIT)) {
      let end = at;
      while (is(text.charCodeAt(end), DIGIT) || '+-.eE'.includes(text.charAt(end) || ' ')) end += 1;
      return this.#find('secret', { start: at, end }, quote);
    }
    if (code !== 91) return i;
    // The headers of some clients are lists: "authorization": ["Bearer …"].
    let end = i;
    for (let next = this.#skipSpaces(at + 1); text.startsWith(quote, next);) {
      const closed = this.#stringValue(next, quote);
      if (closed === undefined) break;
      end = closed;
      const comma = this.#skipSpaces(closed + 1);
      if (text.charCodeAt(comma) !== 44) break;
      next = this.#skipSpaces(comma + 1);
    }
    return end;
  }

  /** Finds the string that opens at `at`, and answers with the end of its closing quote. */
  #stringValue(at: number, quote: string): number | undefined {
    const start = at + quote.length;
    const closing = closingQuote(this.#text, start, depthOf(quote.length - 1));
    if (closing === undefined) return undefined;
    if (closing.start > start && !this.#text.startsWith('[redacted:', start)) this.#find('secret', { start, end: closing.start });
    this.#barrier = closing.end;
    this.#quoteEnd = closing.end;
    if (quote.length === 1) this.#inString = false;
    return closing.end - 1;
  }

  #skipSpaces(i: number): number {
    while (this.#text.charCodeAt(i) === 32) i += 1;
    const code = this.#text.charCodeAt(i);
    if (code !== 10 && code !== 13 && code !== 9) return i;
    while (is(code, BREAK) && ' \n\r\t'.includes(this.#text.charAt(i) || '.')) i += 1;
    return i;
  }

  #backslash(i: number): number {
    const text = this.#text;
    let end = i;
    while (text.charCodeAt(end) === 92) end += 1;
    const count = end - i;
    const code = text.charCodeAt(end);
    this.#barrier = end;
    if (code === 34) {
      // Escaped backslashes, and then a quote of the document.
      if (count % 2 === 0) return end - 1;
      const start = this.#quoteEnd;
      this.#barrier = end + 1;
      this.#quoteEnd = end + 1;
      return this.#wanted.secret ? this.#value(end, start, i, text.slice(i, end + 1)) : end;
    }
    if (code === 117) {
      const unit = Number.parseInt(text.slice(end + 1, end + 5), 16);
      if (Number.isNaN(unit)) return end;
      if (unit >= 32 && unit < 127) this.escaped = true;
      this.#barrier = end + 5;
      return end + 4;
    }
    if (code === 47) this.escaped = true;
    // Of an even number of backslashes the letter may still be an escape, of a text within: \\n is a line break there.
    if (count % 2 === 0 && code !== 110 && code !== 114 && code !== 116 && code !== 98 && code !== 102 && code !== 47) return end - 1;
    this.#barrier = end + 1;
    return end;
  }

  #figure(i: number): number {
    const text = this.#text;
    const before = i > this.#barrier ? text.charCodeAt(i - 1) : 0;
    if (!this.#inString) return this.#plainNumber(i);
    if (is(before, LETTER)) {
      const token = this.#wanted.secret ? tokenAt(text, i, this.#barrier) : undefined;
      if (token !== undefined) return this.#find('secret', token);
      const iban = this.#wanted.iban ? ibanAt(text, i, this.#barrier) : undefined;
      if (iban !== undefined) return this.#find('iban', iban);
      let end = i;
      while (is(text.charCodeAt(end + 1), DIGIT)) end += 1;
      return end;
    }
    const run = numberRun(text, i);
    if (run.digits >= 7) numbersIn(text, i, run, this.#barrier, this.#wanted, (kind, span) => void this.#find(kind, span));
    return run.end - 1;
  }

  /** A number of the document, not of a text in it: the mark becomes a string. */
  #plainNumber(i: number): number {
    const text = this.#text;
    let end = i;
    while (is(text.charCodeAt(end), DIGIT)) end += 1;
    const after = text.charCodeAt(end);
    const whole = after !== 46 && after !== 101 && after !== 69 && text.charCodeAt(i - 1) !== 45;
    if (whole && end - i >= 7)
      numbersIn(
        text,
        i,
        { end, digits: end - i },
        i,
        this.#wanted,
        (kind, span) => void (span.start === i && span.end === end && this.#find(kind, span, '"')),
      );
    while (is(text.charCodeAt(end), DIGIT) || '+-.eE'.includes(text.charAt(end) || ' ')) end += 1;
    return end - 1;
  }

  /** An address, or the password of one that says how to connect. `next` follows the @, which may be written %40. */
  #at(i: number, next: number): number {
    const text = this.#text;
    let start = i;
    while (start > this.#barrier && i - start < 256 && isUserInfo(text.charCodeAt(start - 1))) start -= 1;
    if (this.#wanted.secret && start < i && text.charCodeAt(start - 1) === 47 && text.charCodeAt(start - 2) === 47) {
      const colon = start + text.slice(start, i).indexOf(':');
      if (colon >= start && colon < i - 1 && is(text.charCodeAt(next), ALPHANUMERIC))
        return this.#find('secret', { start: colon + 1, end: i });
    }
    if (!this.#wanted.email) return i;
    let local = i;
    while (local > this.#barrier && i - local < 64 && isLocal(text.charCodeAt(local - 1))) local -= 1;
    while (local < i && ".'-+%".includes(text.charAt(local))) local += 1;
    local = local === i ? this.#quotedLocal(i) : local;
    if (local === i) return this.#past(i, next);
    LITERAL_DOMAIN.lastIndex = next;
    const literal = LITERAL_DOMAIN.exec(text);
    if (literal !== null) return this.#find('email', { start: local, end: next + literal[0].length });
    let end = next;
    while (end - next < 255 && isDomain(text.charCodeAt(end))) end += 1;
    while (end > next && (text.charCodeAt(end - 1) === 46 || text.charCodeAt(end - 1) === 45)) end -= 1;
    return isMailDomain(text.slice(next, end)) && text.slice(local, i) !== 'git'
      ? this.#find('email', { start: local, end })
      : this.#past(i, next);
  }

  /** Where `"john doe"` begins, that ends before an @; `i` where no such thing does. Of a JSON text its quotes are escaped. */
  #quotedLocal(i: number): number {
    const text = this.#text;
    if (text.charCodeAt(i - 1) !== 34) return i;
    let closing = i - 1;
    while (text.charCodeAt(closing - 1) === 92) closing -= 1;
    const quote = text.slice(closing, i);
    const from = Math.max(closing - 64 - quote.length, this.findings.at(-1)?.end ?? 0);
    const start = quote.length < 2 || quote.length > 16 ? -1 : text.slice(from, closing).lastIndexOf(quote);
    if (start < 0) return i;
    const said = text.slice(from + start + quote.length, closing);
    const opening = from + start;
    const isOpening = /(?:^|[^A-Za-z0-9\\]|\\[nrt])$/.test(text.slice(Math.max(0, opening - 2), opening));
    return isOpening && /^[^\s"\\](?:[^"\\]*[^\s"\\])?$/.test(said) ? opening : i;
  }

  /** What lies before an @ is looked at for this one only. */
  #past(i: number, next: number): number {
    this.#barrier = Math.max(this.#barrier, next);
    return Math.max(i, next - 1);
  }

  /** `password=…` in a query, a connection string or a line of an environment file; `api_key = "…"` in code. */
  #assignment(i: number): number {
    const text = this.#text;
    const nameEnd = text.charCodeAt(i - 1) === 32 ? i - 1 : i;
    const start = this.#nameStart(nameEnd);
    if (!namesSecret(text, start, nameEnd, true)) return i;
    const isVariable = /^[A-Z][A-Z0-9_]*$/.test(text.slice(start, nameEnd));
    const begin = this.#skipSpaces(i + 1);
    const quoted = this.#quotedAt(begin);
    if (quoted !== undefined) return this.#isQuotedSecret(quoted, isVariable) ? this.#quotedSecret(quoted) : i;
    if (nameEnd < i || begin > i + 1) return this.#secret(i, text.charCodeAt(i + 1) === 61 ? undefined : this.#saidAt(begin));
    let end = i + 1;
    let digits = 0;
    while (end < text.length && !is(text.charCodeAt(end), BREAK)) digits += is(text.charCodeAt(end++), DIGIT) ? 1 : 0;
    // Base64 ends with them.
    while (end > i + 1 && text.charCodeAt(end) === 61) end += 1;
    const first = text.charCodeAt(i + 1);
    // `password=get_password()` and `password=$SECRET` are code, not secrets.
    const isCode = first === 61 || first === 36 || first === 37 || isCall(text.charCodeAt(end));
    const inQuery = text.charAt(start - 1) === '&' || text.charAt(start - 1) === '?' || text.charAt(start - 1) === ';';
    if (isCode || end - i - 1 < 6 || !(digits > 0 || inQuery || isVariable) || text.startsWith('[redacted:', i + 1)) return i;
    return this.#find('secret', { start: i + 1, end });
  }

  /** `x-api-key: 0f3a…` of a request that somebody shows, `password: hunter22` of YAML, `'password': 'x'` as Python prints it. */
  #header(i: number): number {
    const text = this.#text;
    // In JSON a quote stands before nearly every colon.
    const printed = text.charCodeAt(i - 1) === 39;
    const nameEnd = printed ? i - 1 : i;
    if (text.charCodeAt(i + 1) !== 32 || !is(text.charCodeAt(nameEnd - 1), ALPHANUMERIC) || !mayEndName(text, nameEnd)) return i;
    const start = this.#nameStart(nameEnd);
    if (!namesSecret(text, start, nameEnd)) return i;
    const begin = this.#skipSpaces(i + 1);
    const quoted = this.#quotedAt(begin);
    if (printed) return quoted !== undefined && text.charCodeAt(start - 1) === 39 ? this.#quotedSecret(quoted) : i;
    if (quoted !== undefined) return this.#isQuotedSecret(quoted, false) ? this.#quotedSecret(quoted) : i;
    AUTH_SCHEME.lastIndex = begin;
    const scheme = text.slice(i - 13, i).toLowerCase() === 'authorization' ? AUTH_SCHEME.exec(text) : null;
    return this.#secret(i, this.#saidAt(begin + (scheme?.[0].length ?? 0)));
  }

  #nameStart(end: number): number {
    let start = end;
    while (start > this.#barrier && end - start < 65 && is(this.#text.charCodeAt(start - 1), TOKEN)) start -= 1;
    return start;
  }

  /** A value that stands without quotes in a line of text: of eight characters and with a digit, or it is a word of a sentence. */
  #saidAt(begin: number): Span | undefined {
    const text = this.#text;
    let end = begin;
    let digits = 0;
    while (end < text.length && !is(text.charCodeAt(end), BREAK)) digits += is(text.charCodeAt(end++), DIGIT) ? 1 : 0;
    const isOver = !isCall(text.charCodeAt(end));
    while (end > begin && SENTENCE_ENDS.includes(text.charAt(end - 1))) end -= 1;
    const isSecret = digits > 0 && end - begin >= SHORTEST_SAID && isOver && !isExpression(text.slice(begin, Math.min(end, begin + 512)));
    return isSecret ? { start: begin, end } : undefined;
  }

  /** What stands between the quotes that open at `at`: single ones, or double ones as a text in JSON has them. */
  #quotedAt(at: number): Span | undefined {
    const text = this.#text;
    let start = at;
    while (text.charCodeAt(start) === 92 && start - at < 16) start += 1;
    const mark = text.charCodeAt(start);
    if (start === at ? mark !== 39 && mark !== 96 : mark !== 34) return undefined;
    start += 1;
    const quote = text.slice(at, start);
    const inside = text.slice(start, start + LONGEST_QUOTED);
    const end = inside.indexOf(quote);
    return end > 0 && !/["\\]/.test(inside.slice(0, end)) ? { start, end: start + end } : undefined;
  }

  /** Not `api_key="your-api-key"`, and no piece of code. */
  #isQuotedSecret({ start, end }: Span, isVariable: boolean): boolean {
    const value = this.#text.slice(start, end);
    return value.length >= SHORTEST_QUOTED && !/\s/.test(value) && (isVariable || /\d/.test(value)) && !isExpression(value);
  }

  #quotedSecret(span: Span): number {
    if (this.#text.startsWith('[redacted:', span.start)) return span.start - 1;
    this.#quoteEnd = span.start;
    return this.#find('secret', span);
  }
}

/** `Token`, `ApiKey`, `Bot`: what the header names before its credentials. */
const AUTH_SCHEME = /[A-Za-z][\w-]{1,20} {1,4}(?=\S)/y;
const LONGEST_QUOTED = 512;
const SHORTEST_QUOTED = 6;
/** Words of a sentence, and code: `password: user2.password`, `password: ${secret}`. */
const isExpression = (value: string): boolean => /^[$%[<{]|^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+$/.test(value);
const SENTENCE_ENDS = '.!?:';
const SHORTEST_SAID = 8;
const isCall = (code: number): boolean => code === 40 || code === 91 || code === 46;

const isUserInfo = (code: number): boolean =>
  code > 32 && code !== 34 && code !== 47 && code !== 60 && code !== 62 && code !== 64 && code !== 92;
const isLocal = (code: number): boolean => is(code, LOCAL) || isForeignLetter(code);
const isDomain = (code: number): boolean => is(code, DOMAIN) || isForeignLetter(code);

/** `root@[192.0.2.1]` */
const LITERAL_DOMAIN = /\[(?:(?:\d{1,3}\.){3}\d{1,3}|IPv6:[0-9A-Fa-f:.]{2,45})\]/y;

/** `logo@2x.png` and `pkg@1.2.3` are none. */
const isMailDomain = (domain: string): boolean =>
  /\.(?:xn--[a-z0-9-]+|[\p{L}]{2,24})$/iu.test(domain) && !domain.includes('..') && !/^\d+x\./.test(domain);

/** How many strings deep a quote lies that so many backslashes stand before: 0 for a quote of the document. */
function depthOf(backslashes: number): number {
  let depth = 0;
  for (let count = backslashes; count % 2 === 1; count = (count - 1) / 2) depth += 1;
  return depth;
}

/** The quote that ends a string which lies so deep, with its backslashes. */
function closingQuote(text: string, from: number, depth: number): Span | undefined {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 1)) {
    let start = at;
    while (start > from && text.charCodeAt(start - 1) === 92) start -= 1;
    const own = depthOf(at - start);
    // One that lies less deep ends the text around it: ours is not closed.
    if (own < depth) return undefined;
    if (own === depth) return { start: at - (2 ** depth - 1), end: at + 1 };
  }
  return undefined;
}
