import { membersOf } from '../json/slices.ts';
import type { JsonText } from '../run/operation.ts';
import { uuidOf } from '../run/uuid.ts';

/**
 * The Musters that a run or a piece of feedback came through, the first one first. Each adds itself when it passes something on, and takes in
 * nothing that came through itself: so what is forwarded in a circle stops where it began.
 */
export type Trail = readonly string[];

/** Where it stands: in the JSON of a run or feedback, and among what is kept of it. */
export const TRAIL_FIELD = 'muster_trail';
/** The same on a span. */
export const TRAIL_ATTRIBUTE = 'muster.trail';
/** Longer ones are none: nobody chains so many. */
const LONGEST = 32;

/** Undefined where it is none. */
export function readTrail(said: unknown): Trail | undefined {
  const list = typeof said === 'string' ? said.split(',') : said;
  if (!Array.isArray(list) || list.length > LONGEST) return undefined;
  const trail = list.map((one) => uuidOf(one));
  return trail.every((one) => one !== undefined) ? trail : undefined;
}

/** Of what is kept of a run or feedback, an object in JSON. */
export function trailIn(kept: JsonText | null): Trail {
  if (kept === null || !kept.includes(TRAIL_FIELD)) return [];
  const place = membersOf(kept)?.findLast(({ key }) => key === TRAIL_FIELD);
  return place === undefined ? [] : (readTrail(JSON.parse(kept.slice(place.start, place.end))) ?? []);
}

/** What did not come through this fleet already. */
export const foreign = <Said extends { readonly trail?: Trail | undefined }>(said: readonly Said[], origin: string): readonly Said[] =>
  said.filter(({ trail }) => trail?.includes(origin) !== true);
