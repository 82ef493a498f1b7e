import { isTooDeep } from '../../json/depth.ts';

/** The object that `has(metadata, …)` asks for; undefined: the text is the name of a key. */
export function jsonObject(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}

/** Whether a text is the name of a key, or an object that jsonb can be asked for: not too deep, and without numbers beyond all bounds. */
export function isHeldByJsonb(text: string): boolean {
  const object = jsonObject(text);
  if (object === undefined) return true;
  if (isTooDeep(text)) return false;
  let isFinite = true;
  JSON.stringify(object, (_key, value: unknown) => {
    if (typeof value === 'number' && !Number.isFinite(value)) isFinite = false;
    return value;
  });
  return isFinite;
}
