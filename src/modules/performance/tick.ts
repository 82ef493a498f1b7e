/** How far from its tick a run may begin and still carry the tick's time: a tenth of the interval. */
const TOLERANCE = 0.1;

/**
 * The time of all samples of a run: the tick of its schedule, so that the steps between samples are all the same. A series
 * with even steps costs a bit a sample for its times when it is compacted, an uneven one a byte or two. A run that begins
 * off its grid (the first one, one that was asked for) keeps its own time, and no two runs share a tick.
 * @param offset where the grid lies: ticks are at `offset + n × everyMs`
 */
export function tickOf(now: number, everyMs: number, offset: number, previous: number | undefined): number {
  const tick = Math.round(Math.round((now - offset) / everyMs) * everyMs + offset);
  const onTime = Math.abs(now - tick) <= everyMs * TOLERANCE;
  return onTime && (previous === undefined || tick > previous) ? tick : Math.round(now);
}

/** Whether something that was last done at `last` and is to be done every `intervalMs` is due at this tick. */
export function isDue(tick: number, last: number | undefined, intervalMs: number, everyMs: number): boolean {
  // Half a step of slack: of two ticks the nearer one is taken, however they drift.
  return last === undefined || tick - last >= intervalMs - everyMs / 2;
}
