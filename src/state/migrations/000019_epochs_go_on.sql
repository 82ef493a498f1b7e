-- muster: compatible-back-to 3
-- Epochs that never begin again, and take-overs that a forgotten transaction does not hold up.

-- As far as the epochs of deleted agents went: an agent that is made, or made anew under its name, counts on from here. A
-- sequence and not a row: a row would stay locked until the transaction that deletes has ended, and all other deletes with
-- it; and a sequence is seen as it is, whatever snapshot the reader has. It never goes back, not even with a rollback.
create sequence muster.epochs_gone minvalue 0 start 0;

-- nextval and not setval: two that set it at once could leave the lower one. Epochs are small, and only the distance is walked.
create function muster.keep_epoch() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
  if (select last_value from muster.epochs_gone) < old.epoch then
    while nextval('muster.epochs_gone') < old.epoch loop
    end loop;
  end if;
  return null;
end $$;
create trigger agent_leases_keep_epoch after delete on muster.agent_leases for each row execute function muster.keep_epoch();

-- Runs after the new agent's key was waited for: who deleted the former one has committed, and its epoch is in.
create or replace function muster.add_agent_lease() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into muster.agent_leases (agent_id, epoch) select new.agent_id, last_value from muster.epochs_gone on conflict do nothing;
  return null;
end $$;

-- The first term of an agent is no longer told by its number.
alter table muster.terms add column is_first boolean not null default false;
update muster.terms set is_first = true where epoch = 1;

create or replace function muster.record_term() returns trigger language plpgsql as $$
begin
  if old.host_id is not null then
    update muster.terms set ended_at = clock_timestamp(), end_status = new.status, end_reason = new.reason
    where agent_id = old.agent_id and epoch = old.epoch and ended_at is null;
  end if;
  if new.host_id is not null then
    insert into muster.terms (agent_id, epoch, host_id, hostname, acquired_at, before_status, before_reason, is_first)
    values (new.agent_id, new.epoch, new.host_id, (select hostname from muster.hosts where host_id = new.host_id),
            coalesce(new.acquired_at, clock_timestamp()), old.status, old.reason, old.acquired_at is null)
    on conflict (agent_id, epoch) do nothing;
  end if;
  return null;
end $$;

-- Takes the agents of these hosts away: marks the hosts lost and frees what they held. Each host's row is locked FOR UPDATE
-- first. A host whose row somebody else has locked is skipped and found again by the next look: another caller takes it, or
-- one of its own fenced writes is under way, which ends by itself in seconds. With p_only_overdue the verdict is checked again
-- on the locked row, so that a beat in the nick of time wins.
-- An agent whose row somebody else has locked (a person's open transaction in psql) stays behind, with a holder that is no
-- more: muster.free_adrift. Its fence is closed already, and the others need not wait for it.
create or replace function muster.take_hosts(p_hosts uuid[], p_only_overdue boolean, p_reason text) returns setof uuid
language plpgsql volatile as $$
declare
  taken uuid[];
begin
  select array_agg(host_id) into taken from (
    select host_id from muster.hosts
    where host_id = any (p_hosts) and status = 'live'
      and (not p_only_overdue or expires_at < clock_timestamp() or last_beat_at > clock_timestamp() + interval '1 second')
    order by host_id
    for update skip locked
  ) locked;
  if taken is null then
    return;
  end if;
  update muster.hosts set status = 'lost', stopped_at = clock_timestamp() where host_id = any (taken);
  -- A statement of its own: it sees what the hosts claimed until the lock was ours.
  with held as materialized (
    select agent_id, host_id, epoch from muster.agent_leases where host_id = any (taken) for update skip locked
  ), freed as (
    update muster.agent_leases l
    set host_id = null, status = 'lost', reason = p_reason
    from held
    where l.agent_id = held.agent_id
    returning held.agent_id, held.host_id, held.epoch
  )
  insert into muster.events (type, agent_id, host_id, epoch, data)
  select 'agent:lost', agent_id, host_id, epoch, jsonb_build_object('reason', p_reason) from freed;
  insert into muster.events (type, host_id, data)
  select 'host:lost', host_id, jsonb_build_object('reason', p_reason) from unnest(taken) as t (host_id);
  return query select unnest(taken);
end $$;

-- Whether any agent has a holder that is no more. Goes from holder to holder through the index of what is held, so that it
-- costs a few microseconds a host and not a look at ten thousand agents. No flag, which whoever changes a host could forget to set.
-- The settings: a plan from while the tables were small is kept, and would sort them all for each holder as they grow.
create function muster.any_adrift() returns boolean
language plpgsql stable set enable_seqscan = off set enable_bitmapscan = off as $$
declare
  holder uuid;
begin
  select host_id into holder from muster.agent_leases where host_id is not null order by host_id limit 1;
  while holder is not null loop
    if not exists (select from muster.hosts where host_id = holder and status = 'live') then
      return true;
    end if;
    select host_id into holder from muster.agent_leases where host_id > holder order by host_id limit 1;
  end loop;
  return false;
end $$;

-- Frees them, but for those whose rows are still locked. A host that has ended never comes back to life, and its fenced
-- writes were waited for when it ended: no lock on its row is needed. Returns how many.
create function muster.free_adrift() returns int
language plpgsql volatile as $$
declare
  freed int;
begin
  with adrift as materialized (
    select l.agent_id, l.host_id, l.epoch, h.status
    from muster.agent_leases l left join muster.hosts h on h.host_id = l.host_id
    where l.host_id is not null and h.status is distinct from 'live'
    for update of l skip locked
  ), freed as (
    update muster.agent_leases l
    set host_id = null, status = case a.status when 'stopped' then 'stopped' else 'lost' end,
      reason = case a.status when 'stopped' then 'its host stopped' else 'its host was lost, and a transaction held up the agent' end
    from adrift a
    where l.agent_id = a.agent_id and l.host_id = a.host_id and l.epoch = a.epoch
    returning l.agent_id, a.host_id, l.epoch, l.status, l.reason
  ), told as (
    insert into muster.events (type, agent_id, host_id, epoch, data)
    select 'agent:lost', agent_id, host_id, epoch, jsonb_build_object('reason', reason) from freed where status = 'lost'
  )
  select count(*)::int into freed from freed;
  return freed;
end $$;
