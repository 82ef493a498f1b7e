-- muster: compatible-back-to 3
-- Implementations: the code of slots, which every host may come to run. Only an administrator adds one. Code is never
-- changed: what changes has another hash and is another row, and the newest of a name is what the name means.
create table muster.implementations (
  name          text         not null check (name ~ '^[a-z][a-z0-9_]{0,99}$'),
  hash          text         not null check (hash ~ '^[0-9a-f]{64}$'),  -- SHA-256 of the code
  code          text         not null,
  manifest      jsonb        not null,                                  -- what agent it is: read from the code once, when it came
  registered_by text         not null,
  registered_at timestamptz  not null default clock_timestamp(),
  primary key (name, hash)
);

-- What each slot runs, or why it does not. Derived from agents by the triggers below, and never written by hand.
create table muster.slots (
  agent_id       varchar(255) primary key references muster.agents on delete cascade,
  implementation text,
  hash           text,
  refusal        text,        -- why the slot is inactive although somebody activated it
  check ((implementation is null) = (hash is null)),
  foreign key (implementation, hash) references muster.implementations (name, hash)
);
create index on muster.slots (implementation, hash) where implementation is not null;

-- The hash that "name" or "name@hash" (8 digits or more of it) means now; null: none is registered.
create function muster.implementation_hash(p_named text) returns text
language sql stable as $$
  select hash from muster.implementations
  where name = split_part(p_named, '@', 1)
    and (p_named !~ '@' or (p_named ~ '@[0-9a-f]{8,64}$' and starts_with(hash, split_part(p_named, '@', 2))))
  order by registered_at desc, hash
  limit 1
$$;

-- Whoever names an implementation and whoever registers one take turns: a slot never keeps a version that had been
-- replaced before it was activated. A lock on the name and not on a row, because the row may not be there yet.
create function muster.implementation_key(p_named text) returns bigint
language sql immutable as $$ select hashtextextended('muster implementation ' || split_part(p_named, '@', 1), 0) $$;

-- Keeps a slot honest, however its row is written: active only with a registered implementation, occupied only while it is
-- active. In the rights of its owner, so that who may write agents need not be able to read the code.
create function muster.settle_slot() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_named   text := new.metadata ->> 'implementation';
  v_hash    text;
  v_refusal text;
begin
  if new.agent_type <> 'slot' then
    -- An agent of another type that somebody keeps as a slot: the two columns say the same.
    new.slot_status := case when new.slot_status is not null then case new.state when 'inactive' then 'available' else 'occupied' end end;
    delete from muster.slots where agent_id = new.agent_id;
    return new;
  end if;
  if new.state = 'inactive' then
    new.slot_status := 'available';
    update muster.slots
    set implementation = null, hash = null,
      refusal = case when old.state = 'inactive' and (old.metadata ->> 'implementation') is not distinct from v_named then refusal end
    where agent_id = new.agent_id;
    return new;
  end if;
  if v_named is not null then
    perform pg_advisory_xact_lock_shared(muster.implementation_key(v_named));
    v_hash := muster.implementation_hash(v_named);
  end if;
  if v_hash is not null then
    new.slot_status := 'occupied';
    insert into muster.slots as s (agent_id, implementation, hash) values (new.agent_id, split_part(v_named, '@', 1), v_hash)
    on conflict (agent_id) do update set implementation = excluded.implementation, hash = excluded.hash, refusal = null
    where (s.implementation, s.hash, s.refusal) is distinct from (excluded.implementation, excluded.hash, null);
    return new;
  end if;
  v_refusal := case when v_named is null then 'no implementation is named'
                    else format('the implementation "%s" is not registered', left(v_named, 200)) end;
  new.state := 'inactive';
  new.slot_status := 'available';
  insert into muster.slots (agent_id, refusal) values (new.agent_id, v_refusal)
  on conflict (agent_id) do update set implementation = null, hash = null, refusal = excluded.refusal;
  insert into muster.events (type, agent_id, data)
  values ('agent:activation_refused', new.agent_id, jsonb_build_object('reason', v_refusal, 'implementation', left(v_named, 200)));
  raise warning 'slot % stays inactive: %', new.agent_id, v_refusal
    using hint = 'Name a registered one in metadata, as in metadata || ''{"implementation": "my_agent"}''; `muster implementations` lists and adds them.';
  return new;
end $$;
create trigger agents_settle_slot before update on muster.agents for each row
  when (new.agent_type = 'slot' or old.agent_type = 'slot' or new.slot_status is not null)
  execute function muster.settle_slot();

-- After and not before the insert: INSERT … ON CONFLICT DO UPDATE would hand on what a trigger before it has changed.
create function muster.open_slot() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into muster.slots (agent_id) values (new.agent_id) on conflict do nothing;
  update muster.agents set state = state where agent_id = new.agent_id;
  return null;
end $$;
create trigger agents_open_slot after insert on muster.agents for each row
  when (new.agent_type = 'slot') execute function muster.open_slot();

insert into muster.slots (agent_id) select agent_id from muster.agents where agent_type = 'slot';
update muster.agents set state = state where agent_type = 'slot';
