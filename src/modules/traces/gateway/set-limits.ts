import type { Database } from '../../../db/database.ts';
import { MusterError } from '../../../base/errors.ts';
import { sql } from '../../../db/sql.ts';
import { LimitStore, type LimitRecord } from './limit-store.ts';
import type { Limits } from './limits.ts';

/** Limits a key, or with `*` those that have no limits of their own. Throws NOT_FOUND for a key that is none: its limits would hold nobody, and nobody would notice. */
export async function setLimits(
  keyId: string,
  limits: Limits,
  { by, database }: { readonly database: Database; readonly by: string },
): Promise<LimitRecord> {
  const isThere = keyId === '*' || (await database.one(sql`select 1 as there from muster.api_keys where key_id = ${keyId}`)) !== undefined;
  if (!isThere)
    throw new MusterError('NOT_FOUND', `there is no key ${keyId}`, {
      remedy: '`muster keys list` shows the ids of keys: what stands between mst_ and the next _. * stands for all.',
    });
  return new LimitStore(database).put(keyId, limits, by);
}
