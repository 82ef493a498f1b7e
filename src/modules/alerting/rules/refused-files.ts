import type { Queryable } from '../../../db/database.ts';
import { raw, sql } from '../../../db/sql.ts';

/** A file that a host cannot take, and what is wrong with it. */
export interface RefusedFile {
  readonly hostname: string;
  readonly path: string;
  /** With line and column. */
  readonly where: string;
  readonly message: string;
  readonly remedy: string | null;
  /** Milliseconds since 1970. */
  readonly since: number;
  /** When it was read. */
  readonly now: number;
}

/** Where a machine was given up nobody mends its file. */
const IS_LIVE = raw(`exists (select from muster.hosts h where h.hostname = f.hostname and h.status = 'live')`);

/** Those of hosts that are up, the oldest first. */
export async function refusedFiles(on: Queryable): Promise<readonly RefusedFile[]> {
  const { rows } = await on.query<RefusedFile>(sql`
    select f.hostname, f.path, f.place as "where", f.message, f.remedy, (extract(epoch from f.since) * 1000)::float8 as since,
      (extract(epoch from clock_timestamp()) * 1000)::float8 as now
    from muster.refused_files f where ${IS_LIVE} order by f.since, f.hostname, f.path limit 100`);
  return rows;
}

export async function noteRefused(
  on: Queryable,
  { hostname, message, path, remedy, where }: Omit<RefusedFile, 'since' | 'now'>,
): Promise<void> {
  await on.query(sql`
    insert into muster.refused_files as f (hostname, path, place, message, remedy)
    values (${hostname}, ${path}, ${where}, ${message}, ${remedy})
    on conflict (hostname, path) do update set place = excluded.place, message = excluded.message, remedy = excluded.remedy`);
  await on.query(sql`delete from muster.refused_files f where f.since < clock_timestamp() - interval '1 day' and not ${IS_LIVE}`);
}

export async function forgetRefused(on: Queryable, hostname: string, path: string): Promise<void> {
  await on.query(sql`delete from muster.refused_files where hostname = ${hostname} and path = ${path}`);
}
