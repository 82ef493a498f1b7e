import { ALPHANUMERIC, BREAK, DIGIT, DOMAIN, is, isForeignLetter, LETTER, LOCAL, TOKEN } from './chars.ts';
import { mayEndName, namesSecret } from './key-names.ts';
import { ibanAt, numberRun, numbersIn } from './numbers.ts';
import type { RedactionKind } from './settings.ts';
import { credentialAt, jwtAt, privateKeyAt, TOKEN_SIGHTS, tokenAt, type Span } from './tokens.ts';

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

/** What to do at the sight of a character; 0 for nearly all: they cost a look into a table. */
export function sightsFor(wanted: Wanted): Uint8Array {
  const sights = new Uint8Array(128);
  const see = (characters: string, sight: number): void => {
    for (const character of characters) sights[character.charCodeAt(0)] = sight;
  };
  see('"', QUOTE);
  see('\\', BACKSLASH);
  if (wanted.phone || wanted.card || wanted.iban) see('0123456789', FIGURE);
  if (wanted.email || wanted.secret) see('@', AT);
  if (wanted.email) see('%', PERCENT);
  if (wanted.secret) {
    for (const code of TOKEN_SIGHTS) sights[code] = TOKEN_SIGHT;
    see('-', DASH);
    see('=', EQUALS);
    see(':', COLON);
    see('bB', SCHEME);
    see('J', JWT);
  }
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
      // Each answers with the last character it has dealt with.
      if (sight !== 0) i = this.#look(sight, i);
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
    if (local === i) return this.#past(i, next);
    let end = next;
    while (end - next < 255 && isDomain(text.charCodeAt(end))) end += 1;
    while (end > next && (text.charCodeAt(end - 1) === 46 || text.charCodeAt(end - 1) === 45)) end -= 1;
    return isMailDomain(text.slice(next, end)) && text.slice(local, i) !== 'git'
      ? this.#find('email', { start: local, end })
      : this.#past(i, next);
  }

  /** What lies before an @ is looked at for this one only. */
  #past(i: number, next: number): number {
    this.#barrier = Math.max(this.#barrier, next);
    return Math.max(i, next - 1);
  }

  /** `password=…` in a query, a connection string or a line of an environment file. */
  #assignment(i: number): number {
    const text = this.#text;
    let start = i;
    while (start > this.#barrier && i - start < 65 && is(text.charCodeAt(start - 1), TOKEN)) start -= 1;
    if (!namesSecret(text, start, i, true)) return i;
    let end = i + 1;
    let digits = 0;
    while (end < text.length && !is(text.charCodeAt(end), BREAK)) digits += is(text.charCodeAt(end++), DIGIT) ? 1 : 0;
    // Base64 ends with them.
    while (end > i + 1 && text.charCodeAt(end) === 61) end += 1;
    const first = text.charCodeAt(i + 1);
    // `password=get_password()` and `password=$SECRET` are code, not secrets.
    const isCode = first === 61 || first === 36 || first === 37 || isCall(text.charCodeAt(end));
    const inQuery = text.charAt(start - 1) === '&' || text.charAt(start - 1) === '?' || text.charAt(start - 1) === ';';
    const isVariable = /^[A-Z][A-Z0-9_]*$/.test(text.slice(start, i));
    if (isCode || end - i - 1 < 6 || !(digits > 0 || inQuery || isVariable) || text.startsWith('[redacted:', i + 1)) return i;
    return this.#find('secret', { start: i + 1, end });
  }

  /** `x-api-key: 0f3a…` of a request that somebody shows, `password: hunter22` of YAML: a line or part of one, outside of quotes. */
  #header(i: number): number {
    const text = this.#text;
    // In JSON a quote stands before nearly every colon.
    if (text.charCodeAt(i + 1) !== 32 || !is(text.charCodeAt(i - 1), ALPHANUMERIC) || !mayEndName(text, i)) return i;
    const begin = this.#skipSpaces(i + 1);
    let start = i;
    while (start > this.#barrier && i - start < 65 && is(text.charCodeAt(start - 1), TOKEN)) start -= 1;
    if (!namesSecret(text, start, i)) return i;
    let end = begin;
    let digits = 0;
    while (end < text.length && !is(text.charCodeAt(end), BREAK)) digits += is(text.charCodeAt(end++), DIGIT) ? 1 : 0;
    const isOver = !isCall(text.charCodeAt(end));
    while (end > begin && SENTENCE_ENDS.includes(text.charAt(end - 1))) end -= 1;
    const value = text.slice(begin, Math.min(end, begin + 512));
    // Words of a sentence, and code: `password: user2.password`, `password: ${secret}`.
    const isSecret = digits > 0 && end - begin >= SHORTEST_SAID && isOver && !/^[$%[]|^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+$/.test(value);
    return isSecret ? this.#find('secret', { start: begin, end }) : i;
  }
}

const SENTENCE_ENDS = '.!?:';
const SHORTEST_SAID = 8;
const isCall = (code: number): boolean => code === 40 || code === 91 || code === 46;

const isUserInfo = (code: number): boolean =>
  code > 32 && code !== 34 && code !== 47 && code !== 60 && code !== 62 && code !== 64 && code !== 92;
const isLocal = (code: number): boolean => is(code, LOCAL) || isForeignLetter(code);
const isDomain = (code: number): boolean => is(code, DOMAIN) || isForeignLetter(code);

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
