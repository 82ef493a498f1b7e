import type { Queryable } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';

export type TallyName = 'redacted' | 'sampled_out' | 'deleted' | 'gateway_unlogged' | 'gateway_unaccounted';

export interface Tally {
  readonly name: TallyName;
  readonly label: string;
  readonly count: number;
}

/** Adds counts to those of all servers. In one order, so that two who add never wait for each other in a circle. */
export async function addTally(db: Queryable, tallies: readonly Tally[]): Promise<void> {
  const some = tallies.filter(({ count }) => count > 0).toSorted((a, b) => (`${a.name} ${a.label}` < `${b.name} ${b.label}` ? -1 : 1));
  if (some.length === 0) return;
  await db.query(sql`
    insert into muster.trace_tally as t (name, label, count)
    select * from unnest(${some.map(({ name }) => name)}::text[], ${some.map(({ label }) => label)}::text[], ${some.map(({ count }) => count)}::bigint[])
    on conflict (name, label) do update set count = t.count + excluded.count`);
}

export async function readTally(db: Queryable): Promise<readonly Tally[]> {
  const { rows } = await db.query<Tally>(
    sql`select name, label, count::float8 as count from muster.trace_tally order by name, label limit 1000`,
  );
  return rows;
}
