import { runInNewContext } from 'node:vm';
import ICAL from 'ical.js';
import { MusterError, messageOf } from '../../../base/errors.ts';
import type { ReadShift } from './calendar-names.ts';
import { isZone, zoneOf } from './zone.ts';

/** Of one calendar no more is looked at: a rule may repeat for ever. */
const MOST_EVENTS = 5_000;
const MOST_STEPS = 200_000;
export const MOST_READ = 5_000;
/** Some rules that name days which never come (31 February, daily) keep ical.js 2.2.1 busy for ever within one step. */
const MOST_MS = 2_000;

/**
 * The events of an iCalendar text between two instants, repeated ones each by itself: with exceptions, additions and moved ones. Times
 * of a zone that is known are reckoned by it, others by the VTIMEZONE that comes with them, those of no zone by `timeZone`. What is
 * transparent or cancelled takes up nobody. Throws CALENDAR_INVALID.
 */
export function readCalendar(text: string, timeZone: string, from: number, to: number): readonly ReadShift[] {
  try {
    return withinTime(() => eventsOf(text, timeZone, from, to));
  } catch (error) {
    if (error instanceof MusterError) throw error;
    // An Error of another realm: it is no instance of ours.
    const isLate = typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
    throw broken(isLate ? 'its events repeat too often, or on days that never come' : messageOf(error));
  }
}

/** Ends a call that does not end by itself: the time limit of a script holds for all that it calls. */
function withinTime<Result>(call: () => Result): Result {
  return runInNewContext('call()', { call }, { timeout: MOST_MS }) as Result;
}

function eventsOf(text: string, timeZone: string, from: number, to: number): readonly ReadShift[] {
  const shifts: ReadShift[] = [];
  const budget = { steps: MOST_STEPS };
  for (const calendar of calendarsOf(text)) {
    const components = calendar.getAllSubcomponents('vevent');
    if (components.length > MOST_EVENTS) throw broken(`it holds ${components.length} events; ${MOST_EVENTS} are read at most`);
    const events = components.map((component) => new ICAL.Event(component, { exceptions: [] }));
    const moved = new Map<string, ICAL.Event[]>();
    for (const event of events) if (event.isRecurrenceException()) moved.set(event.uid, [...(moved.get(event.uid) ?? []), event]);
    for (const event of events) {
      if (event.isRecurrenceException()) shifts.push(...shiftOf(event, event.startDate, timeZone));
      else shifts.push(...occurrencesOf(event, moved.get(event.uid) ?? [], timeZone, to, budget));
    }
  }
  const within = shifts.filter((shift) => shift.to > from && shift.from < to && shift.to > shift.from);
  if (within.length > MOST_READ) throw broken(`it holds ${within.length} events within a year; ${MOST_READ} are read at most`);
  return within.toSorted((a, b) => a.from - b.from);
}

function calendarsOf(text: string): readonly ICAL.Component[] {
  const parsed: unknown = ICAL.parse(text);
  const all = Array.isArray(parsed) && Array.isArray(parsed[0]) ? (parsed as unknown[][]) : [parsed as unknown[]];
  const calendars = all.map((each) => new ICAL.Component(each as never)).filter(({ name }) => name === 'vcalendar');
  if (calendars.length === 0) throw broken('it holds no VCALENDAR');
  return calendars;
}

function occurrencesOf(
  event: ICAL.Event,
  moved: readonly ICAL.Event[],
  timeZone: string,
  to: number,
  budget: { steps: number },
): readonly ReadShift[] {
  if (!event.isRecurring()) return shiftOf(event, event.startDate, timeZone);
  const zone = tzidOf(event, 'dtstart');
  const elsewhere = new Set(moved.map((each) => instantOf(each.recurrenceId, tzidOf(each, 'recurrence-id') ?? zone, timeZone)));
  const shifts: ReadShift[] = [];
  const iterator = event.iterator();
  for (let start = iterator.next() as ICAL.Time | null; start; start = iterator.next() as ICAL.Time | null) {
    if (--budget.steps < 0) throw broken('its events repeat too often');
    const instant = instantOf(start, zone, timeZone);
    if (instant >= to) break;
    if (!elsewhere.has(instant)) shifts.push(...shiftOf(event, start, timeZone));
  }
  return shifts;
}

function shiftOf(event: ICAL.Event, start: ICAL.Time, timeZone: string): readonly ReadShift[] {
  const property = (name: string): string => String(event.component.getFirstPropertyValue(name) ?? '').toUpperCase();
  if (property('transp') === 'TRANSPARENT' || property('status') === 'CANCELLED') return [];
  // The length is one of the clock at the wall: nine to five is nine to five on every day.
  const end = start.clone();
  end.addDuration(event.duration);
  const zone = tzidOf(event, 'dtstart');
  return [{ from: instantOf(start, zone, timeZone), to: instantOf(end, zone, timeZone), who: whoOf(event) }];
}

function whoOf(event: ICAL.Event): readonly string[] {
  const attendees = event.attendees.flatMap((attendee) => [
    String(attendee.getFirstValue() ?? '').replace(/^mailto:/i, ''),
    String(attendee.getFirstParameter('cn')),
  ]);
  return [String(event.summary ?? '').trim(), ...attendees]
    .filter((name) => name !== '')
    .slice(0, 20)
    .map((name) => name.slice(0, 200));
}

/** As it stands in the text: ical.js forgets a zone whose rules do not come with the calendar. */
function tzidOf(event: ICAL.Event, name: string): string | undefined {
  const tzid = event.component.getFirstProperty(name)?.getFirstParameter('tzid');
  return tzid === undefined || tzid === '' ? undefined : tzid;
}

function instantOf(time: ICAL.Time, tzid: string | undefined, timeZone: string): number {
  const { day, hour, isDate, minute, month, second, year } = time;
  const wall = Date.UTC(year, month - 1, day, isDate ? 0 : hour, isDate ? 0 : minute, isDate ? 0 : second);
  if (isDate) return zoneOf(timeZone).instantOf(wall);
  if (time.zone?.tzid === 'UTC') return wall;
  if (tzid === undefined) return zoneOf(timeZone).instantOf(wall);
  // Some programs write /their.domain/Europe/Warsaw.
  const known = [tzid, tzid.split('/').slice(-2).join('/')].find(isZone);
  if (known !== undefined) return zoneOf(known).instantOf(wall);
  // A zone of its own making, as some mail programs write them: its rules come with it.
  return time.zone?.tzid === tzid ? time.toUnixTime() * 1_000 : zoneOf(timeZone).instantOf(wall);
}

const broken = (why: string): MusterError => new MusterError('CALENDAR_INVALID', `the calendar cannot be read: ${why}`);
