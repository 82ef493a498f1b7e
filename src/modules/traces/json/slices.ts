/** Where one member of an object stands in its text. */
export interface Member {
  readonly key: string;
  readonly start: number;
  readonly end: number;
}

/** The members of an object, by their places in a text that is valid JSON; undefined where it is no object. Never recurses: depth costs nothing. */
export function membersOf(text: string, from = 0): readonly Member[] | undefined {
  let at = skipSpace(text, from);
  if (text.charCodeAt(at) !== 0x7b /* { */) return undefined;
  const members: Member[] = [];
  at = skipSpace(text, at + 1);
  while (text.charCodeAt(at) === 0x22 /* " */) {
    const keyEnd = endOfString(text, at);
    const key = text.slice(at + 1, keyEnd - 1);
    const start = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const end = endOfValue(text, start);
    members.push({ key: key.includes('\\') ? (JSON.parse(`"${key}"`) as string) : key, start, end });
    at = skipSpace(text, end);
    if (text.charCodeAt(at) !== 0x2c /* , */) break;
    at = skipSpace(text, at + 1);
  }
  return members;
}

/** Where the elements of an array stand in a text that is valid JSON; undefined where it is no array. */
export function elementsOf(text: string, from = 0): readonly { readonly start: number; readonly end: number }[] | undefined {
  let at = skipSpace(text, from);
  if (text.charCodeAt(at) !== 0x5b /* [ */) return undefined;
  const elements: { start: number; end: number }[] = [];
  at = skipSpace(text, at + 1);
  while (at < text.length && text.charCodeAt(at) !== 0x5d /* ] */) {
    const end = endOfValue(text, at);
    elements.push({ start: at, end });
    at = skipSpace(text, end);
    if (text.charCodeAt(at) !== 0x2c) break;
    at = skipSpace(text, at + 1);
  }
  return elements;
}

/** Behind the closing quote of the string that opens at `start`. */
export function endOfString(text: string, start: number): number {
  let quote = text.indexOf('"', start + 1);
  while (quote !== -1) {
    let backslashes = 0;
    while (text.charCodeAt(quote - 1 - backslashes) === 0x5c /* \ */) backslashes += 1;
    if (backslashes % 2 === 0) return quote + 1;
    quote = text.indexOf('"', quote + 1);
  }
  return text.length;
}

function endOfValue(text: string, start: number): number {
  const first = text.charCodeAt(start);
  if (first === 0x22) return endOfString(text, start);
  let depth = 0;
  let at = start;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === 0x22) {
      at = endOfString(text, at);
      continue;
    }
    if (code === 0x7b || code === 0x5b) depth += 1;
    else if (code === 0x7d || code === 0x5d) {
      if (depth === 0) return at; // the end of what a plain value stands in
      depth -= 1;
      if (depth === 0) return at + 1;
    } else if (depth === 0 && (code === 0x2c || isSpace(code))) return at;
    at += 1;
  }
  return at;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (isSpace(text.charCodeAt(at))) at += 1;
  return at;
}

const isSpace = (code: number): boolean => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
