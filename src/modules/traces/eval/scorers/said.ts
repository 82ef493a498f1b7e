import { conversationOf } from '../../content/conversation/index.ts';
import type { JsonText } from '../../run/operation.ts';

/** `{"answer": 3}` means 3, whatever it is called. */
export const unwrapped = (text: JsonText): unknown => inner(parsed(text));

export function inner(value: unknown): unknown {
  const fields = isObject(value) ? Object.values(value) : [];
  return fields.length === 1 ? fields[0] : value;
}

/** The text that JSON of an answer says, in whatever shape. */
export function textOf(text: JsonText | null): string | undefined {
  if (text === null) return undefined;
  const value = unwrapped(text);
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const said = conversationOf({ outputs: text }).output.flatMap(({ parts }) =>
    parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])),
  );
  return said.length > 0 ? said.join('\n') : JSON.stringify(value);
}

/** The JSON that an answer is, or that its text is, in a block of code or not. Undefined: that text is no JSON. */
export function jsonOf(text: JsonText): { readonly value: unknown } | undefined {
  const value = parsed(text);
  const said = isText(value) ? textOf(text) : undefined;
  if (said === undefined) return { value };
  const bare = /^\s*```(?:json)?\s*\n([\s\S]*?)\n?```\s*$/.exec(said)?.[1] ?? said;
  try {
    return { value: JSON.parse(bare) };
  } catch {
    return undefined;
  }
}

/** A chat, or what is kept of a target that answered in plain text. */
const isText = (value: unknown): boolean =>
  typeof value === 'string' ||
  (isObject(value) &&
    ('choices' in value || 'generations' in value || (typeof value['output'] === 'string' && Object.keys(value).length === 1)));

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const parsed = (text: JsonText): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

export const folded = (text: string): string => text.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim();

export const wordsOf = (text: string | undefined): readonly string[] =>
  text === undefined
    ? []
    : (folded(text).match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]|[\p{L}\p{N}\p{M}]+/gu) ?? []);

/** The last number of a text: what an answer comes to. `1,234.5` and `1 234.5` are 1234.5. */
export function numberIn(text: string | undefined): number | undefined {
  const found = text?.match(/[-+−]?(?:\d{1,3}(?:[,\u00a0\u202f' ]\d{3})+|\d+)(?:\.\d+)?(?:e[-+]?\d+)?/gi)?.at(-1);
  if (found === undefined) return undefined;
  const value = Number(found.replace('−', '-').replaceAll(/[,\u00a0\u202f' ]/g, ''));
  return Number.isFinite(value) ? value : undefined;
}
