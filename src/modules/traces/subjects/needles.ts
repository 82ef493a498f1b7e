import { pseudonymOf, REDACTION_KINDS } from '../redaction/index.ts';

/** Whom it is about: somebody by the id an application gave him, a conversation, or whoever a text in it betrays. */
export type SubjectKind = 'user' | 'thread' | 'text';
export const SUBJECT_KINDS = ['user', 'thread', 'text'] as const satisfies readonly SubjectKind[];

/** Shorter texts are in everything. */
export const SHORTEST_TEXT = 4;

/** A text as it may stand in a JSON text, or in one within another: as it is, with quotes escaped, and in ASCII alone, as Python writes it. */
export function writings(value: string): readonly string[] {
  const escaped = (text: string): string => JSON.stringify(text).slice(1, -1);
  const json = escaped(value);
  const ascii = (text: string, upper: boolean): string =>
    text.replace(/[^\x00-\x7f]/g, (unit) => {
      const hex = unit.charCodeAt(0).toString(16).padStart(4, '0');
      return `\\u${upper ? hex.toUpperCase() : hex}`;
    });
  const once = [json, ascii(json, false), ascii(json, true)];
  return [...new Set([value, ...once, ...once.map(escaped)])];
}

/** What redaction may have left of a value: its marks. */
export function marksOf(value: string, pseudonymKey: Buffer): readonly string[] {
  return REDACTION_KINDS.map((kind) => `[redacted:${kind}:${pseudonymOf(pseudonymKey, kind, value)}]`);
}

const quoted = (text: string): string => text.replace(/[\\%_]/g, (character) => `\\${character}`);

/** LIKE patterns for a text anywhere: as itself, and in hexadecimal for columns of bytes as PostgreSQL shows them. */
export function patternsOf(values: readonly string[]): readonly string[] {
  const texts = [...new Set(values.flatMap(writings))];
  return [...texts.map((text) => `%${quoted(text)}%`), ...texts.map((text) => `%${Buffer.from(text, 'utf8').toString('hex')}%`)];
}

/** LIKE patterns for an id that is a string of a JSON text as a whole: `42` is not to be found in `1425`. */
export function idPatternsOf(values: readonly string[]): readonly string[] {
  return patternsOf(values.map((value) => JSON.stringify(value)));
}
