import type { FastifyRequest } from 'fastify';
import type { Queryable } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { principalOf } from '../../../http/principal.ts';
import type { Visible } from './run-store.ts';

/** The projects that whoever asks may see: keys may be confined to some, by name. */
export async function visibleTo(request: FastifyRequest, db: Queryable): Promise<Visible> {
  const { projects } = principalOf(request);
  if (projects === null) return null;
  const { rows } = await db.query<{ no: number }>(
    sql`select project_no as no from muster.trace_projects where name = any(${projects}::text[])`,
  );
  return rows.map(({ no }) => no);
}
