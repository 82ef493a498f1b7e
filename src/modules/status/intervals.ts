import type { Database, Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';
import type { Piece } from './availability.ts';
import type { Component, State } from './component.ts';

export const DAYS_SHOWN = 90;
const DAYS_KEPT = 400;

export interface Sighting {
  readonly component: string;
  readonly state: State;
  readonly inMaintenance: boolean;
}

/** Makes the table of components say what is shown, in this order. */
export async function writeComponents(tx: Queryable, components: readonly Component[]): Promise<void> {
  const given = JSON.stringify(components.map(({ key, name, optional }, position) => ({ key, name, position, optional })));
  await tx.query(sql`with given as (select * from jsonb_to_recordset(${given}::jsonb) as g(key text, name text, position integer, optional boolean)),
    written as (
      insert into muster.status_components as c (key, name, position, optional) select key, name, position, optional from given
      on conflict (key) do update set name = excluded.name, position = excluded.position, optional = excluded.optional, retired_at = null
      where (c.name, c.position, c.optional, c.retired_at) is distinct from (excluded.name, excluded.position, excluded.optional, null::timestamptz)
      returning key
    )
    update muster.status_components set retired_at = clock_timestamp()
    where retired_at is null and key not in (select key from given)`);
}

/**
 * Writes down how components stand now. One that stands as it did gets its interval moved on; the time since it was seen
 * last, `gapMs` at most, counts as what it was. After a longer one nobody knows: a new interval begins now.
 */
export async function recordSightings(tx: Queryable, sightings: readonly Sighting[], gapMs: number): Promise<void> {
  const given = JSON.stringify(
    sightings.map(({ component, state, inMaintenance }) => ({ component, state, in_maintenance: inMaintenance })),
  );
  await tx.query(sql`with moment as materialized (select clock_timestamp() as now),
    given as materialized (select * from jsonb_to_recordset(${given}::jsonb) as g(component text, state text, in_maintenance boolean)),
    newest as materialized (
      select distinct on (i.component) i.* from muster.status_intervals i join given using (component) order by i.component, i.since desc
    ),
    moved as (
      update muster.status_intervals i set until = greatest(i.until, moment.now)
      from moment, given g join newest n using (component)
      where i.component = n.component and i.since = n.since and moment.now - n.until <= ${gapMs} * interval '1 millisecond'
      returning i.component
    )
    insert into muster.status_intervals (component, since, until, state, in_maintenance)
    select g.component, moment.now, moment.now, g.state, g.in_maintenance
    from moment, given g left join newest n using (component)
    where n.component is null or moment.now - n.until > ${gapMs} * interval '1 millisecond'
      or (n.state, n.in_maintenance) is distinct from (g.state, g.in_maintenance)
    on conflict (component, since) do nothing`);
}

/**
 * The database was found away at `noticedAt`, and whoever looked knows: the time from the last sighting until now is no riddle.
 * Nothing where somebody has seen the component since.
 */
export async function recordOutage(tx: Queryable, component: string, noticedAt: number): Promise<void> {
  await tx.query(sql`insert into muster.status_intervals (component, since, until, state)
    select n.component, n.until, clock_timestamp(), 'down' from (
      select component, until from muster.status_intervals where component = ${component} order by since desc limit 1) n
    where n.until <= to_timestamp(${noticedAt}::float8 / 1000)
    on conflict do nothing`);
}

/** Folds days that are over into one row a day and state, and forgets those nobody asks for. */
export async function foldDays(tx: Queryable): Promise<void> {
  await tx.query(sql`with bound as materialized (
      select (date_trunc('day', clock_timestamp() at time zone 'UTC') - interval '2 days') at time zone 'UTC' as before
    ), past as (
      delete from muster.status_intervals i using bound where i.until <= bound.before returning i.*
    )
    insert into muster.status_days as d (component, day, state, in_maintenance, ms)
    select component, day, state, in_maintenance, sum(ms) from (${piecesOf('past')}) p group by 1, 2, 3, 4
    on conflict (component, day, state, in_maintenance) do update set ms = d.ms + excluded.ms`);
  await tx.query(sql`delete from muster.status_days where day < current_date - ${DAYS_KEPT}::int`);
}

/** Intervals cut at midnight UTC. */
const piecesOf = (table: 'past' | 'muster.status_intervals') => ({
  text: `select i.component, d.day::date as day, i.state, i.in_maintenance,
      round(extract(epoch from least(i.until, (d.day + interval '1 day') at time zone 'UTC') - greatest(i.since, d.day at time zone 'UTC')) * 1000)::bigint as ms
    from ${table} i cross join lateral generate_series(
      date_trunc('day', i.since at time zone 'UTC'), date_trunc('day', i.until at time zone 'UTC'), interval '1 day') as d(day)`,
  values: [],
});

export interface StoredComponent {
  readonly key: string;
  readonly name: string;
  readonly begunAt: number;
  readonly state: State | null;
  readonly inMaintenance: boolean;
  /** How far its state is known; null: never seen. */
  readonly seenAt: number | null;
  /** Since when it has stood so. */
  readonly since: number | null;
}

/** The components that are shown, and how each stood when it was seen last. */
export async function readComponents(db: Database): Promise<readonly StoredComponent[]> {
  const { rows } = await db.query<StoredComponent>(sql`select c.key, c.name, (extract(epoch from c.created_at) * 1000)::float8 as "begunAt",
      n.state, coalesce(n.in_maintenance, false) as "inMaintenance", (extract(epoch from n.until) * 1000)::float8 as "seenAt",
      (extract(epoch from n.since) * 1000)::float8 as since
    from muster.status_components c left join lateral (
      select * from muster.status_intervals i where i.component = c.key order by since desc limit 1) n on true
    where c.retired_at is null and (not c.optional or n.until > clock_timestamp() - interval '1 day') order by c.position, c.key`);
  return rows;
}

/** What was recorded of the last {@link DAYS_SHOWN} days, by component. */
export async function readPieces(db: Database): Promise<ReadonlyMap<string, readonly Piece[]>> {
  const { rows } = await db.query<{
    readonly component: string;
    readonly day: string;
    readonly state: State;
    readonly in_maintenance: boolean;
    readonly ms: number;
  }>(
    sql`select component, to_char(day, 'YYYY-MM-DD') as day, state, in_maintenance, sum(ms)::float8 as ms from (
        select component, day, state, in_maintenance, ms from muster.status_days
        union all ${piecesOf('muster.status_intervals')}
      ) p where day > (clock_timestamp() at time zone 'UTC')::date - ${DAYS_SHOWN}::int and ms > 0 group by 1, 2, 3, 4`,
  );
  const byComponent = new Map<string, Piece[]>();
  for (const { component, day, state, in_maintenance: inMaintenance, ms } of rows)
    byComponent.set(component, [...(byComponent.get(component) ?? []), { day, state, inMaintenance, ms }]);
  return byComponent;
}
