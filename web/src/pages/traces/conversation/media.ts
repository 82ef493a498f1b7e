import { isObject, textOf } from './json.ts';

/** Kinds that browsers draw or play and that cannot carry scripts. */
const drawable = /^data:image\/(png|jpeg|gif|webp|avif);base64,[A-Za-z0-9+/=\s]*$/;
const playable = /^data:audio\/[\w.+-]{1,40};base64,[A-Za-z0-9+/=\s]*$/;
const begins = (source: string): string => source.slice(0, 200).replace(/=*$/, '');

export const isDrawable = (source: string): boolean => drawable.test(begins(source));
export const isPlayable = (source: string): boolean => playable.test(begins(source));

/** More of one run are not shown. */
const most = 50;

export interface Media {
  readonly images: readonly string[];
  readonly sounds: readonly string[];
}
export const noMedia: Media = { images: [], sounds: [] };

/**
 * The images and sounds whose bytes lie in a run, in the order they stand in it, as addresses that hold them: what a conversation tells of them is
 * only that they are there.
 */
export function mediaIn(value: unknown): Media {
  const images: string[] = [];
  const sounds: string[] = [];
  const take = (source: string): void => {
    if (source.startsWith('data:image/')) images.push(source);
    else if (source.startsWith('data:audio/')) sounds.push(source);
  };
  const waiting: unknown[] = [value];
  for (let steps = 0; waiting.length > 0 && images.length + sounds.length < most && steps < 100_000; steps++) {
    const next = waiting.pop();
    if (typeof next === 'string') take(next);
    else if (Array.isArray(next)) waiting.push(...(next as readonly unknown[]).toReversed());
    else if (isObject(next)) {
      const body = textOf(next['data']);
      const type = typeOf(next);
      if (body !== undefined && /^(image|audio)\//.test(type)) take(`data:${type};base64,${body}`);
      else waiting.push(...Object.values(next).toReversed());
    }
  }
  return { images, sounds };
}

/** OpenAI says the format of a sound alone: `{"data": …, "format": "wav"}`. */
function typeOf(value: Readonly<Record<string, unknown>>): string {
  const format = textOf(value['format']);
  return (
    textOf(value['media_type']) ??
    textOf(value['mimeType']) ??
    textOf(value['mime_type']) ??
    (format === undefined ? '' : `audio/${format}`)
  );
}
