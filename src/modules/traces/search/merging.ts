/** Segments of this many runs and more stay as they are: to look through one takes a few milliseconds. */
const LARGEST = 16_384;
/** So many of about one size become one: every run is written again log8 times. */
const FAN_IN = 8;

const levelOf = (count: number): number => Math.floor(Math.log(Math.max(1, count)) / Math.log(FAN_IN));

/** Which segments of one partition, given oldest first, to merge now: eight of about one size, smallest first. Undefined: none. */
export function mergeable<Segment extends { readonly count: number }>(segments: readonly Segment[]): readonly Segment[] | undefined {
  const levels = new Map<number, Segment[]>();
  for (const segment of segments) {
    if (segment.count >= LARGEST) continue;
    const level = levelOf(segment.count);
    levels.set(level, [...(levels.get(level) ?? []), segment]);
  }
  for (const [, same] of [...levels].toSorted(([a], [b]) => a - b)) if (same.length >= FAN_IN) return withinLargest(same.slice(0, FAN_IN));
  return undefined;
}

/** As many as make a segment that is large enough. */
function withinLargest<Segment extends { readonly count: number }>(segments: readonly Segment[]): readonly Segment[] {
  let runs = 0;
  const enough = segments.findIndex(({ count }) => (runs += count) >= LARGEST);
  return enough < 1 ? segments : segments.slice(0, enough + 1);
}
