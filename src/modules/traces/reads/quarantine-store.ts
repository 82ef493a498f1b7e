import type { Queryable } from '../../../db/database.ts';
import { sql, type Sql } from '../../../db/sql.ts';
import type { Micros } from '../run/operation.ts';
import { micros } from './run-record.ts';

/** What was sent and could not be kept. */
export interface RefusedRecord {
  readonly no: number;
  readonly receivedAt: Micros;
  readonly source: string;
  readonly project: string | null;
  readonly runId: string | null;
  readonly reason: string;
  readonly message: string;
  readonly size: number;
}

const COLUMNS: Sql = {
  text: `no::float8 as no, ${micros('received_at')} as "receivedAt", source, project, run_id as "runId", reason, message, size`,
  values: [],
};

export interface RefusedFilter {
  readonly source?: string | undefined;
  readonly reason?: string | undefined;
  readonly project?: string | undefined;
}

/** `projects`: the names that may be seen, null: all; what names no project only those see who see all. */
const seenBy = (projects: readonly string[] | null): Sql => (projects === null ? sql`true` : sql`project = any(${projects}::text[])`);

/** Newest first. */
export async function listRefused(
  db: Queryable,
  projects: readonly string[] | null,
  { source, reason, project }: RefusedFilter,
  page: { readonly limit: number; readonly before?: number | undefined },
): Promise<readonly RefusedRecord[]> {
  const { rows } = await db.query<RefusedRecord>(sql`
    select ${COLUMNS} from muster.trace_quarantine
    where ${seenBy(projects)} and (${source ?? null}::text is null or source = ${source ?? null})
      and (${reason ?? null}::text is null or reason = ${reason ?? null}) and (${project ?? null}::text is null or project = ${project ?? null})
      and (${page.before ?? null}::int8 is null or no < ${page.before ?? null}::int8)
    order by no desc limit ${page.limit}`);
  return rows;
}

export async function getRefused(
  db: Queryable,
  projects: readonly string[] | null,
  no: number,
): Promise<(RefusedRecord & { readonly body: Buffer | null }) | undefined> {
  const { rows } = await db.query<RefusedRecord & { readonly body: Buffer | null }>(
    sql`select ${COLUMNS}, body from muster.trace_quarantine where no = ${no}::int8 and ${seenBy(projects)}`,
  );
  return rows[0];
}

export async function removeRefused(db: Queryable, projects: readonly string[] | null, no: number): Promise<boolean> {
  return (await db.query(sql`delete from muster.trace_quarantine where no = ${no}::int8 and ${seenBy(projects)}`)).count > 0;
}
