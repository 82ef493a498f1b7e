import type { JsonText } from '../run/operation.ts';
import { endOfString } from './slices.ts';

/** JSON, and the text that it was read from: the one that came, or that one mended. */
export interface ReadJson {
  readonly value: unknown;
  readonly text: JsonText;
}

/**
 * Reads JSON as programs write it that are in a hurry: Python's SDK falls back to NaN and Infinity, and to half an escape where it cut a lone
 * surrogate out of a text. A conversation is worth more than the grammar. Undefined where it can be read in no way.
 */
export function readLenient(text: string): ReadJson | undefined {
  return read(text) ?? read(mended(text));
}

function read(text: string): ReadJson | undefined {
  try {
    return { value: JSON.parse(text), text };
  } catch {
    return undefined;
  }
}

/** Numbers that JSON has no word for become null, as JavaScript writes them; a backslash that escapes nothing becomes one that stands for itself. */
function mended(text: string): string {
  const pieces: string[] = [];
  let at = 0;
  while (at < text.length) {
    const quote = text.indexOf('"', at);
    const start = quote === -1 ? text.length : quote;
    pieces.push(text.slice(at, start).replace(/(?<![\w.])-?(?:NaN|Infinity)(?![\w.])/g, 'null'));
    if (quote === -1) break;
    at = endOfString(text, start);
    pieces.push(mendedString(text.slice(start, at)));
  }
  return pieces.join('');
}

const CONTROL = /[\u0000-\u001f]/;
const ESCAPED = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}|)|[\u0000-\u001f]/g;

function mendedString(text: string): string {
  if (!text.includes('\\') && !CONTROL.test(text)) return text;
  return text.replace(ESCAPED, (found) => {
    if (found === '\\') return '\\\\';
    return found.length > 1 ? found : `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
