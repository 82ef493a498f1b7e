import { randomUUID } from 'node:crypto';
import type { Database } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';

const known = new WeakMap<Database, string>();

/** Who this fleet is to other Musters: a UUID, the same as long as its database lives. */
export async function originOf(db: Database): Promise<string> {
  const held = known.get(db);
  if (held !== undefined) return held;
  await db.query(sql`insert into muster.trace_origin (origin_id) values (${randomUUID()}::uuid) on conflict do nothing`);
  const { origin } = (await db.one<{ origin: string }>(sql`select origin_id as origin from muster.trace_origin`)) ?? {};
  if (origin === undefined) throw new Error('trace_origin lost its row');
  known.set(db, origin);
  return origin;
}

/** The same, where it was asked for before: without waiting for the database. */
export const knownOrigin = (db: Database): string | undefined => known.get(db);
