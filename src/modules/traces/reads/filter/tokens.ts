import { badUnicode } from '../../../../http/json-body.ts';
import { badFilter } from './syntax-error.ts';

export type Token =
  | { readonly kind: 'word' | 'string'; readonly text: string; readonly at: number }
  | { readonly kind: 'number'; readonly value: number; readonly at: number }
  | { readonly kind: 'mark'; readonly text: '(' | ')' | '[' | ']' | ','; readonly at: number }
  | { readonly kind: 'end'; readonly at: number };

const SPACE = /\s+/y;
const WORD = /[A-Za-z_][A-Za-z0-9_.]*/y;
const NUMBER = /[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?/y;

/** The words of a filter, one after another. Throws INVALID_INPUT where a character can stand in none. */
export function* tokensOf(text: string): Generator<Token, never> {
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  for (;;) {
    at += take(SPACE)?.length ?? 0;
    const char = text[at];
    if (char === undefined) for (;;) yield { kind: 'end', at };
    if (isMark(char)) {
      yield { kind: 'mark', text: char, at };
      at += 1;
    } else if (char === '"' || char === "'") {
      const { value, end } = stringAt(text, at);
      yield { kind: 'string', text: value, at };
      at = end;
    } else {
      const word = take(WORD);
      const number = word === undefined ? take(NUMBER) : undefined;
      if (word !== undefined) yield { kind: 'word', text: word, at };
      else if (number !== undefined) yield { kind: 'number', value: Number(number), at };
      else throw badFilter(at, `${JSON.stringify(char)} cannot stand there`);
      at += (word ?? number ?? '').length;
    }
  }
}

const isMark = (char: string): char is '(' | ')' | '[' | ']' | ',' => '()[],'.includes(char);

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f' };

/** A text in double or single quotes, with the escapes of JSON; a backslash before anything else means that itself. */
function stringAt(text: string, start: number): { readonly value: string; readonly end: number } {
  const quote = text[start];
  let value = '';
  for (let i = start + 1; i < text.length; i++) {
    const char = text.charAt(i);
    if (char === quote) {
      // PostgreSQL stores neither, so no run has them.
      const bad = badUnicode(value);
      if (bad !== undefined) throw badFilter(start, `this text ${bad}`);
      return { value, end: i + 1 };
    }
    if (char !== '\\') {
      value += char;
      continue;
    }
    i += 1;
    const escaped = text.charAt(i);
    const hex = escaped === 'u' ? /^[0-9a-fA-F]{4}/.exec(text.slice(i + 1, i + 5))?.[0] : undefined;
    value += hex === undefined ? (ESCAPES[escaped] ?? escaped) : String.fromCharCode(Number.parseInt(hex, 16));
    i += hex?.length ?? 0;
  }
  throw badFilter(start, 'this text does not end');
}
