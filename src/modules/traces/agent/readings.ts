import type { Queryable } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { effective, readTally, type ProjectSettingsRow, type TraceSettingsDocument } from '../settings/index.ts';

/** More than this is not counted. */
const MOST_COUNTED = 10_000;

export interface ReaderReading {
  readonly reader: string;
  readonly backlog: number;
  readonly lagSeconds: number;
  readonly stuckSeconds: number;
}

/** How far every reader of the feed is behind, but for those that somebody paused. */
export async function readReaders(db: Queryable): Promise<readonly ReaderReading[]> {
  const { rows } = await db.query<ReaderReading>(sql`
    select c.reader, w.backlog, coalesce(extract(epoch from clock_timestamp() - w.oldest), 0)::float8 as "lagSeconds",
      case when w.backlog > 0 then greatest(0, extract(epoch from clock_timestamp() - greatest(c.updated_at, w.oldest)))::float8 else 0 end as "stuckSeconds"
    from muster.trace_cursors c left join muster.trace_forwards p on c.reader = 'forward:' || p.name, lateral (
      select count(*)::int as backlog, min(at) as oldest
      from (select at from muster.trace_feed f where (f.xid, f.no) > (c.xid, c.no) order by f.xid, f.no limit ${MOST_COUNTED}) waiting) w
    where coalesce(p.enabled, true) order by c.reader limit 1000`);
  return rows;
}

export interface Counts {
  readonly quarantined: number;
  readonly orphans: number;
  readonly tally: Awaited<ReturnType<typeof readTally>>;
}

export async function readCounts(db: Queryable): Promise<Counts> {
  // What the numbering came to, and not what is there: rows go after some days, and the count goes on.
  const { rows } = await db.query<{ quarantined: number; orphans: number }>(sql`
    select coalesce(pg_sequence_last_value(pg_get_serial_sequence('muster.trace_quarantine', 'no')::regclass), 0)::float8 as quarantined,
      (select count(*)::int from (select from muster.trace_orphans limit ${MOST_COUNTED}) waiting) as orphans`);
  return { quarantined: rows[0]?.quarantined ?? 0, orphans: rows[0]?.orphans ?? 0, tally: await readTally(db) };
}

export interface CostReading {
  readonly project: string;
  readonly usdPerHour: number;
  readonly budget: number;
}

/** What projects with a budget cost within the last hour. Asks nothing where none has one. */
export async function readCosts(
  db: Queryable,
  general: TraceSettingsDocument,
  own: readonly ProjectSettingsRow[],
): Promise<readonly CostReading[]> {
  const budgets = new Map(own.map(({ projectNo, settings }) => [projectNo, effective(general, settings).budget.usd_per_hour]));
  const limited = [...budgets].flatMap(([projectNo, budget]) => (budget === null ? [] : [projectNo]));
  if (general.budget.usd_per_hour === null && limited.length === 0) return [];
  const { rows } = await db.query<{ project_no: number; project: string; cost: number }>(sql`
    select p.project_no, p.name as project, c.cost
    from muster.trace_projects p, lateral (
      select coalesce(sum(r.total_cost), 0)::float8 as cost from muster.trace_runs r
      where r.project_no = p.project_no and r.start_time > clock_timestamp() - interval '1 hour'
        and r.day >= (clock_timestamp() at time zone 'UTC' - interval '1 hour')::date) c
    where ${general.budget.usd_per_hour !== null} or p.project_no = any(${limited}::int[])
    order by c.cost desc limit 200`);
  return rows.flatMap(({ project_no, project, cost }) => {
    const budget = budgets.has(project_no) ? budgets.get(project_no) : general.budget.usd_per_hour;
    return budget === null || budget === undefined ? [] : [{ project, usdPerHour: cost, budget }];
  });
}
