-- The truth of the fleet. Internals live in schema "muster"; the five tables of the public vocabulary
-- (agents, agent_heartbeats, performance_metrics, help_requests, system_state) are views in "public" that
-- plain SQL can read and write.
create schema if not exists muster;

-- Agents: what is desired. Nothing here changes with a beat.
create table muster.agents (
  agent_id    varchar(255) primary key check (agent_id <> ''),
  agent_name  varchar(255) not null,
  agent_type  varchar(100) not null,
  state       varchar(50)  not null default 'inactive' check (state in ('active', 'inactive', 'paused')),
  slot_status varchar(20)  check (slot_status in ('available', 'occupied')),
  config      jsonb        not null default '{}' check (jsonb_typeof(config) = 'object'),
  metadata    jsonb        not null default '{}' check (jsonb_typeof(metadata) = 'object'),
  created_at  timestamptz  not null default now(),
  updated_at  timestamptz  not null default now()
);

-- Hosts: one row a process, renewed by every beat. The row is the lock of every fenced write (see muster.fence):
-- a fenced write holds it FOR KEY SHARE, a beat updates it FOR NO KEY UPDATE (the two do not block each other),
-- and whoever takes an agent away from the host holds it FOR UPDATE, which waits for the fenced writes under way.
create table muster.hosts (
  host_id        uuid primary key,
  -- live: renews its lease. lost: its lease ran out and was taken. stopped: it left in good order.
  status         text        not null default 'live' check (status in ('live', 'lost', 'stopped')),
  hostname       text        not null,
  pid            int         not null,
  -- Names the process beyond doubt on its own machine: boot id, PID namespace, start time. A neighbour that
  -- sees it gone may certify the death and need not wait for the lease.
  process_key    text,
  version        text        not null,
  labels         jsonb       not null default '{}',
  capacity       int         not null check (capacity >= 0),
  load           jsonb       not null default '{}',
  started_at     timestamptz not null default clock_timestamp(),
  last_beat_at   timestamptz not null default clock_timestamp(),
  expires_at     timestamptz not null,
  stopped_at     timestamptz
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_threshold = 25, autovacuum_vacuum_cost_limit = 1000);

-- Agent leases: what is observed, one narrow row an agent, updated in one statement a host and beat.
-- No index but the key: HOT needs the changing columns unindexed (measured: 100% HOT at fillfactor 50 against 0%).
create table muster.agent_leases (
  agent_id          varchar(255) primary key references muster.agents on delete cascade,
  host_id           uuid,                            -- holder; null: nobody
  epoch             bigint      not null default 0,  -- counts the holders; the fencing token
  acquired_at       timestamptz,
  status            text        not null default 'stopped'
                    check (status in ('starting', 'running', 'degraded', 'stopping', 'stopped', 'crash_looping', 'lost')),
  health_score      real        check (health_score between 0 and 100),  -- null: not known yet
  last_heartbeat_at timestamptz,
  error_count       int         not null default 0,
  run_count         bigint      not null default 0,
  last_error        text,
  reason            text                             -- why the agent is not running, for people
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_threshold = 25, autovacuum_vacuum_cost_limit = 1000);

-- Leases on names: the coordinator's office and every job that one host at a time should do.
create table muster.leases (
  name        text primary key,
  host_id     uuid        not null,
  epoch       bigint      not null default 1,
  acquired_at timestamptz not null default clock_timestamp(),
  expires_at  timestamptz not null
) with (fillfactor = 50);

-- When the fleet last heard from any host. A gap means that the database was away or its clock jumped:
-- for one lease after it nobody is declared dead for being late.
create table muster.fleet_clock (
  singleton     boolean primary key default true check (singleton),
  last_tick_at  timestamptz not null default clock_timestamp(),
  grace_until   timestamptz not null default '-infinity'
) with (fillfactor = 50);
insert into muster.fleet_clock default values;

-- What happened, as noun:verb. tx tells a reader which events a snapshot of it had seen, so that none is skipped
-- although identities commit out of order.
create table muster.events (
  id       bigint generated always as identity,
  ts       timestamptz not null default clock_timestamp(),
  tx       xid8        not null default pg_current_xact_id(),
  type     text        not null check (type ~ '^[a-z_]+:[a-z_]+$'),
  agent_id varchar(255),
  host_id  uuid,
  epoch    bigint,
  data     jsonb       not null default '{}'
) partition by range (ts);
create index on muster.events (id);
create index on muster.events (tx);
create index on muster.events (agent_id, id) where agent_id is not null;

create table muster.commands (
  command_id   uuid primary key default gen_random_uuid(),
  agent_id     varchar(255) not null references muster.agents on delete cascade,
  command      text         not null check (command ~ '^[a-z][a-z_]*$'),
  payload      jsonb        not null default '{}',
  -- pending → running → done | failed; pending → expired
  state        text         not null default 'pending' check (state in ('pending', 'running', 'done', 'failed', 'expired')),
  dedupe_key   text,
  requested_by text         not null,
  created_at   timestamptz  not null default clock_timestamp(),
  expires_at   timestamptz  not null default clock_timestamp() + interval '1 hour',
  host_id      uuid,
  epoch        bigint,
  started_at   timestamptz,
  finished_at  timestamptz,
  result       jsonb,
  error        text
);
create unique index commands_dedupe_key on muster.commands (agent_id, dedupe_key) where dedupe_key is not null and state in ('pending', 'running');
create index commands_open on muster.commands (created_at) where state in ('pending', 'running');
create index commands_by_agent on muster.commands (agent_id, created_at desc);

create table muster.system_state (
  key        varchar(255) primary key check (key <> ''),
  value      jsonb        not null,
  updated_at timestamptz  not null default now(),
  updated_by varchar(255),
  revision   bigint       not null default 1
);

create table muster.help_requests (
  id         uuid primary key default gen_random_uuid(),
  user_id    varchar(255) not null,
  content    text         not null,
  context    jsonb,
  status     varchar(50)  not null default 'pending',
  created_at timestamptz  not null default now()
);
create index on muster.help_requests (user_id, created_at desc);
create index on muster.help_requests (status) where status = 'pending';

-- Heartbeat history: one row an agent and minute, one for each change of status.
create table muster.heartbeats (
  id           bigint generated by default as identity,
  agent_id     varchar(255) not null,
  "timestamp"  timestamptz  not null default now(),
  status       varchar(50)  not null,
  health_score numeric(5,2),
  metrics      jsonb
) partition by range ("timestamp");
create index on muster.heartbeats (agent_id, "timestamp");
create index on muster.heartbeats ("timestamp");

-- Refuses a write by a host that no longer holds what it writes for. Call it first in the writing transaction.
-- Two statements on purpose: the second sees what was committed while the first waited for the row.
create function muster.fence(p_host uuid, p_agents text[], p_epochs bigint[]) returns void
language plpgsql volatile as $$
declare
  stale text;
begin
  -- A host that freezes in the middle of a fenced transaction must not hold up its own replacement: half a default lease.
  perform set_config('idle_in_transaction_session_timeout', '4000', true);
  perform 1 from muster.hosts where host_id = p_host and status = 'live' and expires_at > clock_timestamp() for key share;
  if not found then
    raise exception 'host % does not hold a live lease', p_host using errcode = 'MU001';
  end if;
  select claimed.agent_id into stale
  from unnest(p_agents, p_epochs) as claimed (agent_id, epoch)
  left join muster.agent_leases l on l.agent_id = claimed.agent_id
  where l.host_id is distinct from p_host or l.epoch is distinct from claimed.epoch
  limit 1;
  if found then
    raise exception 'agent % is no longer held by host % at this epoch', stale, p_host using errcode = 'MU001';
  end if;
end $$;

-- Hosts whose lease has run out. None of them where the fleet itself was silent (the database was away, or its clock
-- jumped): then nobody is late, and every host has one lease of grace to be heard again. A beat from the future means
-- that the clock went back; after the grace its host has either beaten again or is gone.
create function muster.overdue_hosts(p_silence interval) returns setof uuid
language sql volatile as $$
  select h.host_id
  from muster.hosts h, muster.fleet_clock c
  where h.status = 'live'
    and (h.expires_at < clock_timestamp() or h.last_beat_at > clock_timestamp() + interval '1 second')
    and clock_timestamp() > c.grace_until
    and clock_timestamp() - c.last_tick_at between -interval '1 second' and p_silence
$$;

-- Takes the agents of these hosts away: marks the hosts lost and frees what they held. Each host's row is locked FOR
-- UPDATE first, which waits for its fenced writes under way; a host that another caller is taking is skipped. With
-- p_only_overdue the verdict is checked again on the locked row, so that a beat in the nick of time wins.
create function muster.take_hosts(p_hosts uuid[], p_only_overdue boolean, p_reason text) returns setof uuid
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
  with freed as (
    update muster.agent_leases l
    set host_id = null, status = 'lost', reason = p_reason
    from (select agent_id, host_id, epoch from muster.agent_leases where host_id = any (taken)) held
    where l.agent_id = held.agent_id
    returning held.agent_id, held.host_id, held.epoch
  )
  insert into muster.events (type, agent_id, host_id, epoch, data)
  select 'agent:lost', agent_id, host_id, epoch, jsonb_build_object('reason', p_reason) from freed;
  insert into muster.events (type, host_id, data)
  select 'host:lost', host_id, jsonb_build_object('reason', p_reason) from unnest(taken) as t (host_id);
  return query select unnest(taken);
end $$;

create function muster.touch_updated_at() returns trigger language plpgsql as $$
begin
  if new.updated_at is not distinct from old.updated_at then
    new.updated_at := now();
  end if;
  return new;
end $$;
create trigger agents_touch before update on muster.agents for each row execute function muster.touch_updated_at();

create function muster.touch_system_state() returns trigger language plpgsql as $$
begin
  new.revision := old.revision + 1;
  if new.updated_at is not distinct from old.updated_at then
    new.updated_at := now();
  end if;
  return new;
end $$;
create trigger system_state_touch before update on muster.system_state for each row execute function muster.touch_system_state();

-- Every agent has its lease row from the first moment, however it was inserted.
create function muster.add_agent_lease() returns trigger language plpgsql as $$
begin
  insert into muster.agent_leases (agent_id) values (new.agent_id) on conflict do nothing;
  return null;
end $$;
create trigger agents_add_lease after insert on muster.agents for each row execute function muster.add_agent_lease();

-- An agent as people see it: desired and observed in one row. An agent whose host has let its lease run out is lost, even
-- where no host is left to say so; not in the first seconds of a server that was away.
create view muster.fleet as
  select a.agent_id, a.agent_name, a.agent_type, a.state, a.slot_status, a.config, a.metadata, a.created_at, a.updated_at,
         case when l.host_id is not null
               and (h.host_id is null or h.status <> 'live' or h.expires_at < clock_timestamp())
               and pg_postmaster_start_time() < clock_timestamp() - interval '10 seconds'
              then 'lost' else l.status end as status,
         l.health_score, l.last_heartbeat_at, l.host_id, l.epoch, l.acquired_at, l.error_count, l.run_count, l.last_error, l.reason
  from muster.agents a
  join muster.agent_leases l on l.agent_id = a.agent_id
  left join muster.hosts h on h.host_id = l.host_id;

create view public.agents as
  select agent_id, agent_name, agent_type, state, created_at, updated_at, metadata, slot_status, config from muster.agents;
create view public.agent_heartbeats as
  select id, agent_id, "timestamp", status, health_score, metrics from muster.heartbeats;
create view public.help_requests as
  select id, user_id, content, context, status, created_at from muster.help_requests;
create view public.system_state as
  select key, value, updated_at, updated_by from muster.system_state;

-- The eight slots: inactive until somebody activates them.
insert into muster.agents (agent_id, agent_name, agent_type, state, slot_status, metadata)
values
  ('slot_business_intelligence', 'Business intelligence', 'slot', 'inactive', 'available', '{"purpose": "Advanced business analytics and reporting"}'),
  ('slot_security_monitor',      'Security monitor',      'slot', 'inactive', 'available', '{"purpose": "Security monitoring and compliance audits"}'),
  ('slot_data_processor',        'Data processor',        'slot', 'inactive', 'available', '{"purpose": "Bulk data processing and ETL pipelines"}'),
  ('slot_ml_analytics',          'ML analytics',          'slot', 'inactive', 'available', '{"purpose": "Machine-learning analytics and predictions"}'),
  ('slot_integration_hub',       'Integration hub',       'slot', 'inactive', 'available', '{"purpose": "External integration and API gateway"}'),
  ('slot_custom_agent',          'Custom agent',          'slot', 'inactive', 'available', '{"purpose": "Custom business logic and specialised tasks"}'),
  ('self_healing_agent',         'Self-healing agent',    'slot', 'inactive', 'available', '{"purpose": "Automated recovery and patching"}'),
  ('slot_placeholder_n',         'Placeholder',           'slot', 'inactive', 'available', '{"purpose": "Reserved for future expansion"}');
