import type { Queryable } from '../../../db/database.ts';
import { raw, sql, type Sql } from '../../../db/sql.ts';
import { decimal, picoOfDecimal } from '../prices/money.ts';
import { DIMENSIONS, type Dimension, type Grain } from './dimension.ts';
import { COSTS, COUNTERS, keyOf, type CostName, type Counter, type Place, type Room, type Tally, type Tallies } from './tally.ts';

/** Statements stay small enough to be planned and logged. */
const ROWS_AT_ONCE = 2_000;

export type CountersRow = Readonly<Record<Counter, number>> & Readonly<Record<CostName, string>>;
export interface SketchesRow {
  readonly latency: Buffer;
  readonly first_token: Buffer;
}
interface PlaceRow {
  readonly project_no: number;
  readonly grain: number;
  readonly dimension: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly value: string;
}

export const dimensionNo = (dimension: Dimension): number => DIMENSIONS.indexOf(dimension);

export function addRow(tally: Tally, row: CountersRow): void {
  for (const counter of COUNTERS) tally.counts[counter] += row[counter];
  for (const cost of COSTS) tally.costs[cost] += picoOfDecimal(row[cost]);
}

export function addSketches(tally: Tally, { latency, first_token }: SketchesRow): void {
  tally.latency.merge(latency);
  tally.firstToken.merge(first_token);
}

/** The values that have a row, by room. */
export async function readValues(tx: Queryable, rooms: readonly Room[]): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const found = new Map<string, Set<string>>(rooms.map((room) => [keyOf(room), new Set()]));
  const { rows } = await tx.query<PlaceRow>(sql`
    select f.project_no, f.grain, f.dimension, (date_part('epoch', f.bucket) * 1000)::float8 as at, f.value
    from ${placesOf(rooms)}
    join muster.trace_figures f on f.project_no = p.project_no and f.grain = p.grain and f.dimension = p.dimension and f.bucket = p.bucket`);
  for (const row of rows) found.get(keyOf(placeOf(row)))?.add(row.value);
  return found;
}

/** Adds what the database has of these rows. */
export async function addStored(tx: Queryable, tallies: Tallies, places: readonly Place[]): Promise<void> {
  for (let from = 0; from < places.length; from += ROWS_AT_ONCE) {
    const some = places.slice(from, from + ROWS_AT_ONCE);
    const { rows } = await tx.query<PlaceRow & CountersRow & SketchesRow>(sql`
      select f.project_no, f.grain, f.dimension, (date_part('epoch', f.bucket) * 1000)::float8 as at, f.value,
        ${raw([...COUNTERS, ...COSTS].map((name) => `f.${name}`).join(', '))}, f.latency, f.first_token
      from ${valuesAt(some)}
      join muster.trace_figures f
        on f.project_no = p.project_no and f.grain = p.grain and f.dimension = p.dimension and f.bucket = p.bucket and f.value = p.value`);
    for (const row of rows) {
      const tally = tallies.at(placeOf(row));
      addRow(tally, row);
      addSketches(tally, row);
    }
  }
}

/** Writes the rows as they are now. */
export async function writeTallies(tx: Queryable, tallies: Tallies): Promise<void> {
  const all = [...tallies.rows()];
  for (let from = 0; from < all.length; from += ROWS_AT_ONCE) await tx.query(insertion(all.slice(from, from + ROWS_AT_ONCE)));
}

const MEASURES = [...COUNTERS, ...COSTS, 'latency', 'first_token'] as const;
const COLUMNS = raw(['project_no', 'grain', 'dimension', 'bucket', 'value', ...MEASURES].join(', '));
const OVERWRITE = raw(MEASURES.map((name) => `${name} = excluded.${name}`).join(', '));

function insertion(rows: readonly { readonly place: Place; readonly tally: Tally }[]): Sql {
  const places = rows.map(({ place }) => place);
  const columns: Sql[] = [
    ...placeArrays(places),
    sql`${places.map(({ value }) => value)}::text[]`,
    ...COUNTERS.map((name) => sql`${rows.map(({ tally }) => tally.counts[name])}::float8[]`),
    ...COSTS.map((name) => sql`${rows.map(({ tally }) => decimal(tally.costs[name]))}::numeric[]`),
    sql`${rows.map(({ tally }) => tally.latency.pack())}::bytea[]`,
    sql`${rows.map(({ tally }) => tally.firstToken.pack())}::bytea[]`,
  ];
  return sql`insert into muster.trace_figures (${COLUMNS}) select * from unnest(${joined(columns)})
    on conflict (project_no, grain, dimension, bucket, value) do update set ${OVERWRITE}`;
}

const valuesAt = (places: readonly Place[]): Sql =>
  placesOf(
    places,
    places.map(({ value }) => value),
  );

function placesOf(places: readonly Room[], values?: readonly string[]): Sql {
  const columns = [...placeArrays(places), ...(values === undefined ? [] : [sql`${values}::text[]`])];
  return sql`unnest(${joined(columns)}) as ${raw(`p (project_no, grain, dimension, bucket${values === undefined ? '' : ', value'})`)}`;
}

const placeArrays = (places: readonly Room[]): Sql[] => [
  sql`${places.map(({ projectNo }) => projectNo)}::int[]`,
  sql`${places.map(({ grain }) => grain)}::int[]`,
  sql`${places.map(({ dimension }) => dimensionNo(dimension))}::smallint[]`,
  sql`${places.map(({ bucket }) => new Date(bucket).toISOString())}::timestamptz[]`,
];

const joined = (parts: readonly Sql[]): Sql => parts.slice(1).reduce((all, part) => sql`${all}, ${part}`, parts[0] ?? sql``);

function placeOf({ project_no, grain, dimension, at, value }: PlaceRow): Place {
  return { projectNo: project_no, grain: grain as Grain, dimension: DIMENSIONS[dimension] ?? 'run_type', bucket: Math.round(at), value };
}
