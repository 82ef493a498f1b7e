-- muster: compatible-back-to 1
-- Beats that cost what has changed and not what there is: the agents of one host, and those of none, are found without a look
-- at the whole fleet. No beat changes these columns, so its updates stay HOT.
create index agent_leases_held on muster.agent_leases (host_id) where host_id is not null;
create index agent_leases_free on muster.agent_leases (agent_id) where host_id is null;

-- When an agent was last heard. A beat of its host counts for every agent that has reported under it at least once, whether
-- it had news or not.
create or replace view muster.fleet as
  select a.agent_id, a.agent_name, a.agent_type, a.state, a.slot_status, a.config, a.metadata, a.created_at, a.updated_at,
         case when l.host_id is not null
               and (h.host_id is null or h.status <> 'live' or h.expires_at < clock_timestamp())
               and pg_postmaster_start_time() < clock_timestamp() - interval '10 seconds'
              then 'lost' else l.status end as status,
         l.health_score,
         case when h.status = 'live' and l.last_heartbeat_at >= l.acquired_at then greatest(l.last_heartbeat_at, h.last_beat_at)
              else l.last_heartbeat_at end as last_heartbeat_at,
         l.host_id, l.epoch, l.acquired_at, l.error_count, l.run_count, l.last_error, l.reason
  from muster.agents a
  join muster.agent_leases l on l.agent_id = a.agent_id
  left join muster.hosts h on h.host_id = l.host_id;

-- What an agent's holder vouched for last stays known when the agent is taken from it or given back.
create function muster.keep_last_heartbeat() returns trigger language plpgsql as $$
begin
  if old.last_heartbeat_at >= old.acquired_at then
    new.last_heartbeat_at := greatest(new.last_heartbeat_at, (select h.last_beat_at from muster.hosts h where h.host_id = old.host_id));
  end if;
  return new;
end $$;
create trigger agent_leases_keep_heartbeat before update of host_id on muster.agent_leases
  for each row when (old.host_id is not null and new.host_id is distinct from old.host_id) execute function muster.keep_last_heartbeat();
