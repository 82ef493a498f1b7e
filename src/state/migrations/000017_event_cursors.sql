-- muster: compatible-back-to 7
-- Up to where each agent that runs on events has had its runs; see docs/decisions/ticks.md.
create table muster.event_cursors (
  agent_id   varchar(255) primary key references muster.agents on delete cascade,
  cursor     text        not null,
  updated_at timestamptz not null default clock_timestamp()
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_threshold = 25, autovacuum_vacuum_cost_limit = 1000);

-- How many runs on events lie between this event and one that nobody's run told: what bounds a chain of agents that set each
-- other off.
alter table muster.events add column hops smallint not null default 0;
