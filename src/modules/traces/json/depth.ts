import { endOfString } from './slices.ts';

/** JSON.stringify dies at some 5,000 levels: what is to be read and written again is nested no deeper than this. */
export const MOST_LEVELS = 1_000;

/** Whether a text that is valid JSON is nested deeper than that. Never recurses. */
export function isTooDeep(text: string, most = MOST_LEVELS): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22 /* " */) at = endOfString(text, at) - 1;
    else if (code === 0x7b || code === 0x5b /* { [ */) {
      if (++depth > most) return true;
    } else if (code === 0x7d || code === 0x5d /* } ] */) depth -= 1;
  }
  return false;
}
