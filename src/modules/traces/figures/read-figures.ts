import type { Queryable } from '../../../db/database.ts';
import { raw, sql, type Sql } from '../../../db/sql.ts';
import type { Dimension } from './dimension.ts';
import { addRow, addSketches, dimensionNo, type CountersRow, type SketchesRow } from './figure-rows.ts';
import type { Steps, Stretch } from './stretch.ts';
import { COSTS, COUNTERS, Tally } from './tally.ts';

/** Which rows. */
export interface Wanted {
  readonly projects: readonly number[];
  readonly dimension: Dimension;
  readonly stretches: readonly Stretch[];
  /** One value of the dimension; default: all. */
  readonly value?: string | undefined;
}

export const ORDERS = ['runs', 'errors', 'total_cost', 'total_tokens'] as const;
export type Order = (typeof ORDERS)[number];

/** Of the row `f`. */
export const MEASURES = raw([...COUNTERS, ...COSTS, 'latency', 'first_token'].map((name) => `f.${name}`).join(', '));

/** Everything wanted, as one. */
export async function readTotal(db: Queryable, wanted: Wanted): Promise<Tally> {
  const total = new Tally();
  const { rows } = await db.query<CountersRow & SketchesRow>(sql`select ${MEASURES} ${rowsOf(wanted)}`);
  for (const row of rows) {
    addRow(total, row);
    addSketches(total, row);
  }
  return total;
}

/** By value or by project: the `most` largest groups, largest first, and how many there are. The key is a value, or a project's number. */
export async function readGroups(
  db: Queryable,
  wanted: Wanted,
  { by, order, most }: { readonly by: 'value' | 'project_no'; readonly order: Order; readonly most: number },
): Promise<{ readonly groups: ReadonlyMap<string, Tally>; readonly count: number }> {
  const column = raw(`f.${by}`);
  // First the largest, by their counters alone: the sketches of the others are not read.
  const { rows: largest } = await db.query<{ key: string; of: number }>(sql`
    select ${column}::text as key, (count(*) over ())::int as of ${rowsOf(wanted)} group by ${column} order by sum(${raw(`f.${order}`)}) desc, 1 limit ${most}`);
  const groups = new Map(largest.map(({ key }) => [key, new Tally()]));
  if (groups.size === 0) return { groups, count: 0 };
  const { rows } = await db.query<CountersRow & SketchesRow & { key: string }>(
    sql`select ${column}::text as key, ${MEASURES} ${rowsOf(wanted)} and ${column}::text = any(${[...groups.keys()]}::text[])`,
  );
  for (const row of rows) {
    const tally = groups.get(row.key);
    if (tally === undefined) continue;
    addRow(tally, row);
    addSketches(tally, row);
  }
  return { groups, count: largest[0]?.of ?? 0 };
}

/** By step, of some groups or of all together (key ''). A step without a row has no tally. */
export async function readSteps(
  db: Queryable,
  { projects, dimension, value }: Omit<Wanted, 'stretches'>,
  steps: Steps,
  groups: { readonly by: 'value' | 'project_no'; readonly keys: readonly string[] } | null,
): Promise<ReadonlyMap<string, readonly (Tally | undefined)[]>> {
  const stretches = [{ grain: steps.grain, from: steps.start, to: steps.start + steps.stepMs * steps.count }];
  const key = groups === null ? sql`''` : sql`${raw(`f.${groups.by}`)}::text`;
  const { rows } = await db.query<CountersRow & SketchesRow & { key: string; at: number }>(sql`
    select ${key} as key, (date_part('epoch', f.bucket) * 1000)::float8 as at, ${MEASURES} ${rowsOf({ projects, dimension, value, stretches })}
    ${groups === null ? sql`` : sql`and ${key} = any(${groups.keys}::text[])`}`);
  const found = new Map<string, (Tally | undefined)[]>((groups?.keys ?? ['']).map((name) => [name, Array.from({ length: steps.count })]));
  for (const row of rows) {
    const series = found.get(row.key);
    const index = Math.floor((row.at - steps.start) / steps.stepMs);
    if (series === undefined || index < 0 || index >= steps.count) continue;
    const tally = (series[index] ??= new Tally());
    addRow(tally, row);
    addSketches(tally, row);
  }
  return found;
}

/** By the primary key: a short range for each project and stretch. */
const rowsOf = ({ projects, dimension, stretches, value }: Wanted): Sql => sql`
  from unnest(${projects}::int[]) as p (project_no)
  cross join unnest(${stretches.map(({ grain }) => grain)}::int[], ${stretches.map(({ from }) => new Date(from).toISOString())}::timestamptz[],
    ${stretches.map(({ to }) => new Date(to).toISOString())}::timestamptz[]) as s (grain, starts, ends)
  join muster.trace_figures f on f.project_no = p.project_no and f.grain = s.grain and f.dimension = ${dimensionNo(dimension)}::smallint
    and f.bucket >= s.starts and f.bucket < s.ends
  where ${value === undefined ? sql`true` : sql`f.value = ${value}`}`;
