-- muster: compatible-back-to 17
-- A command that only says what is desired is done the moment it is inserted, by whatever means: an agent that nobody runs has
-- no host that would claim it. One that nobody would hear is refused.
create function muster.settle_command() returns trigger language plpgsql as $$
declare
  v_wanted text := case new.command when 'start' then 'active' when 'resume' then 'active' when 'stop' then 'inactive' when 'pause' then 'paused' end;
  v_state  text;
begin
  if v_wanted is not null then
    update muster.agents
    set state = v_wanted, slot_status = case when slot_status is null then null when v_wanted = 'inactive' then 'available' else 'occupied' end
    where agent_id = new.agent_id and state <> v_wanted;
    -- As it is now: a slot without an implementation stays inactive.
    select state into v_state from muster.agents where agent_id = new.agent_id;
    new.result := jsonb_build_object('state', v_state);
  elsif new.command = 'reconfigure' then
    update muster.agents set config = new.payload where agent_id = new.agent_id;
    new.result := jsonb_build_object('config', new.payload);
  else
    select state into v_state from muster.agents where agent_id = new.agent_id;
    if v_state = 'inactive' then
      raise exception 'agent % is inactive: nobody would hear "%"', new.agent_id, new.command
        using errcode = 'object_not_in_prerequisite_state', hint = 'Insert the command "start" first.';
    end if;
    return new;
  end if;
  new.state := 'done';
  new.finished_at := clock_timestamp();
  return new;
end $$;
create trigger commands_settle before insert on muster.commands
  for each row when (new.state = 'pending') execute function muster.settle_command();
