import { isObject, textOf } from './json.ts';

/** Kinds that browsers draw and that cannot carry scripts. */
const drawable = /^data:image\/(png|jpeg|gif|webp|avif);base64,[A-Za-z0-9+/=\s]*$/;

export const isDrawable = (source: string): boolean =>
  drawable.test(source.slice(0, 200).replace(/=*$/, '')) && source.startsWith('data:image/');

/** More of one run are not drawn. */
const most = 50;

/**
 * The images whose bytes lie in a run, in the order they stand in it, as addresses that hold them: what a conversation tells of them is only
 * that they are there.
 */
export function imagesIn(value: unknown): readonly string[] {
  const found: string[] = [];
  const waiting: unknown[] = [value];
  for (let steps = 0; waiting.length > 0 && found.length < most && steps < 100_000; steps++) {
    const next = waiting.pop();
    if (typeof next === 'string') {
      if (next.startsWith('data:image/')) found.push(next);
    } else if (Array.isArray(next)) waiting.push(...(next as readonly unknown[]).toReversed());
    else if (isObject(next)) {
      const type = textOf(next['media_type']) ?? textOf(next['mimeType']) ?? textOf(next['mime_type']);
      const body = textOf(next['data']);
      if (type?.startsWith('image/') === true && body !== undefined) found.push(`data:${type};base64,${body}`);
      else waiting.push(...Object.values(next).toReversed());
    }
  }
  return found;
}
