import { durationMs } from '../../../base/duration.ts';
import { isMusterError, messageOf, MusterError } from '../../../base/errors.ts';
import type { AgentContext } from '../../../agent/index.ts';
import type { Database, Queryable } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import type { Outbound } from '../../../outbound/index.ts';
import { resolveCalendar, type ReadShift } from './calendar-names.ts';
import { readCalendar } from './calendar.ts';
import type { PersonDocument, ScheduleDocument } from './schedule.ts';

const DAY_MS = 86_400_000;
/** What is read of a calendar, before and after now: it goes on for so long where its address is gone. */
const BACK_MS = 35 * DAY_MS;
const AHEAD_MS = 400 * DAY_MS;
const MOST_BYTES = 2_097_152;
const TIMEOUT_MS = 5_000;
/** After a failure: sooner than the next time it is due anyway, never at once. */
const RETRY_MS = 60_000;

/** How a calendar was read last. */
export interface CalendarReport {
  readonly schedule: string;
  /** Null: never. */
  readonly readAt: number | null;
  readonly triedAt: number | null;
  /** Why it cannot be read now; what was read last holds. */
  readonly error: string | null;
  readonly events: number;
  /** Names in it that are nobody's here. */
  readonly unknown: readonly string[];
}

type CalendarDocument = NonNullable<ScheduleDocument['calendar']>;

/** Reads the calendars that are due, one after the other; each failure is kept with its schedule. How many were read. */
export async function refreshCalendars(db: AgentContext['sql'], outbound: Outbound, signal?: AbortSignal): Promise<number> {
  const { rows } = await db.read<{ definition: ScheduleDocument }>(sql`
    select s.definition from muster.oncall_schedules s left join muster.oncall_calendars c on c.schedule = s.name
    where jsonb_typeof(s.definition -> 'calendar') = 'object'
      and (c.schedule is null or c.next_at <= clock_timestamp() or c.source <> md5(s.definition ->> 'calendar'))
    order by c.next_at nulls first, s.name limit 5`);
  let read = 0;
  for (const { definition } of rows) {
    signal?.throwIfAborted();
    const { calendar, name, time_zone: timeZone } = definition;
    if (calendar === undefined) continue;
    try {
      const text = await textOf(calendar, outbound, signal);
      const shifts = readCalendar(text, timeZone, Date.now() - BACK_MS, Date.now() + AHEAD_MS);
      await db.transaction((tx) => keep(tx, name, shifts, durationMs(calendar.refresh)));
      read += 1;
    } catch (error) {
      if (!isMusterError(error) || signal?.aborted === true) throw error;
      if (isMusterError(error, 'LEASE_LOST')) throw error;
      // What is no calendar will be none in a minute; an address may be back.
      const refreshMs = durationMs(calendar.refresh);
      const nextMs = isMusterError(error, 'CALENDAR_INVALID') ? refreshMs : Math.min(RETRY_MS, refreshMs);
      await db.transaction((tx) => fail(tx, name, messageOf(error), nextMs));
    }
  }
  return read;
}

async function textOf({ text, url }: CalendarDocument, outbound: Outbound, signal?: AbortSignal): Promise<string> {
  if (url === undefined) return text ?? '';
  const answer = await outbound.request({
    url,
    headers: { accept: 'text/calendar' },
    timeoutMs: TIMEOUT_MS,
    mostBytes: MOST_BYTES,
    ...(signal === undefined ? {} : { signal }),
  });
  if (answer.status !== 200) throw new MusterError('CALENDAR_INVALID', `its address answers with status ${answer.status}`);
  // Half a calendar would be one in which half of the people are missing.
  if (answer.truncated) throw new MusterError('CALENDAR_INVALID', `it is larger than ${MOST_BYTES / 1_048_576} MB, or broke off`);
  return answer.body;
}

async function keep(db: Queryable, schedule: string, shifts: readonly ReadShift[], nextMs: number): Promise<void> {
  const { rows } = await db.query<{ definition: PersonDocument }>(sql`select definition from muster.people`);
  const { unknown } = resolveCalendar(
    shifts,
    rows.map(({ definition }) => definition),
  );
  await db.query(sql`
    insert into muster.oncall_calendars as c (schedule, source, shifts, unknown, read_at, tried_at, next_at)
    select name, md5(definition ->> 'calendar'), ${JSON.stringify(shifts)}::jsonb, ${unknown}::text[], clock_timestamp(), clock_timestamp(),
      clock_timestamp() + ${nextMs}::float8 * interval '1 millisecond'
    from muster.oncall_schedules where name = ${schedule} and jsonb_typeof(definition -> 'calendar') = 'object'
    on conflict (schedule) do update set
      source = excluded.source, shifts = excluded.shifts, unknown = excluded.unknown, read_at = excluded.read_at, tried_at = excluded.tried_at,
      next_at = excluded.next_at, error = null`);
}

async function fail(db: Queryable, schedule: string, error: string, nextMs: number): Promise<void> {
  await db.query(sql`
    insert into muster.oncall_calendars as c (schedule, source, tried_at, next_at, error)
    select name, md5(definition ->> 'calendar'), clock_timestamp(), clock_timestamp() + ${nextMs}::float8 * interval '1 millisecond', ${error}
    from muster.oncall_schedules where name = ${schedule} and jsonb_typeof(definition -> 'calendar') = 'object'
    on conflict (schedule) do update set
      source = excluded.source, tried_at = excluded.tried_at, next_at = excluded.next_at, error = excluded.error`);
}

export async function calendarReports(db: Database): Promise<ReadonlyMap<string, CalendarReport>> {
  const { rows } = await db.query<CalendarReport>(sql`
    select schedule, (extract(epoch from read_at) * 1000)::float8 as "readAt", (extract(epoch from tried_at) * 1000)::float8 as "triedAt",
      error, jsonb_array_length(shifts) as events, unknown
    from muster.oncall_calendars`);
  return new Map(rows.map((report) => [report.schedule, report]));
}
