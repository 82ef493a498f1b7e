import { z } from 'zod';
import { MusterError } from '../../../base/errors.ts';
import type { Database } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { readCalendar } from './calendar.ts';
import { policyDocument, type PolicyDocument } from './policy.ts';
import { createNamedStore, type NamedRecord } from './named-store.ts';
import { requirePeople, requireTargets } from './references.ts';
import { personDocument, scheduleDocument, type PersonDocument, type ScheduleDocument } from './schedule.ts';

/** A file for `muster oncall apply`: all of it, or any part. */
export const onCallFile = z.strictObject({
  people: z.array(personDocument).max(1_000).default([]),
  schedules: z.array(scheduleDocument).max(1_000).default([]),
  escalation_policies: z.array(policyDocument).max(1_000).default([]),
});
type OnCallFile = z.output<typeof onCallFile>;

interface How {
  readonly mustBeNew?: boolean;
  readonly revision?: number | undefined;
}

export const peopleOf = (db: Database) => createNamedStore<PersonDocument>(db, 'person');
export const schedulesOf = (db: Database) => createNamedStore<ScheduleDocument>(db, 'schedule');
export const policiesOf = (db: Database) => createNamedStore<PolicyDocument>(db, 'escalation policy');

/** Puts all of a file: people first, for schedules name them and policies name both. Throws as each of them does. */
export async function applyOnCall(db: Database, file: OnCallFile, by: string): Promise<readonly string[]> {
  for (const person of file.people) await peopleOf(db).put(person, by);
  for (const schedule of file.schedules) await putSchedule(db, schedule, by);
  for (const policy of file.escalation_policies) await putPolicy(db, policy, by);
  return [
    ...file.people.map(({ name }) => `person ${name}`),
    ...file.schedules.map(({ name }) => `schedule ${name}`),
    ...file.escalation_policies.map(({ name }) => `escalation policy ${name}`),
  ];
}

/** Throws INVALID_INPUT for people who are not there, CALENDAR_INVALID for a text that is none, and what the store throws. */
export async function putSchedule(db: Database, document: ScheduleDocument, by: string, how?: How): Promise<NamedRecord<ScheduleDocument>> {
  await requirePeople(db, document);
  // Said when it is set up. What stands at an address may be away for now.
  const { calendar, time_zone: timeZone } = document;
  if (calendar?.text !== undefined) readCalendar(calendar.text, timeZone, 0, Date.now() + 86_400_000);
  return schedulesOf(db).put(document, by, how);
}

/** One policy is the default at most: CONFLICT. Throws INVALID_INPUT for targets that are not there, and what the store throws. */
export async function putPolicy(db: Database, document: PolicyDocument, by: string, how?: How): Promise<NamedRecord<PolicyDocument>> {
  await requireTargets(db, document);
  if (document.default) {
    const other = await db.one<{ name: string }>(sql`
      select name from muster.escalation_policies where (definition ->> 'default')::boolean and name <> ${document.name} limit 1`);
    if (other !== undefined)
      throw new MusterError('CONFLICT', `escalation policy "${other.name}" is the default already`, {
        remedy: `Write "default": false to it first.`,
      });
  }
  return policiesOf(db).put(document, by, how);
}
