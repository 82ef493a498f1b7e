import type { FastifyRequest } from 'fastify';
import { MusterError } from '../../../base/errors.ts';
import type { Queryable } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { principalOf } from '../../../http/principal.ts';

export interface NamedProject {
  readonly no: number;
  readonly id: string;
  readonly name: string;
}

/**
 * The projects with these names or ids, or all: of those that whoever asks may see. A name that is not among them is NOT_FOUND, whether it is
 * nobody's or another's.
 */
export async function visibleProjects(
  request: FastifyRequest,
  db: Queryable,
  names: readonly string[] | undefined,
): Promise<readonly NamedProject[]> {
  return projectsNamed(db, names, principalOf(request).projects);
}

/** The same, for whoever may see those of these names (null: all). */
export async function projectsNamed(
  db: Queryable,
  names: readonly string[] | undefined,
  allowed: readonly string[] | null,
): Promise<readonly NamedProject[]> {
  const { rows } = await db.query<NamedProject>(sql`
    select project_no as no, project_id::text as id, name from muster.trace_projects
    where (${allowed}::text[] is null or name = any(${allowed}::text[]))
      and (${names ?? null}::text[] is null or name = any(${names ?? null}::text[]) or project_id::text = any(${names ?? null}::text[]))`);
  const missing = names?.find((asked) => !rows.some(({ id, name }) => asked === name || asked === id));
  if (missing === undefined) return rows;
  throw new MusterError('NOT_FOUND', `there is no project ${missing}`, { remedy: 'GET /api/v1/traces/projects lists those there are.' });
}
