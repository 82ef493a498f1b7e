import type { Database } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { requireRow } from '../../../state/rows.ts';
import { readRoster } from './roster-store.ts';
import { shiftsOf, type Shift } from './shifts.ts';

const DAY_MS = 86_400_000;
/** So far back is looked for the beginning of who is on call now, and so far ahead for who is next. */
const LOOK_MS = 62 * DAY_MS;
/** Gaps within this time are counted. */
export const GAPS_MS = 14 * DAY_MS;

/** Who is on call in a schedule. */
export interface OnCall {
  readonly schedule: string;
  readonly timeZone: string;
  /** Null: nobody, it is a gap. */
  readonly now: Shift | null;
  /** Who comes after that, a gap left out; null: nobody within two months. */
  readonly next: Shift | null;
  /** Milliseconds without anybody within the next two weeks. */
  readonly gapsMs: number;
}

export async function clockOf(db: Database): Promise<number> {
  return requireRow(await db.one<{ now: number }>(sql`select (extract(epoch from clock_timestamp()) * 1000)::float8 as now`), 'the time')
    .now;
}

/** Of all schedules, in order of name. */
export async function whoIsOnCall(db: Database): Promise<readonly OnCall[]> {
  const at = await clockOf(db);
  const { schedules } = await readRoster(db, at - LOOK_MS, at + LOOK_MS);
  return [...schedules.values()].map((schedule) => {
    const shifts = turnsOf(shiftsOf(schedule.document, schedule, at - LOOK_MS, at + LOOK_MS));
    const current = shifts.findIndex(({ from, to }) => from <= at && at < to);
    const now = shifts[current];
    const gaps = shifts.flatMap(({ by, from, to }) => (by === null ? Math.max(0, Math.min(to, at + GAPS_MS) - Math.max(from, at)) : []));
    return {
      schedule: schedule.document.name,
      timeZone: schedule.document.time_zone,
      now: now === undefined || now.by === null ? null : now,
      next: shifts.slice(current + 1).find(({ by }) => by !== null) ?? null,
      gapsMs: gaps.reduce((sum, gap) => sum + gap, 0),
    };
  });
}

/** One turn of shifts of the same people, whatever puts them there: who follows oneself is not next. */
function turnsOf(shifts: readonly Shift[]): readonly Shift[] {
  const turns: Shift[] = [];
  for (const shift of shifts) {
    const last = turns.at(-1);
    if (last !== undefined && last.by !== null && shift.by !== null && last.people.join('\n') === shift.people.join('\n'))
      turns[turns.length - 1] = { ...last, to: shift.to };
    else turns.push(shift);
  }
  return turns;
}
