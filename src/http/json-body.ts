import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import { MusterError } from '../base/errors.ts';
import { jsonBreak } from './json-break.ts';
import { invalid } from './problem.ts';

/** JSON.parse reads a depth of 100,000, JSON.stringify dies at 5,000 and jsonb at its own limit: nobody means more than this. */
const MAX_DEPTH = 64;

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * The body is a list whose items are judged one by one: numbers too large and bad characters are left for the route to
     * refuse with the item they are in.
     */
    judgesItems?: boolean;
  }
}

/** Reads bodies of application/json, and refuses what would change its meaning, or break something, further in. */
export function addJsonBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    async (request: { routeOptions: { config: { judgesItems?: boolean } } }, body: Buffer) =>
      readJson(body, { judgesItems: request.routeOptions.config.judgesItems === true }),
  );
}

/** Throws MALFORMED or INVALID_INPUT. */
export function readJson(body: Buffer, { judgesItems }: { readonly judgesItems: boolean }): unknown {
  if (body.length === 0) throw new MusterError('MALFORMED', 'the body is empty', { remedy: 'Send a JSON document, or no content-type.' });
  if (body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf) throw malformed('begins with a byte-order mark, at byte 0');
  if (!isUtf8(body)) throw malformed('is not valid UTF-8');
  const text = body.toString('utf8');
  screen(text, { numbers: !judgesItems });
  const value = parse(text);
  // The walk costs more than the parse: only a text with an escape or one of the two names can hold what it looks for.
  if (/\\u|"__proto__"|"constructor"/.test(text)) refuseTraps(value, { unicode: !judgesItems });
  return value;
}

const malformed = (what: string): MusterError => new MusterError('MALFORMED', `the body ${what}`);

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // V8 gives no position for most mistakes; the client gets ours.
    throw malformed(`is not JSON: it breaks at byte ${Buffer.byteLength(text.slice(0, jsonBreak(text)))}`);
  }
}

/** One pass over the text before it is parsed: how deep it is nested, and whether a number would be rounded. */
function screen(text: string, { numbers }: { readonly numbers: boolean }): void {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x22 /* " */) {
      i = endOfString(text, i);
    } else if (c === 0x7b || c === 0x5b /* { [ */) {
      if (++depth > MAX_DEPTH) throw invalid([{ pointer: '', code: 'too_deep', message: `is nested deeper than ${MAX_DEPTH} levels` }]);
    } else if (c === 0x7d || c === 0x5d /* } ] */) {
      depth--;
    } else if (numbers && c >= 0x30 && c <= 0x39 /* 0 9 */) {
      const end = endOfNumber(text, i);
      if (end - i >= 16) refuseRounding(text.slice(i, end), i);
      i = end - 1;
    }
  }
}

function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x5c /* \ */) i++;
    else if (c === 0x22) return i;
  }
  return text.length;
}

function endOfNumber(text: string, start: number): number {
  let i = start + 1;
  while (i < text.length && '0123456789.eE+-'.includes(text.charAt(i))) i++;
  return i;
}

function refuseRounding(number: string, at: number): void {
  if (/^\d+$/.test(number) && !Number.isSafeInteger(Number(number))) {
    throw invalid([
      {
        pointer: '',
        code: 'unsafe_integer',
        message: `holds an integer beyond 2^53 at character ${at}, which would be rounded; send it as a string`,
      },
    ]);
  }
}

/** What PostgreSQL cannot store (U+0000, half a surrogate pair), and keys that would reach a prototype once merged. */
function refuseTraps(value: unknown, options: { readonly unicode: boolean }, pointer = ''): void {
  if (typeof value === 'string') {
    const bad = options.unicode ? badUnicode(value) : undefined;
    if (bad !== undefined) throw invalid([{ pointer, code: 'bad_unicode', message: bad }]);
  } else if (Array.isArray(value)) {
    value.forEach((item, index) => refuseTraps(item, options, `${pointer}/${index}`));
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value as Readonly<Record<string, unknown>>)) {
      if (key === '__proto__' || (key === 'constructor' && typeof item === 'object' && item !== null && Object.hasOwn(item, 'prototype'))) {
        throw malformed(`holds the forbidden key ${key} at ${pointer === '' ? 'its top' : pointer}`);
      }
      refuseTraps(key, options, pointer);
      refuseTraps(item, options, `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`);
    }
  }
}

/** What is wrong with a text, if anything. */
export function badUnicode(text: string): string | undefined {
  if (text.includes('\u0000')) return 'holds the character U+0000';
  return /\p{Surrogate}/u.test(text) ? 'holds half of a surrogate pair' : undefined;
}
