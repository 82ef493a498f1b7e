import { durationMs } from '../../../base/duration.ts';
import { wallTime, WEEKDAYS, type LayerDocument, type ScheduleDocument } from './schedule.ts';
import { zoneOf, type Zone } from './zone.ts';

/** Who is on call from an instant to another, milliseconds since 1970. */
export interface Shift {
  readonly from: number;
  readonly to: number;
  readonly people: readonly string[];
  /** The layer, `override` or `calendar`; null: nobody, a gap. */
  readonly by: string | null;
}

/** Somebody steps in for whoever would be on call. */
export interface Override {
  readonly overrideId: string;
  readonly schedule: string;
  readonly person: string;
  readonly startsAt: number;
  readonly endsAt: number;
  readonly reason: string;
  readonly createdBy: string;
}

/** What a calendar says, with names of people as they are known here. */
export interface CalendarShift {
  readonly from: number;
  readonly to: number;
  readonly people: readonly string[];
}

const DAY_MS = 86_400_000;
/** No answer holds more. */
export const MOST_SHIFTS = 20_000;

/**
 * Who is on call from `from` to `to`, without a break: where nobody is, a shift without people says so. Layers are laid one over
 * the other, the calendar over them, overrides over all.
 */
export function shiftsOf(
  schedule: ScheduleDocument,
  { calendar, overrides }: { readonly calendar: readonly CalendarShift[]; readonly overrides: readonly Override[] },
  from: number,
  to: number,
): readonly Shift[] {
  const zone = zoneOf(schedule.time_zone);
  const lowest: readonly Shift[] = [{ from, to, people: [], by: null }];
  const layers = schedule.layers.map((layer) => turnsOf(layer, zone, from, to));
  const above: readonly Shift[] = calendar.map((shift) => ({ ...shift, by: 'calendar' }));
  const instead = overrides.map((each): Shift => ({ from: each.startsAt, to: each.endsAt, people: [each.person], by: 'override' }));
  const painted = [...layers, apart(cut(above, from, to)), apart(cut(instead, from, to))].reduce(paint, lowest);
  return merged(painted).slice(0, MOST_SHIFTS);
}

/** Who is on call at an instant. */
export const onCallAt = (
  schedule: ScheduleDocument,
  changes: { readonly calendar: readonly CalendarShift[]; readonly overrides: readonly Override[] },
  at: number,
): readonly string[] => shiftsOf(schedule, changes, at, at + 1)[0]?.people ?? [];

/** The turns of a layer, within its restrictions. Handovers are at the same time of day all year round. */
function turnsOf(layer: LayerDocument, zone: Zone, from: number, to: number): readonly Shift[] {
  const start = wallTime(layer.starts_at);
  const lengthMs = durationMs(layer.every);
  const end = layer.ends_at === undefined ? Infinity : zone.instantOf(wallTime(layer.ends_at));
  const handover = (turn: number): number => zone.instantOf(start + turn * lengthMs);
  const turns: Shift[] = [];
  // One too early costs nothing: clocks that are set back make the wall clock a poor guess.
  let turn = Math.max(0, Math.floor((zone.wallOf(from) - start) / lengthMs) - 1);
  for (let begins = handover(turn); begins < Math.min(to, end) && turns.length < MOST_SHIFTS; turn++) {
    const ends = handover(turn + 1);
    const person = layer.people[turn % layer.people.length];
    if (person !== undefined && ends > begins) turns.push({ from: begins, to: Math.min(ends, end), people: [person], by: layer.name });
    begins = ends;
  }
  const within = cut(turns, from, to);
  if (layer.restrictions === undefined) return within;
  return inside(within, apart(hoursOf(layer.restrictions, zone, from, to)));
}

/** What of shifts lies in windows; both in order and without overlaps. */
function inside(shifts: readonly Shift[], windows: readonly Shift[]): readonly Shift[] {
  const result: Shift[] = [];
  let next = 0;
  for (const window of windows) {
    while ((shifts[next]?.to ?? Infinity) <= window.from) next++;
    for (let index = next; index < shifts.length; index++) {
      const shift = shifts[index];
      if (shift === undefined || shift.from >= window.to) break;
      result.push({ ...shift, from: Math.max(shift.from, window.from), to: Math.min(shift.to, window.to) });
    }
  }
  return result;
}

/** Hours of the week as they fall between two instants. */
function hoursOf(restrictions: NonNullable<LayerDocument['restrictions']>, zone: Zone, from: number, to: number): readonly Shift[] {
  const hours: Shift[] = [];
  const first = Math.floor(zone.wallOf(from) / DAY_MS) - 1;
  const last = Math.floor(zone.wallOf(to) / DAY_MS) + 1;
  for (let day = first; day <= last; day++) {
    const weekday = WEEKDAYS[new Date(day * DAY_MS).getUTCDay()];
    for (const { from: opens, to: closes, weekdays } of restrictions) {
      if (weekday === undefined || !weekdays.includes(weekday)) continue;
      const [begin, end] = [clockMs(opens), clockMs(closes)];
      const until = end > begin ? end : end + DAY_MS;
      hours.push({ from: zone.instantOf(day * DAY_MS + begin), to: zone.instantOf(day * DAY_MS + until), people: [], by: null });
    }
  }
  return cut(hours, from, to);
}

const clockMs = (clock: string): number => Number(clock.slice(0, 2)) * 3_600_000 + Number(clock.slice(3)) * 60_000;

/** What of shifts lies between two instants. */
const cut = (shifts: readonly Shift[], from: number, to: number): readonly Shift[] =>
  shifts.flatMap((shift) =>
    shift.to > from && shift.from < to ? [{ ...shift, from: Math.max(shift.from, from), to: Math.min(shift.to, to) }] : [],
  );

/** Shifts that overlap, as ones that do not: in between all of their people are on call. */
function apart(shifts: readonly Shift[]): readonly Shift[] {
  const edges = [...new Set(shifts.flatMap(({ from, to }) => [from, to]))].toSorted((a, b) => a - b);
  const ordered = shifts.toSorted((a, b) => a.from - b.from);
  const result: Shift[] = [];
  let open: readonly Shift[] = [];
  let next = 0;
  for (const [index, from] of edges.entries()) {
    const to = edges[index + 1];
    if (to === undefined) break;
    open = open.filter((shift) => shift.to > from);
    while ((ordered[next]?.from ?? Infinity) <= from) open = [...open, ...ordered.slice(next, ++next)];
    const [shift] = open;
    if (shift !== undefined) result.push({ from, to, people: [...new Set(open.flatMap(({ people }) => people))], by: shift.by });
  }
  return result;
}

/** Lays shifts over others. Neither overlap among themselves, and `under` has no holes. */
function paint(under: readonly Shift[], over: readonly Shift[]): readonly Shift[] {
  const result: Shift[] = [];
  const above = over.toSorted((a, b) => a.from - b.from);
  let next = 0;
  for (const shift of under) {
    let from = shift.from;
    while (next < above.length && (above[next]?.to ?? 0) <= from) next++;
    for (let index = next; index < above.length; index++) {
      const upper = above[index];
      if (upper === undefined || upper.from >= shift.to) break;
      if (upper.from > from) result.push({ ...shift, from, to: upper.from });
      const covered = { ...upper, from: Math.max(upper.from, shift.from), to: Math.min(upper.to, shift.to) };
      result.push(covered);
      from = covered.to;
    }
    if (from < shift.to) result.push({ ...shift, from });
  }
  return result;
}

/** One shift of those that follow one another and are the same. */
function merged(shifts: readonly Shift[]): readonly Shift[] {
  const result: Shift[] = [];
  for (const shift of shifts) {
    const last = result.at(-1);
    if (last !== undefined && last.to === shift.from && last.by === shift.by && last.people.join('\n') === shift.people.join('\n'))
      result[result.length - 1] = { ...last, to: shift.to };
    else result.push(shift);
  }
  return result;
}
