import type { JsonText } from '../run/operation.ts';

/**
 * JSON that is already text, put into an answer as it came: parsing and writing it again would round its large numbers, and fail where it is nested
 * deeper than JSON.stringify goes.
 */
export class Verbatim {
  readonly text: JsonText;
  constructor(text: JsonText) {
    this.text = text;
  }
}

export const verbatim = (text: JsonText | null | undefined): Verbatim | null =>
  text === null || text === undefined ? null : new Verbatim(text);

/** An object as JSON; what is undefined is left out, what is verbatim stands as it came. */
export function objectText(fields: Readonly<Record<string, unknown>>): JsonText {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    parts.push(`${JSON.stringify(name)}:${valueText(value)}`);
  }
  return `{${parts.join(',')}}`;
}

/** A list of texts that are JSON each. */
export const listText = (items: readonly JsonText[]): JsonText => `[${items.join(',')}]`;

const valueText = (value: unknown): string => (value instanceof Verbatim ? value.text : JSON.stringify(value));

/** As JSON, or undefined where it is nested deeper than can be written: some 5,000 levels. */
export function writable(value: unknown): Verbatim | undefined {
  try {
    return new Verbatim(JSON.stringify(value));
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
