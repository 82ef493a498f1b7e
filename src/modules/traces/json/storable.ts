import type { JsonText } from '../run/operation.ts';

/** JSON text that jsonb takes: without U+0000 and lone surrogates, which it has no room for. */
export const storableText = (text: JsonText): JsonText => text.replace(/(?<!\\)((?:\\\\)*)\\u(?:0000|d[89a-f][0-9a-f]{2})/gi, '$1');

export const storableJson = (value: unknown): JsonText => storableText(JSON.stringify(value));
