/** What stands in a text for a blob: no valid JSON holds U+0001. */
export const MARK = '\u0001';

export const HASH_LENGTH = 22;

export const referenceTo = (hash: string): string => MARK + hash + MARK;

/** The hashes that a text refers to, in their order. */
export function hashesIn(text: string): readonly string[] {
  const hashes: string[] = [];
  for (let at = text.indexOf(MARK); at !== -1; at = text.indexOf(MARK, at + HASH_LENGTH + 2))
    hashes.push(text.slice(at + 1, at + 1 + HASH_LENGTH));
  return hashes;
}

/** The text with what `bodyOf` knows in its places; a blob that is gone becomes null, so that the rest is JSON still. */
export function withBodies(text: string, bodyOf: (hash: string) => string | undefined): string {
  let whole = '';
  let from = 0;
  for (let at = text.indexOf(MARK); at !== -1; at = text.indexOf(MARK, from)) {
    const end = at + 1 + HASH_LENGTH;
    whole += text.slice(from, at) + (bodyOf(text.slice(at + 1, end)) ?? 'null');
    from = end + 1;
  }
  return whole + text.slice(from);
}
