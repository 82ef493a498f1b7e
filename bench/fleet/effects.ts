import type { Database } from '../../src/db/database.ts';
import { sql } from '../../src/db/sql.ts';
import type { Acquisition, Effect } from '../support/history.ts';

/** So that the time of a commit is known; and room for several fleets side by side, which no fleet needs. */
export const EFFECT_SETTINGS = { track_commit_timestamp: 'on', max_connections: '300' } as const;

/** What agents do, and every change of a holder: both with the time of their commit, whoever reads them and when. */
export async function createEffects(database: Database): Promise<void> {
  await database.query(sql`create table public.effects (
    id bigint generated always as identity primary key, agent_id text not null, host_id uuid not null, epoch bigint not null, seq int not null)`);
  await database.query(sql`create table public.acquisitions (agent_id text not null, host_id uuid not null, epoch bigint not null)`);
  await database.query(sql`create function public.note_acquisition() returns trigger language plpgsql as $$
    begin insert into public.acquisitions values (new.agent_id, new.host_id, new.epoch); return null; end $$`);
  await database.query(sql`create trigger note_acquisition after update on muster.agent_leases
    for each row when (new.epoch <> old.epoch) execute function public.note_acquisition()`);
}

export async function lastEffect(database: Database): Promise<number> {
  return (await database.one<{ id: number }>(sql`select coalesce(max(id), 0) as id from public.effects`))?.id ?? 0;
}

/** When each agent's first effect after `since` on another host than this was committed, milliseconds since 1970. */
export async function firstEffectsElsewhere(database: Database, since: number, host: string): Promise<readonly number[]> {
  const { rows } = await database.query<{ at: number }>(sql`
    select min(extract(epoch from pg_xact_commit_timestamp(xmin)) * 1000)::float8 as at
    from public.effects where id > ${since} and host_id <> ${host}::uuid group by agent_id`);
  return rows.map(({ at }) => at);
}

export async function readEffects(database: Database): Promise<readonly Effect[]> {
  const { rows } = await database.query<Effect>(sql`
    select agent_id as agent, host_id::text as host, epoch::float8 as epoch, seq,
      (extract(epoch from pg_xact_commit_timestamp(xmin)) * 1000)::float8 as at
    from public.effects`);
  return rows;
}

export async function readAcquisitions(database: Database): Promise<readonly Acquisition[]> {
  const { rows } = await database.query<Acquisition>(sql`
    select agent_id as agent, host_id::text as host, epoch::float8 as epoch,
      (extract(epoch from pg_xact_commit_timestamp(xmin)) * 1000)::float8 as at
    from public.acquisitions`);
  return rows;
}
