import { randomUUID } from 'node:crypto';
import { MusterError } from '../../../base/errors.ts';
import type { Queryable } from '../../../db/database.ts';
import { sql, type Sql } from '../../../db/sql.ts';
import type { Micros } from '../run/operation.ts';
import { uuidOf } from '../run/uuid.ts';
import { daysWithRuns, growing } from './run-days.ts';
import { micros } from './run-record.ts';
import type { Visible } from './run-store.ts';

export interface ProjectRecord {
  readonly projectId: string;
  readonly projectNo: number;
  readonly name: string;
  readonly description: string | null;
  /** JSON, as it came. */
  readonly extra: string | null;
  readonly referenceDatasetId: string | null;
  readonly createdAt: Micros;
  readonly modifiedAt: Micros;
  readonly endedAt: Micros | null;
}

const COLUMNS: Sql = {
  text: `project_id as "projectId", project_no as "projectNo", name, description, extra, reference_dataset_id as "referenceDatasetId",
    ${micros('created_at')} as "createdAt", ${micros('modified_at')} as "modifiedAt", ${micros('ended_at')} as "endedAt"`,
  values: [],
};

/** Whom nobody asked for by name is listed up to here. */
const MOST_PROJECTS = 10_000;

export interface ProjectFilter {
  readonly ids?: readonly string[] | undefined;
  readonly name?: string | undefined;
  readonly nameContains?: string | undefined;
  readonly referenceDatasetIds?: readonly string[] | undefined;
  /** true: only those that belong to no dataset. */
  readonly referenceFree?: boolean | undefined;
  /** A JSON object: entries that its metadata must have. */
  readonly metadata?: string | undefined;
}

/** Newest first. */
export async function listProjects(
  db: Queryable,
  visible: Visible,
  filter: ProjectFilter = {},
  page: { readonly limit: number; readonly offset: number } = { limit: MOST_PROJECTS, offset: 0 },
): Promise<readonly ProjectRecord[]> {
  const all: Sql[] = [visible === null ? sql`true` : sql`project_no = any(${visible}::int[])`];
  if (filter.ids !== undefined) all.push(sql`project_id = any(${filter.ids}::uuid[])`);
  if (filter.name !== undefined) all.push(sql`name = ${filter.name}`);
  if (filter.nameContains !== undefined) all.push(sql`strpos(lower(name), lower(${filter.nameContains})) > 0`);
  if (filter.referenceDatasetIds !== undefined) all.push(sql`reference_dataset_id = any(${filter.referenceDatasetIds}::uuid[])`);
  if (filter.referenceFree !== undefined)
    all.push(filter.referenceFree ? sql`reference_dataset_id is null` : sql`reference_dataset_id is not null`);
  if (filter.metadata !== undefined) all.push(sql`muster.trace_object(extra, 'metadata') @> muster.trace_json(${filter.metadata})`);
  const { rows } = await db.query<ProjectRecord>(sql`
    select ${COLUMNS} from muster.trace_projects where ${all.reduce((together, next) => sql`${together} and ${next}`)}
    order by created_at desc, project_no desc limit ${page.limit} offset ${page.offset}`);
  return rows;
}

/** By name or id. Undefined where there is none, or none that may be seen. */
export async function findProject(db: Queryable, nameOrId: string, visible: Visible): Promise<ProjectRecord | undefined> {
  const [named] = await listProjects(db, visible, { name: nameOrId });
  const id = named === undefined ? uuidOf(nameOrId) : undefined;
  return id === undefined ? named : (await listProjects(db, visible, { ids: [id] }))[0];
}

export interface NewProject {
  readonly projectId?: string | undefined;
  readonly name: string;
  readonly description?: string | null | undefined;
  readonly extra?: string | null | undefined;
  readonly referenceDatasetId?: string | null | undefined;
  readonly startTime?: string | undefined;
}

/** Throws CONFLICT where one has that name or id; with `upsert` that one takes on what is said here. */
export async function addProject(db: Queryable, project: NewProject, { upsert }: { readonly upsert: boolean }): Promise<ProjectRecord> {
  const { projectId = randomUUID(), name, description = null, extra = null, referenceDatasetId = null } = project;
  const onConflict = upsert
    ? sql`on conflict (name) do update set description = coalesce(excluded.description, trace_projects.description),
        extra = coalesce(excluded.extra, trace_projects.extra), modified_at = clock_timestamp(),
        reference_dataset_id = coalesce(excluded.reference_dataset_id, trace_projects.reference_dataset_id)`
    : sql`on conflict do nothing`;
  const { rows } = await db.query<ProjectRecord>(sql`
    insert into muster.trace_projects (project_id, name, description, extra, reference_dataset_id, created_at)
    values (${projectId}, ${name}, ${description}, ${extra}, ${referenceDatasetId}, coalesce(${project.startTime ?? null}::timestamptz, clock_timestamp()))
    ${onConflict} returning ${COLUMNS}`);
  const [row] = rows;
  if (row !== undefined) return row;
  throw new MusterError('CONFLICT', `there is a project ${name} already`, {
    remedy: 'Choose another name, or send upsert=true to change that one.',
  });
}

export interface ProjectChange {
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly extra?: string | undefined;
  readonly endTime?: string | undefined;
  readonly referenceDatasetId?: string | undefined;
}

/** Changes what is said. Undefined where it is gone. Throws CONFLICT where another has that name. */
export async function changeProject(db: Queryable, projectNo: number, change: ProjectChange): Promise<ProjectRecord | undefined> {
  if (change.name !== undefined) {
    const { rows } = await db.query(sql`select from muster.trace_projects where name = ${change.name} and project_no <> ${projectNo}`);
    if (rows.length > 0) throw new MusterError('CONFLICT', `there is a project ${change.name} already`, { remedy: 'Choose another name.' });
  }
  const { rows } = await db.query<ProjectRecord>(sql`
    update muster.trace_projects set name = coalesce(${change.name ?? null}, name), description = coalesce(${change.description ?? null}, description),
      extra = coalesce(${change.extra ?? null}, extra), ended_at = coalesce(${change.endTime ?? null}::timestamptz, ended_at),
      reference_dataset_id = coalesce(${change.referenceDatasetId ?? null}::uuid, reference_dataset_id), modified_at = clock_timestamp()
    where project_no = ${projectNo} returning ${COLUMNS}`);
  return rows[0];
}

/** Its runs are found no more from now on; housekeeping deletes them a little later: retention/removed-projects.ts. */
export async function removeProject(db: Queryable, projectNo: number): Promise<boolean> {
  return (await db.query(sql`delete from muster.trace_projects where project_no = ${projectNo}`)).count > 0;
}

/** When the newest run of each project began; of those without runs nothing. */
export async function lastRuns(db: Queryable, projects: readonly number[]): Promise<ReadonlyMap<number, Micros>> {
  const found = new Map<number, Micros>();
  for (const days of growing(await daysWithRuns(db), 4, 400)) {
    const missing = projects.filter((no) => !found.has(no));
    if (missing.length === 0) break;
    const { rows } = await db.query<{ no: number; last: Micros | null }>(sql`
      select p.no, (select ${{ text: micros('max(start_time)'), values: [] }} from muster.trace_runs
        where project_no = p.no and day = any(${days}::date[])) as last
      from unnest(${missing}::int[]) p(no)`);
    for (const { no, last } of rows) if (last !== null) found.set(no, last);
  }
  return found;
}
