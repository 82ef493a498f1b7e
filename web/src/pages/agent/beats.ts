import type { AgentStatus, Heartbeat } from '../../api/types.ts';

export interface BeatCell {
  readonly from: number;
  readonly to: number;
  /** The worst status recorded in the cell; undefined: nothing was recorded. */
  readonly status: AgentStatus | undefined;
  readonly lowestHealth: number | null;
}

/** From worst to best: a minute in which it crashed once is not a good minute. */
const severity: readonly AgentStatus[] = ['lost', 'crash_looping', 'degraded', 'stopped', 'stopping', 'starting', 'running'];

/** The history has one row a minute and one for each change: cut into cells of one length, each as bad as its worst row. */
export function cellsOf(beats: readonly Heartbeat[], to: number, cellMs: number, count: number): readonly BeatCell[] {
  const end = Math.ceil(to / cellMs) * cellMs;
  const begin = end - count * cellMs;
  const cells: { from: number; to: number; status: AgentStatus | undefined; lowestHealth: number | null }[] = Array.from(
    { length: count },
    (_, index) => ({
      from: begin + index * cellMs,
      to: begin + (index + 1) * cellMs,
      status: undefined,
      lowestHealth: null,
    }),
  );
  for (const beat of beats) {
    const cell = cells[Math.floor((Date.parse(beat.timestamp) - begin) / cellMs)];
    if (!cell) continue;
    if (cell.status === undefined || severity.indexOf(beat.status) < severity.indexOf(cell.status)) cell.status = beat.status;
    if (beat.health_score !== null) cell.lowestHealth = Math.min(cell.lowestHealth ?? 100, beat.health_score);
  }
  return cells;
}

/** The strip in a sentence. */
export function describeBeats(cells: readonly BeatCell[]): string {
  const known = cells.filter((cell) => cell.status !== undefined);
  const bad = known.filter((cell) => cell.status !== 'running').length;
  return `${known.length} of ${cells.length} minutes have heartbeats; in ${bad} of them it was not running all the time.`;
}
