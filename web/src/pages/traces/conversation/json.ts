export type Json = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
export const arrayOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as readonly unknown[]) : []);
export const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** Longer texts are not tried: parsing them would hold the page up for what people read as text anyway. */
const longest = 1_000_000;

/** A text that holds an object or a list is that; anything else is what it is. */
export function jsonOf(value: unknown): unknown {
  if (typeof value !== 'string' || value.length > longest || !/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    // It only looks like JSON: a text that begins with a bracket.
    return value;
  }
}
