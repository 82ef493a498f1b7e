-- What hosts tell of the types of agents they run: whoever shows an agent need not run it. One row a type; the host that joined
-- last has the last word, as during an upgrade.
create table muster.agent_types (
  agent_type varchar(100) primary key,
  card       jsonb       not null,
  host_id    uuid        not null,
  told_at    timestamptz not null default clock_timestamp()
);
