import type { Database, Queryable } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { requireRow } from '../../../state/rows.ts';
import { OVERRIDES } from './roster-store.ts';
import type { Override } from './shifts.ts';

export interface NewOverride {
  readonly schedule: string;
  readonly person: string;
  /** Default: now. */
  readonly startsAt?: number | undefined;
  /** Or `forMs`, counted from its beginning. */
  readonly endsAt?: number | undefined;
  readonly forMs?: number | undefined;
  readonly reason: string;
  readonly createdBy: string;
}

/** Overrides that overlap hold together: both people are on call then. */
export async function addOverride(
  db: Database,
  { createdBy, endsAt, forMs, person, reason, schedule, startsAt }: NewOverride,
): Promise<Override> {
  const row = await db.one<{ override_id: string }>(sql`
    insert into muster.oncall_overrides (schedule, person, reason, created_by, starts_at, ends_at)
    select ${schedule}, ${person}, ${reason}, ${createdBy}, t.starts_at,
      coalesce(to_timestamp(${endsAt ?? null}::float8 / 1000), t.starts_at + ${forMs ?? 0}::float8 * interval '1 millisecond')
    from (select coalesce(to_timestamp(${startsAt ?? null}::float8 / 1000), clock_timestamp()) as starts_at) t
    returning override_id`);
  const id = requireRow(row, 'the override').override_id;
  return requireRow(await db.one<Override>(sql`${OVERRIDES} where override_id = ${id}::uuid`), 'the override');
}

/** Those that are not over, the first to begin first. */
export async function listOverrides(db: Queryable, schedule: string): Promise<readonly Override[]> {
  const { rows } = await db.query<Override>(sql`
    ${OVERRIDES} where schedule = ${schedule} and ends_at > clock_timestamp() order by starts_at, override_id limit 1000`);
  return rows;
}

/** Ends one now; one that has not begun is taken away. Undefined: there is none, or it is over. */
export async function endOverride(db: Database, overrideId: string): Promise<Override | undefined> {
  return db.transaction(async (tx) => {
    const { rows } = await tx.query<Override>(
      sql`${OVERRIDES} where override_id = ${overrideId}::uuid and ends_at > clock_timestamp() for update`,
    );
    const [found] = rows;
    if (found === undefined) return undefined;
    const gone = await tx.query(
      sql`delete from muster.oncall_overrides where override_id = ${overrideId}::uuid and starts_at >= clock_timestamp()`,
    );
    if (gone.count === 0)
      await tx.query(sql`update muster.oncall_overrides set ends_at = clock_timestamp() where override_id = ${overrideId}::uuid`);
    return found;
  });
}
