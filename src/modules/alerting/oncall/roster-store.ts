import type { Queryable } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { resolveCalendar, type ReadShift } from './calendar-names.ts';
import type { Roster, RosterSchedule } from './roster.ts';
import type { PersonDocument, ScheduleDocument } from './schedule.ts';
import type { Override } from './shifts.ts';

/** Of each kind there are no more. */
export const MOST_DOCUMENTS = 1_000;
const MOST_OVERRIDES = 10_000;

/** All people and schedules, with the overrides that touch this stretch of time. */
export async function readRoster(db: Queryable, from: number, to: number): Promise<Roster> {
  const people = await db.query<{ definition: PersonDocument }>(
    sql`select definition from muster.people order by name limit ${MOST_DOCUMENTS}`,
  );
  const schedules = await db.query<{ definition: ScheduleDocument; source: string | null; shifts: readonly ReadShift[] | null }>(sql`
    select s.definition, c.source, c.shifts from muster.oncall_schedules s left join muster.oncall_calendars c on c.schedule = s.name
    order by s.name limit ${MOST_DOCUMENTS}`);
  const overrides = await db.query<Override>(sql`
    ${OVERRIDES} where ends_at > to_timestamp(${from}::float8 / 1000) and starts_at < to_timestamp(${to}::float8 / 1000)
    order by created_at, override_id limit ${MOST_OVERRIDES}`);
  const known = new Map(people.rows.map(({ definition }) => [definition.name, definition]));
  return {
    people: known,
    schedules: new Map(
      schedules.rows.map(({ definition, shifts }): [string, RosterSchedule] => [
        definition.name,
        {
          document: definition,
          calendar: definition.calendar === undefined ? [] : resolveCalendar(shifts ?? [], [...known.values()]).shifts,
          overrides: overrides.rows.filter(({ schedule }) => schedule === definition.name),
        },
      ]),
    ),
  };
}

export const OVERRIDES = sql`
  select override_id as "overrideId", schedule, person, reason, created_by as "createdBy",
    (extract(epoch from starts_at) * 1000)::float8 as "startsAt", (extract(epoch from ends_at) * 1000)::float8 as "endsAt"
  from muster.oncall_overrides`;
