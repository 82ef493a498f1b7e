import type { Shift } from './types.ts';

/** When one person is on call; places run from 0 to 1 along the time that is shown. */
export interface Turn {
  readonly from: number;
  readonly to: number;
  readonly shift: Shift;
}

export interface PersonLane {
  /** null: the lane of gaps, in which nobody is. */
  readonly person: string | null;
  readonly turns: readonly Turn[];
}

/** A lane a person, in the order of their first turns; where there are gaps, they come last. */
export function personLanes(shifts: readonly Shift[], start: number, end: number): readonly PersonLane[] {
  const place = (at: number): number => Math.min(1, Math.max(0, (at - start) / (end - start)));
  const lanes = new Map<string | null, Turn[]>();
  for (const shift of shifts) {
    const turn = { from: place(Date.parse(shift.from)), to: place(Date.parse(shift.to)), shift };
    if (turn.to <= turn.from) continue;
    for (const person of shift.people.length === 0 ? [null] : shift.people) lanes.set(person, [...(lanes.get(person) ?? []), turn]);
  }
  return [...lanes].map(([person, turns]) => ({ person, turns })).toSorted((a, b) => Number(a.person === null) - Number(b.person === null));
}

/** Midnights of this browser's clock within a time, for the lines between days. */
export function midnights(start: number, end: number): readonly number[] {
  const day = new Date(start);
  day.setHours(24, 0, 0, 0);
  const found: number[] = [];
  while (day.getTime() < end) {
    found.push(day.getTime());
    day.setDate(day.getDate() + 1);
  }
  return found;
}
