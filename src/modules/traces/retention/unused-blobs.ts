import type { Queryable } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import type { KeptDay } from './classes.ts';

/**
 * Deletes the parts of a day that no run of it refers to any more. Reads what refers to anything of that day once: blobs have no count of
 * their uses, because counting would cost every run a write. Whoever remembers them hears of it: `SettingsStore.lastDeletion`. Returns how many went.
 */
export async function deleteUnusedBlobs(tx: Queryable, { keepDays, day }: KeptDay): Promise<number> {
  const { count } = await tx.query(sql`
    with used as (
      select distinct ref[1] as hash
      from muster.trace_runs r,
        lateral regexp_matches(concat_ws(' ', r.inputs, r.outputs, r.error, r.extra, r.events, r.serialized, r.rest), E'\\x01([A-Za-z0-9_-]{22})\\x01', 'g') as ref
      where r.keep_days = ${keepDays} and r.day = ${day}::date
    )
    delete from muster.trace_blobs b
    where b.keep_days = ${keepDays} and b.day = ${day}::date
      and rtrim(translate(encode(b.hash, 'base64'), '+/', '-_'), '=') not in (select hash from used)`);
  // Seen at once, before the commit: who writes them again until then waits for it.
  if (count > 0) await tx.query(sql`select nextval('muster.trace_parts_deleted')`);
  return count;
}
