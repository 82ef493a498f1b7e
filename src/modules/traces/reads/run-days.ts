import type { Queryable } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { dateOf, dayOf, dayOfDate } from '../run/days.ts';
import type { Micros } from '../run/operation.ts';

/** Days of which there may be runs, newest first: those that have a partition. */
export async function daysWithRuns(db: Queryable): Promise<readonly string[]> {
  const { rows } = await db.query<{ day: string }>(sql`
    select distinct right(leaf.relname, 8) as day
    from pg_inherits class
    join pg_inherits inherits on inherits.inhparent = class.inhrelid
    join pg_class leaf on leaf.oid = inherits.inhrelid
    where class.inhparent = 'muster.trace_runs'::regclass and leaf.relname ~ '_[0-9]{8}$'
    order by 1 desc`);
  return rows.map(({ day }) => `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}`);
}

/**
 * In groups that double: the newest runs are wanted most often and lie in the newest day, while a search for something rare must not ask four hundred
 * times.
 */
export function* growing<Item>(items: readonly Item[], first = 1, most = 32): Generator<readonly Item[]> {
  for (let at = 0, size = first; at < items.length; at += size, size = Math.min(size * 2, most)) yield items.slice(at, at + size);
}

/** The days (of those given) that a range of start times touches. */
export function daysWithin(days: readonly string[], from: Micros | undefined, to: Micros | undefined): readonly string[] {
  const first = from === undefined ? undefined : dateOf(dayOf(from));
  const last = to === undefined ? undefined : dateOf(dayOf(to));
  return days.filter((day) => (first === undefined || day >= first) && (last === undefined || day <= last));
}

/**
 * The days with the likeliest first: an id of version 7 tells when it was made, and the SDKs make it when the run begins. Behind them all
 * the others, because nobody must hold to that.
 */
export function likelyDays(days: readonly string[], uuid: string): readonly (readonly string[])[] {
  const made = uuid[14] === '7' ? dayOf(Number.parseInt(uuid.slice(0, 8) + uuid.slice(9, 13), 16) * 1_000) : undefined;
  if (made === undefined) return [...growing(days, 8, 400)];
  const near = days.filter((day) => Math.abs(dayOfDate(day) - made) <= 1);
  return [
    near,
    ...growing(
      days.filter((day) => !near.includes(day)),
      32,
      400,
    ),
  ].filter((group) => group.length > 0);
}

/** A trace goes on for a while after it began: the days where its other runs lie. */
export function daysOfTrace(days: readonly string[], rootDay: string): readonly string[] {
  const root = dayOfDate(rootDay);
  return days.filter((day) => dayOfDate(day) >= root - 1 && dayOfDate(day) <= root + LONGEST_TRACE_DAYS);
}

/** What an agent works on for longer than this has left its trace. */
export const LONGEST_TRACE_DAYS = 7;
