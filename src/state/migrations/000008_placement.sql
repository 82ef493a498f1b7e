-- muster: compatible-back-to 3
-- Where agents may run, what is desired of hosts, and how far the fleet is slowed down.

alter table muster.hosts
  -- What an operator wants of the host; it sees this with its next survey and obeys.
  add column desired text not null default 'run' check (desired in ('run', 'drain', 'stop', 'restart')),
  add column desired_by text,
  add column desired_at timestamptz,
  -- The types it runs, each with where its agents run unless they say otherwise. Null: a program from before, which runs it does not say what.
  add column types jsonb check (jsonb_typeof(types) = 'object');

alter table muster.fleet_clock
  -- How far runs are stretched to spare the database. It ends by itself where nobody says it anew: a dead leader slows nobody.
  add column shed_level smallint not null default 0 check (shed_level between 0 and 3),
  add column shed_until timestamptz not null default '-infinity';

-- Where an agent may run: what its type says, and over it what it says itself in metadata.placement. Null takes a default away.
create function muster.placement_of(p_types jsonb, p_type text, p_metadata jsonb) returns jsonb
language sql immutable parallel safe as $$
  select coalesce(p_types -> p_type, '{}') || case jsonb_typeof(p_metadata -> 'placement') when 'object' then p_metadata -> 'placement' else '{}' end
$$;

create function muster.labels_fit(p_labels jsonb, p_placement jsonb) returns boolean
language sql immutable parallel safe as $$
  select p_labels @> case jsonb_typeof(p_placement -> 'labels') when 'object' then p_placement -> 'labels' else '{}' end
$$;

-- The anti-affinity groups of which a host holds an agent.
create function muster.groups_on(p_host uuid) returns setof text
language sql stable as $$
  select distinct held.anti_affinity
  from muster.hosts h
  join muster.agent_leases l on l.host_id = h.host_id
  join muster.agents a on a.agent_id = l.agent_id
  cross join lateral (select muster.placement_of(h.types, a.agent_type, a.metadata) ->> 'anti_affinity') as held (anti_affinity)
  where h.host_id = p_host and held.anti_affinity is not null
$$;

-- Said where it is written, by whatever means: later an agent would only wait.
create function muster.check_placement() returns trigger language plpgsql as $$
declare
  placement jsonb := new.metadata -> 'placement';
  wrong     text;
begin
  if jsonb_typeof(placement) = 'null' then
    return new;
  elsif jsonb_typeof(placement) <> 'object' then
    wrong := 'is no object';
  elsif exists (select from jsonb_object_keys(placement) as k where k not in ('labels', 'anti_affinity')) then
    wrong := 'has a member other than labels and anti_affinity';
  elsif jsonb_typeof(coalesce(placement -> 'labels', '{}')) not in ('object', 'null') then
    wrong := 'has labels that are no object';
  elsif jsonb_typeof(placement -> 'labels') = 'object'
      and exists (select from jsonb_each(placement -> 'labels') as l where jsonb_typeof(l.value) <> 'string') then
    wrong := 'has a label whose value is no text';
  elsif jsonb_typeof(coalesce(placement -> 'anti_affinity', '""')) not in ('string', 'null') or length(placement ->> 'anti_affinity') not between 1 and 100 then
    wrong := 'has an anti_affinity that is not the name of a group, 1 to 100 characters';
  end if;
  if wrong is not null then
    raise invalid_parameter_value using message = format('metadata.placement of agent %s %s', new.agent_id, wrong),
      hint = 'Write it as {"labels": {"zone": "a"}, "anti_affinity": "payments"}; both may be left out.';
  end if;
  return new;
end $$;
create trigger agents_check_placement before insert or update of metadata on muster.agents
for each row when (new.metadata ? 'placement') execute function muster.check_placement();
