import type { AgentId, HostId } from '../base/ids.ts';
import { named, raw, sql, type Sql } from '../db/sql.ts';
import type { AgentBeat, HostLoad } from './hosts.ts';
import { mayRun } from './placement.ts';

/** Agents as columns, for unnest: one parameter a column however many agents (4 µs a row in Node against 5.6 for VALUES). */
function columns(agents: readonly AgentBeat[]): Sql {
  return sql`unnest(
    ${agents.map((a) => a.agentId)}::text[], ${agents.map((a) => a.epoch)}::bigint[], ${agents.map((a) => a.status)}::text[],
    ${agents.map((a) => a.healthScore)}::real[], ${agents.map((a) => a.errorCount)}::int[], ${agents.map((a) => a.runCount)}::bigint[],
    ${agents.map((a) => a.lastError)}::text[], ${agents.map((a) => a.reason)}::text[],
    ${agents.map((a) => a.tickBegun ?? null)}::float8[], ${agents.map((a) => a.tickDone ?? null)}::float8[]
  ) as b (agent_id, epoch, status, health_score, error_count, run_count, last_error, reason, tick_begun, tick_done)`;
}

/** A report that was overtaken takes no tick back; only one from the future, of a clock that has been set back since, is forgotten. */
const ticks = (report: Sql): Sql => sql`
  tick_begun = greatest(case when l.tick_begun < clock_timestamp() + interval '1 minute' then l.tick_begun end, to_timestamp(${report}.tick_begun / 1000)),
  tick_done = greatest(case when l.tick_done < clock_timestamp() + interval '1 minute' then l.tick_done end, to_timestamp(${report}.tick_done / 1000))`;

/**
 * One beat: renews the lease while the host is live (late is not too late, as long as nobody has taken it), ticks the fleet
 * clock at most once a second, writes what these agents report at their epochs, and keeps history: a row for each change of status
 * and one a minute. No changed column is indexed, so every update is HOT. Of the agents held it tells a sum over their ids and
 * epochs, so that a host need not send a thousand of them to learn that they are still its own.
 *
 * It waits for no agent: one whose row somebody has locked, in psql and gone for lunch, would cost the host its lease, and the
 * fleet its clock, which a beat that waits keeps locked.
 */
export function beatStatement(host: HostId, leaseMs: number, silenceMs: number, load: HostLoad, beats: readonly AgentBeat[]): Sql {
  // Well below the silence that opens a grace period, or a short lease would never see the clock tick in time.
  const tickMs = Math.min(1_000, silenceMs / 4);
  const statement = sql`with me as (
      update muster.hosts set expires_at = clock_timestamp() + ${leaseMs}::float8 * interval '1 millisecond',
        last_beat_at = clock_timestamp(), load = ${JSON.stringify(load)}::jsonb
      where host_id = ${host}::uuid and status = 'live'
      returning host_id
    ), tick as (
      update muster.fleet_clock c set last_tick_at = clock_timestamp(),
        grace_until = case
          when clock_timestamp() - c.last_tick_at not between -interval '1 second' and ${silenceMs}::float8 * interval '1 millisecond'
          then clock_timestamp() + ${leaseMs}::float8 * interval '1 millisecond'
          -- A clock that went back by hours must not leave a grace that long behind.
          else least(c.grace_until, clock_timestamp() + ${leaseMs}::float8 * interval '1 millisecond') end
      where exists (select from me)
        and clock_timestamp() - c.last_tick_at not between interval '0' and ${tickMs}::float8 * interval '1 millisecond'
    ), current as materialized (
      select b.*, l.status is distinct from b.status
          or date_trunc('minute', l.last_heartbeat_at) is distinct from date_trunc('minute', clock_timestamp()) as record
      from me, ${columns(beats)}
      join muster.agent_leases l on l.agent_id = b.agent_id
      where l.host_id = me.host_id and l.epoch = b.epoch
      for no key update of l skip locked
    ), written as (
      update muster.agent_leases l
      set status = c.status, health_score = c.health_score, last_heartbeat_at = clock_timestamp(), error_count = c.error_count,
        run_count = c.run_count, last_error = c.last_error, reason = c.reason, ${ticks(sql`c`)}
      from current c
      where l.agent_id = c.agent_id and l.host_id = ${host}::uuid and l.epoch = c.epoch
      returning l.agent_id, l.status, l.health_score, l.error_count, l.run_count, c.record
    ), history as (
      insert into muster.heartbeats (agent_id, "timestamp", status, health_score, metrics)
      select agent_id, clock_timestamp(), status, health_score, jsonb_build_object('error_count', error_count, 'run_count', run_count)
      from written where record
    ), unwritten as (
      select b.agent_id, exists (
          select from muster.agent_leases l where l.agent_id = b.agent_id and l.host_id = ${host}::uuid and l.epoch = b.epoch) as held
      from unnest(${beats.map((b) => b.agentId)}::text[], ${beats.map((b) => b.epoch)}::bigint[]) as b (agent_id, epoch)
      where not exists (select from written w where w.agent_id = b.agent_id)
    )
    select exists (select from me) as held,
      array(select agent_id from unwritten where not held) as lost,
      array(select agent_id from unwritten where held) as untold,
      (select count(*) || ':' || coalesce(sum(hashtextextended(l.agent_id, l.epoch)), 0)
       from muster.agent_leases l where l.host_id = ${host}::uuid) as holding,
      (extract(epoch from clock_timestamp()) * 1000)::float8 as at`;
  // Prepared only where it joins nothing: a plan that was made while the tables were small is kept as they grow.
  return beats.length === 0 ? named('muster-beat-without-news', statement) : statement;
}

/**
 * Takes agents nobody holds and this host may run, one at most of each anti-affinity group: members passed over are taken by
 * other hosts. The host's own row is locked FOR KEY SHARE: a host that is being declared lost takes nothing, nor does one that
 * is told to leave. The materialised expression keeps the planner from running the locking query more than once.
 */
export function claimStatement(host: HostId, types: readonly string[], limit: number, except: readonly AgentId[]): Sql {
  return sql`with me as materialized (
      select host_id, labels, types from muster.hosts
      where host_id = ${host} and status = 'live' and desired = 'run' and expires_at > clock_timestamp() for key share
    ), free as materialized (
      select free.agent_id, muster.placement_of((select me.types from me), a.agent_type, a.metadata) ->> 'anti_affinity' as anti_affinity
      from muster.agent_leases free
      join muster.agents a on a.agent_id = free.agent_id
      where free.host_id is null and a.state = 'active' and a.agent_type = any (${types}::text[]) and ${mayRun(host, raw('free'))}
        and free.agent_id <> all (${except}::text[])
      order by free.agent_id
      limit ${limit}
      for update of free skip locked
    )
    update muster.agent_leases l
    set host_id = me.host_id, epoch = l.epoch + 1, acquired_at = clock_timestamp(), status = 'starting', reason = null
    from me
    where l.host_id is null and l.agent_id = any (array(
      select distinct on (anti_affinity, case when anti_affinity is null then agent_id end) agent_id
      from free order by anti_affinity, case when anti_affinity is null then agent_id end, agent_id
    ))
    returning l.agent_id`;
}

/**
 * Gives agents back at their epochs. FOR UPDATE on the host's row waits for its fenced writes under way; agents whose rows
 * somebody else has locked are not waited for, but told: the host's beats and writes would wait as well.
 */
export function releaseStatement(host: HostId, agents: readonly AgentBeat[]): Sql {
  return sql`with me as materialized (
      select host_id from muster.hosts where host_id = ${host} for update
    ), mine as materialized (
      select b.* from me, ${columns(agents)}
      join muster.agent_leases l on l.agent_id = b.agent_id
      where l.host_id = me.host_id and l.epoch = b.epoch
      for no key update of l skip locked
    ), released as (
      update muster.agent_leases l
      set host_id = null, status = b.status, health_score = b.health_score, last_heartbeat_at = clock_timestamp(),
        error_count = b.error_count, run_count = b.run_count, last_error = b.last_error, reason = b.reason, ${ticks(sql`b`)}
      from mine b
      where l.agent_id = b.agent_id and l.host_id = ${host}::uuid and l.epoch = b.epoch
      returning l.agent_id
    )
    select l.agent_id
    from unnest(${agents.map((a) => a.agentId)}::text[], ${agents.map((a) => a.epoch)}::bigint[]) as b (agent_id, epoch)
    join muster.agent_leases l on l.agent_id = b.agent_id and l.host_id = ${host}::uuid and l.epoch = b.epoch
    where not exists (select from released r where r.agent_id = b.agent_id)`;
}
