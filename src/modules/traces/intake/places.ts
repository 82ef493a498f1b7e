import type { Database } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { dayOf, dayOfDate } from '../run/days.ts';
import type { Micros } from '../run/operation.ts';
import type { Place } from './run-row.ts';

/** What is further from now than this lies on the day it arrived: a wrong clock must not make partitions for years. */
const AHEAD_MICROS = 36 * 3_600e6;
const MOST_BEHIND_DAYS = 400;
const MOST_REMEMBERED = 50_000;

/** The day of a run that says when it began; undefined where that day cannot be. */
export function dayOfStart(start: Micros, now: Micros, keepDays: number): number | undefined {
  if (start > now + AHEAD_MICROS) return undefined;
  // What would be dropped at once has the day it arrived as well: it was sent to be looked at.
  return dayOf(start) < dayOf(now) - Math.min(keepDays - 1, MOST_BEHIND_DAYS) ? undefined : dayOf(start);
}

interface FoundRow {
  readonly run_id: string;
  readonly project_no: number;
  readonly keep_days: number;
  readonly day: string;
  readonly start: string;
  readonly trace_id: string;
}

/** Where runs lie that were written before, for what is said about them without saying when they began. Bounded: the newest are remembered, the rest is asked for. */
export class Places {
  readonly #db: Database;
  #young = new Map<string, Place>();
  #old = new Map<string, Place>();

  constructor(db: Database) {
    this.#db = db;
  }

  remember(runId: string, place: Place): void {
    this.#young.set(runId, place);
    if (this.#young.size < MOST_REMEMBERED) return;
    this.#old = this.#young;
    this.#young = new Map();
  }

  remembered(runId: string): Place | undefined {
    return this.#young.get(runId) ?? this.#old.get(runId);
  }

  /** Of those that are not remembered, by the primary key of every partition: for what is rare. */
  async find(runIds: readonly string[]): Promise<ReadonlyMap<string, Place>> {
    const found = new Map<string, Place>();
    const unknown: string[] = [];
    for (const runId of new Set(runIds)) {
      const place = this.remembered(runId);
      if (place === undefined) unknown.push(runId);
      else found.set(runId, place);
    }
    if (unknown.length === 0) return found;
    const { rows } = await this.#db.query<FoundRow>(sql`
      select run_id, project_no, keep_days, to_char(day, 'YYYY-MM-DD') as day, trace_id,
        (extract(epoch from start_time) * 1000000)::int8::text as start
      from muster.trace_runs where run_id = any(${unknown}::uuid[])`);
    for (const row of rows) {
      const place: Place = {
        projectNo: row.project_no,
        keepDays: row.keep_days,
        day: dayOfDate(row.day),
        startTime: Number(row.start),
        traceId: row.trace_id,
      };
      found.set(row.run_id, place);
      this.remember(row.run_id, place);
    }
    return found;
  }
}
