/** Readers of values whose shape nobody vouches for. */
export type Json = Readonly<Record<string, unknown>>;

/** What a column of the type int holds. */
export const MOST_TOKENS = 2_147_483_647;

export const objectOf = (value: unknown): Json | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;

export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as readonly unknown[]) : []);

/** What is said under the first of these names that says anything. Inherited names say nothing. */
export function firstOf<T>(object: Json, names: readonly string[], read: (value: unknown) => T | undefined): T | undefined {
  for (const name of names) {
    if (!Object.hasOwn(object, name)) continue;
    const found = read(object[name]);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A number of tokens: whole, not negative, and small enough for its column. Digits in quotes count too. */
export function tokensOf(value: unknown): number | undefined {
  if (typeof value === 'string' ? !/^\d{1,10}(\.\d+)?$/.test(value) : typeof value !== 'number') return undefined;
  const count = Math.round(Number(value));
  return count >= 0 && count <= MOST_TOKENS ? count : undefined;
}

/** A name or an id: short, and fit for a column of text. */
export function nameOf(value: unknown, longest = 256): string | undefined {
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  if (typeof value !== 'string') return undefined;
  // U+0000 and half a surrogate pair have no place in a database's text.
  const text = value
    .slice(0, longest)
    .replaceAll('\0', '')
    .replaceAll(/\p{Surrogate}/gu, '')
    .trim();
  return text === '' ? undefined : text;
}

export function parsed(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // What cannot be read says nothing about the run; the text itself is kept.
    return undefined;
  }
}
