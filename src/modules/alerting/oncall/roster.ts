import type { Target } from './policy.ts';
import type { PersonDocument, ScheduleDocument } from './schedule.ts';
import { onCallAt, type CalendarShift, type Override } from './shifts.ts';

/** A schedule with all that changes it. */
export interface RosterSchedule {
  readonly document: ScheduleDocument;
  readonly calendar: readonly CalendarShift[];
  readonly overrides: readonly Override[];
}

/** People and schedules as they are now. */
export interface Roster {
  readonly people: ReadonlyMap<string, PersonDocument>;
  readonly schedules: ReadonlyMap<string, RosterSchedule>;
}

/** Whom targets come to. */
export interface Reach {
  /** By channel: the people it is for; nobody in particular where the target is the channel itself. */
  readonly channels: ReadonlyMap<string, readonly string[]>;
  /** What could not be reached, and why: one plain line each. */
  readonly missing: readonly string[];
}

export function reachOf(targets: readonly Target[], { people, schedules }: Roster, now: number): Reach {
  const channels = new Map<string, readonly string[]>();
  const missing: string[] = [];
  const add = (channel: string, person?: string): void => {
    const known = channels.get(channel) ?? [];
    channels.set(channel, person === undefined || known.includes(person) ? known : [...known, person]);
  };
  const call = (name: string): void => {
    const person = people.get(name);
    if (person === undefined) missing.push(`${name} is not known any more`);
    else if (person.channels.length === 0) missing.push(`${name} has no channel`);
    else for (const channel of person.channels) add(channel, name);
  };
  for (const { kind, name } of targets) {
    if (kind === 'channel') add(name);
    else if (kind === 'person') call(name);
    else {
      const schedule = schedules.get(name);
      const onCall = schedule === undefined ? [] : onCallAt(schedule.document, schedule, now);
      if (schedule === undefined) missing.push(`schedule ${name} is not there any more`);
      else if (onCall.length === 0) missing.push(`nobody is on call in ${name}`);
      for (const person of onCall) call(person);
    }
  }
  return { channels, missing };
}
