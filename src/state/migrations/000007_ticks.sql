-- muster: compatible-back-to 3
-- How far each agent is with the ticks of its schedule. The columns change with beats, so no index: HOT needs them without.
alter table muster.agent_leases
  add column tick_begun    timestamptz,   -- the last tick whose run began
  add column tick_done     timestamptz,   -- up to here nothing is owed; before tick_begun: that run has not come to its end
  add column tick_schedule text;          -- whose ticks were claimed last

-- Since when an agent has been wanted to run: ticks from before are not made up.
alter table muster.agents add column active_since timestamptz not null default clock_timestamp();

create function muster.touch_active_since() returns trigger language plpgsql as $$
begin
  new.active_since := clock_timestamp();
  return new;
end $$;
create trigger agents_active_since before update of state on muster.agents
  for each row when (new.state = 'active' and old.state <> 'active') execute function muster.touch_active_since();
