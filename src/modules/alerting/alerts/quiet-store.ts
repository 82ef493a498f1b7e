import type { Database, Queryable } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { requireRow } from '../../../state/rows.ts';
import type { Matcher } from './matcher.ts';
import type { MaintenanceWindow, Silence } from './quiet.ts';

/** What is quiet at a time: more would make every batch slow. */
export const MOST_SILENCES = 1_000;

export interface SilenceRecord extends Silence {
  readonly createdAt: number;
  readonly endedBy: string | null;
}

export interface WindowRecord extends MaintenanceWindow {
  readonly createdBy: string;
  readonly createdAt: number;
}

interface SilenceRow {
  readonly silence_id: string;
  readonly matchers: readonly Matcher[];
  readonly reason: string;
  readonly created_by: string;
  readonly created_at: number;
  readonly starts_at: number;
  readonly ends_at: number;
  readonly ended_by: string | null;
}

interface WindowRow {
  readonly window_id: string;
  readonly name: string;
  readonly matchers: readonly Matcher[];
  readonly reason: string;
  readonly created_by: string;
  readonly created_at: number;
  readonly starts_at: number | null;
  readonly ends_at: number | null;
  readonly cron: string | null;
  readonly time_zone: string;
  readonly duration_ms: number | null;
}

const selectSilences = sql`select silence_id, matchers, reason, created_by, (extract(epoch from created_at) * 1000)::float8 as created_at,
  (extract(epoch from starts_at) * 1000)::float8 as starts_at, (extract(epoch from ends_at) * 1000)::float8 as ends_at, ended_by
  from muster.silences`;
const selectWindows = sql`select window_id, name, matchers, reason, created_by, (extract(epoch from created_at) * 1000)::float8 as created_at,
  (extract(epoch from starts_at) * 1000)::float8 as starts_at, (extract(epoch from ends_at) * 1000)::float8 as ends_at,
  cron, time_zone, duration_ms::float8 as duration_ms from muster.maintenance_windows`;

/** The time, and what keeps alerts quiet at it or will. */
export async function readQuiet(
  db: Queryable,
): Promise<{ readonly now: number; readonly silences: readonly Silence[]; readonly windows: readonly MaintenanceWindow[] }> {
  const time = await db.query<{ now: number }>(sql`select (extract(epoch from clock_timestamp()) * 1000)::float8 as now`);
  const silences = await db.query<SilenceRow>(
    sql`${selectSilences} where ends_at > clock_timestamp() order by silence_id limit ${MOST_SILENCES}`,
  );
  const windows =
    await db.query<WindowRow>(sql`${selectWindows} where deleted_at is null and (ends_at is null or ends_at > clock_timestamp())
    order by window_id limit ${MOST_SILENCES}`);
  const now = requireRow(time.rows[0], 'the time').now;
  return { now, silences: silences.rows.map(toSilence), windows: windows.rows.map(toWindow) };
}

export interface NewSilence {
  readonly matchers: readonly Matcher[];
  readonly reason: string;
  readonly createdBy: string;
  /** Default: now. */
  readonly startsAt?: number | undefined;
  /** Or `forMs`, counted from its beginning. */
  readonly endsAt?: number | undefined;
  readonly forMs?: number | undefined;
}

export async function addSilence(db: Database, silence: NewSilence): Promise<SilenceRecord> {
  const { createdBy, endsAt, forMs, matchers, reason, startsAt } = silence;
  const row = await db.one<SilenceRow>(sql`
    with added as (
      insert into muster.silences (matchers, reason, created_by, starts_at, ends_at)
      select ${JSON.stringify(matchers)}::jsonb, ${reason}, ${createdBy}, t.starts_at,
        coalesce(to_timestamp(${endsAt ?? null}::float8 / 1000), t.starts_at + ${forMs ?? 0}::float8 * interval '1 millisecond')
      from (select coalesce(to_timestamp(${startsAt ?? null}::float8 / 1000), clock_timestamp()) as starts_at) t
      returning *
    )
    select silence_id, matchers, reason, created_by, (extract(epoch from created_at) * 1000)::float8 as created_at,
      (extract(epoch from starts_at) * 1000)::float8 as starts_at, (extract(epoch from ends_at) * 1000)::float8 as ends_at, ended_by from added`);
  return toSilence(requireRow(row, 'the silence'));
}

/** Ends one now, also one that has not begun. False: there is none, or it is over. */
export async function endSilence(db: Database, silenceId: string, by: string): Promise<boolean> {
  const { count } = await db.query(sql`
    update muster.silences set starts_at = least(starts_at, now()), ends_at = now(), ended_by = ${by}
    where silence_id = ${silenceId}::uuid and ends_at > clock_timestamp()`);
  return count > 0;
}

/** Newest end first; with `active` only those that are not over. */
export async function listSilences(
  db: Queryable,
  { active }: { readonly active: boolean },
  page: { readonly limit: number; readonly before?: { readonly endsAt: string; readonly id: string } | undefined },
): Promise<readonly (SilenceRecord & { readonly place: string })[]> {
  const { rows } = await db.query<SilenceRow & { place: string }>(sql`
    select s.*, place from (${selectSilences} where (not ${active} or ends_at > clock_timestamp())
      and (${page.before?.endsAt ?? null}::timestamptz is null or (ends_at, silence_id) < (${page.before?.endsAt ?? null}::timestamptz, ${page.before?.id ?? null}::uuid))
      order by ends_at desc, silence_id desc limit ${page.limit}) s
    cross join lateral (select ends_at::text as place from muster.silences o where o.silence_id = s.silence_id) p
    order by s.ends_at desc, s.silence_id desc`);
  return rows.map((row) => ({ ...toSilence(row), place: row.place }));
}

export async function getSilence(db: Database, silenceId: string): Promise<SilenceRecord | undefined> {
  const row = await db.one<SilenceRow>(sql`${selectSilences} where silence_id = ${silenceId}::uuid`);
  return row === undefined ? undefined : toSilence(row);
}

export interface NewWindow {
  readonly name: string;
  readonly matchers: readonly Matcher[];
  readonly reason: string;
  readonly createdBy: string;
  readonly when: MaintenanceWindow['when'];
}

export async function addWindow(db: Database, { createdBy, matchers, name, reason, when }: NewWindow): Promise<WindowRecord> {
  const once = 'startsAt' in when ? when : undefined;
  const again = 'cron' in when ? when : undefined;
  const row = await db.one<{ window_id: string }>(sql`
    insert into muster.maintenance_windows (name, matchers, reason, created_by, starts_at, ends_at, cron, time_zone, duration_ms)
    values (${name}, ${JSON.stringify(matchers)}::jsonb, ${reason}, ${createdBy}, to_timestamp(${once?.startsAt ?? null}::float8 / 1000),
      to_timestamp(${once?.endsAt ?? null}::float8 / 1000), ${again?.cron ?? null}, ${again?.timeZone ?? 'UTC'}, ${again?.durationMs ?? null}::bigint)
    returning window_id`);
  const { rows } = await db.query<WindowRow>(sql`${selectWindows} where window_id = ${requireRow(row, 'the window').window_id}::uuid`);
  return toWindow(requireRow(rows[0], 'the window'));
}

export async function listWindows(
  db: Queryable,
  page: { readonly limit: number; readonly after?: string | undefined },
): Promise<readonly WindowRecord[]> {
  const { rows } = await db.query<WindowRow>(sql`
    ${selectWindows} where deleted_at is null and (${page.after ?? null}::uuid is null or window_id > ${page.after ?? null}::uuid)
    order by window_id limit ${page.limit}`);
  return rows.map(toWindow);
}

export async function deleteWindow(db: Database, windowId: string, by: string): Promise<boolean> {
  const { count } = await db.query(sql`update muster.maintenance_windows set deleted_at = clock_timestamp(), deleted_by = ${by}
    where window_id = ${windowId}::uuid and deleted_at is null`);
  return count > 0;
}

const toSilence = (row: SilenceRow): SilenceRecord => ({
  silenceId: row.silence_id,
  matchers: row.matchers,
  reason: row.reason,
  createdBy: row.created_by,
  createdAt: row.created_at,
  startsAt: row.starts_at,
  endsAt: row.ends_at,
  endedBy: row.ended_by,
});

const toWindow = (row: WindowRow): WindowRecord => ({
  windowId: row.window_id,
  name: row.name,
  matchers: row.matchers,
  reason: row.reason,
  createdBy: row.created_by,
  createdAt: row.created_at,
  when:
    row.cron !== null
      ? { cron: row.cron, timeZone: row.time_zone, durationMs: row.duration_ms ?? 0 }
      : { startsAt: row.starts_at ?? 0, endsAt: row.ends_at ?? 0 },
});
