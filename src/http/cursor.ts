import { MusterError } from '../base/errors.ts';

/**
 * Wraps a place in a list, so that it is opaque and belongs to that list alone: a cursor of another list, or one that was
 * edited, is refused instead of silently giving another page.
 */
export function encodeCursor(list: string, place: string): string {
  return Buffer.from(`${list}\n${place}`).toString('base64url');
}

/** Throws BAD_CURSOR. */
export function decodeCursor(list: string, cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const text = Buffer.from(cursor, 'base64url').toString('utf8');
  const place = text.slice(list.length + 1);
  if (!text.startsWith(`${list}\n`) || place === '' || encodeCursor(list, place) !== cursor || place.includes('\u0000')) {
    throw new MusterError('BAD_CURSOR', 'the cursor does not belong to this list');
  }
  return place;
}

/** A page out of one item more than it holds: the extra one only tells that there is a next page. */
export function pageOf<Item>(
  list: string,
  items: readonly Item[],
  limit: number,
  placeOf: (item: Item) => string,
): { readonly items: readonly Item[]; readonly nextCursor: string | null } {
  const page = items.slice(0, limit);
  const last = page.at(-1);
  return { items: page, nextCursor: items.length > limit && last !== undefined ? encodeCursor(list, placeOf(last)) : null };
}
