import type { Value } from '../span.ts';

/** Deeper JSON in a text stays a text: whoever walks it would run out of stack. */
const MOST_DEPTH = 64;

/** A value that may be JSON in a text. A text that is none, or too deep, is itself. */
export function jsonOf(value: Value): Value {
  if (typeof value !== 'string' || !looksLikeJson(value) || isTooDeep(value)) return value;
  try {
    return JSON.parse(value) as Value;
  } catch {
    return value;
  }
}

/** By its first and last characters, and words and numbers whole: to find out by parsing costs an exception for every sentence. */
const looksLikeJson = (text: string): boolean => /^\s*(?:\{[^]*\}|\[[^]*\]|"[^]*"|true|false|null|-?\d[\d.eE+-]*)\s*$/.test(text);

function isTooDeep(text: string): boolean {
  if (!hasManyBrackets(text)) return false;
  let depth = 0;
  for (let i = 0; i < text.length; i += 1) {
    const c = text.charCodeAt(i);
    if (c === 0x22 /* " */) {
      for (i += 1; i < text.length && text.charCodeAt(i) !== 0x22; i += 1) if (text.charCodeAt(i) === 0x5c /* \ */) i += 1;
    } else if (c === 0x7b || c === 0x5b /* { [ */) {
      depth += 1;
      if (depth > MOST_DEPTH) return true;
    } else if (c === 0x7d || c === 0x5d /* } ] */) depth -= 1;
  }
  return false;
}

/** Nearly no text has so many that they could be nested too deep. */
function hasManyBrackets(text: string): boolean {
  let count = 0;
  for (const bracket of ['[', '{'])
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1)) if (++count > MOST_DEPTH) return true;
  return false;
}

export type Obj = { readonly [key: string]: Value };

export const isObject = (value: Value | undefined): value is Obj => typeof value === 'object' && value !== null && !Array.isArray(value);

export const isList = (value: Value | undefined): value is readonly Value[] => Array.isArray(value);

/** Nothing where it is empty. */
export function textOf(value: Value | undefined): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  return typeof value === 'string' ? value : typeof value === 'object' ? JSON.stringify(value) : String(value);
}

export function numberOf(value: Value): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

/** A list, a JSON list in a text, or what commas part. */
export function listOf(value: Value): readonly string[] | undefined {
  const read = jsonOf(value);
  const items = isList(read) ? read : typeof read === 'string' ? read.split(',').map((item) => item.trim()) : [read];
  const texts = items.flatMap((item) => textOf(item) ?? []);
  return texts.length === 0 ? undefined : texts;
}

/**
 * Sets a name that a stranger chose. Objects without a prototype would be safe too, but are several times as slow to write as JSON as those
 * whose shape repeats from span to span.
 */
export function put(into: Record<string, Value>, name: string, value: Value): void {
  if (name === '__proto__') Object.defineProperty(into, name, { value, enumerable: true, configurable: true, writable: true });
  else into[name] = value;
}
