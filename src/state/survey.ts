import { hostId, type HostId } from '../base/ids.ts';
import type { Queryable } from '../db/database.ts';
import { raw, sql } from '../db/sql.ts';
import type { DesiredOfHost } from './hosts.ts';
import { FUTURE_BEAT } from './hosts.ts';
import { mayRun } from './placement.ts';

export interface SurveyedHost {
  readonly hostId: HostId;
  /** 0 for one that is leaving. */
  readonly capacity: number;
  /** Agents it holds; counted when the survey counts. */
  readonly agents: number;
  /** What part of an even share it can carry, as it measures itself: 1 for all of it, 0 for a host that is leaving. */
  readonly weight: number;
  readonly desired: DesiredOfHost;
  /** How long its last beat took, milliseconds. */
  readonly beatMs: number | null;
  readonly processKey: string | null;
  /** Its death shows by the end of its connections. */
  readonly watchable: boolean;
  /** Its lease has run out, or its last beat lies in the future because the clock went back; and nobody has taken it yet. */
  readonly overdue: boolean;
  /** Until its lease runs out unless it beats, milliseconds. */
  readonly expiresInMs: number;
}

/** What a host needs to know to find out whether there is anything to do. */
export interface Survey {
  /** Changes when the desired row of an agent that this host holds changed, came or went. */
  readonly heldDigest: string;
  /** Active agents of the fleet, whoever holds them; counted when the survey counts. */
  readonly active: number;
  /** Active agents of the asked types that nobody holds and this host may run. */
  readonly claimable: number;
  /** Commands wait for agents this host holds, or were given to it and are not finished. */
  readonly commands: boolean;
  readonly hosts: readonly SurveyedHost[];
  /** Agents have a holder that is no more: their rows were locked when it ended. */
  readonly adrift: boolean;
  /** How far runs are stretched to spare the database: 0 (not at all) to 3. */
  readonly shedLevel: number;
}

interface SurveyRow {
  readonly held: number;
  readonly digest: string;
  readonly active: number;
  readonly claimable: number;
  readonly commands: boolean;
  readonly adrift: boolean;
  readonly shed_level: number;
  readonly hosts: readonly {
    host_id: string;
    capacity: number;
    agents: number;
    weight: number;
    beat_ms: number | null;
    desired: DesiredOfHost;
    process_key: string | null;
    watchable: boolean;
    overdue: boolean;
    expires_in_ms: number;
  }[];
}

/**
 * One look at the fleet in one statement, so that an idle host asks one question a beat and not five. What concerns the fleet
 * as a whole is counted only where agents wait to be claimed, or with `count`: a host at rest looks at its own agents alone.
 * A row version's xmin changes with every update, by whatever means, and so tells a change that touched no column we would
 * have compared. Hashed with agent and epoch: agents made in one transaction share it, and one that came for one that went
 * must show too.
 */
export async function surveyFleet(
  on: Queryable,
  host: HostId,
  types: readonly string[],
  options: { readonly count?: boolean } = {},
): Promise<Survey> {
  const { rows } = await on.query<SurveyRow>(
    // Not prepared: a plan that was made while the tables were small is kept as they grow (10,000 agents: 1.4 s instead of 42 ms).
    sql`with me as (
        select labels, types from muster.hosts where host_id = ${host}::uuid
      ), unheld as materialized (
        -- On its own, so that the planner begins with these few whatever it believes of the tables.
        select * from muster.agent_leases where host_id is null
      ), free as materialized (
        select count(*)::int as claimable
        from unheld l join muster.agents a using (agent_id)
        where a.state = 'active' and a.agent_type = any (${types}::text[])
          and ${mayRun(host, raw('l'))}
      ), counting as materialized (
        select ${options.count ?? false}::boolean or claimable > 0 as wanted from free
      ), holders as (
        select host_id, count(*) as agents from muster.agent_leases where host_id is not null and (select wanted from counting) group by host_id
      ), live as (
        select h.host_id, case when (h.load->>'leaving')::boolean then 0 else h.capacity end as capacity, h.process_key,
          h.sessions is not null as watchable, coalesce(s.agents, 0) as agents, h.desired,
          h.expires_at < clock_timestamp() or h.last_beat_at > clock_timestamp() + ${FUTURE_BEAT} as overdue,
          (extract(epoch from h.expires_at - clock_timestamp()) * 1000)::float8 as expires_in_ms,
          case when (h.load->>'leaving')::boolean then 0 else coalesce((h.load ->> 'weight')::float8, 1) end as weight,
          (h.load ->> 'beatSeconds')::float8 * 1000 as beat_ms
        from muster.hosts h left join holders s using (host_id) where h.status = 'live'
      ), mine as (
        select count(*)::int as held, coalesce(sum(hashint8extended(a.xmin::text::bigint, hashtextextended(a.agent_id, l.epoch))), 0)::text as digest
        from muster.agent_leases l join muster.agents a using (agent_id) where l.host_id = ${host}::uuid
      )
      select free.claimable, mine.held, mine.digest,
        (select count(*)::int from muster.agents where state = 'active' and (select wanted from counting)) as active,
        exists (select from muster.commands c join muster.agent_leases l using (agent_id)
                where l.host_id = ${host}::uuid
                  and (c.state = 'pending' or (c.state = 'running' and c.host_id = l.host_id and c.epoch = l.epoch))) as commands,
        muster.any_adrift() as adrift,
        -- One that lies far ahead was said before the clock went back: it would not end in days.
        coalesce((select shed_level from muster.fleet_clock
                  where shed_until between clock_timestamp() and clock_timestamp() + interval '2 minutes'), 0) as shed_level,
        coalesce((select json_agg(live) from live), '[]') as hosts
      from free, mine`,
  );
  const row = rows[0];
  if (row === undefined) return { heldDigest: '', active: 0, claimable: 0, commands: false, hosts: [], adrift: false, shedLevel: 0 };
  return {
    heldDigest: `${row.held}:${row.digest}`,
    active: row.active,
    claimable: row.claimable,
    commands: row.commands,
    adrift: row.adrift,
    shedLevel: row.shed_level,
    hosts: row.hosts.map((h) => ({
      hostId: hostId(h.host_id),
      capacity: h.capacity,
      agents: h.agents,
      weight: h.desired === 'run' ? h.weight : 0,
      desired: h.desired,
      beatMs: h.beat_ms,
      processKey: h.process_key,
      watchable: h.watchable,
      overdue: h.overdue,
      expiresInMs: h.expires_in_ms,
    })),
  };
}
