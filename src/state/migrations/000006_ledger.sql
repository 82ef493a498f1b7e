-- muster: compatible-back-to 3
-- What agents did and said, and who held them when.

-- One row a run. It is written when the run has ended, or, where it lasts longer than a flush of its host, while it goes
-- on and once more at its end. started_at is the host's clock; duration_ms comes from its monotonic one. The ids are in order
-- of time (UUID version 7), so that their index grows at one end.
create table muster.runs (
  run_id        uuid         not null,
  agent_id      varchar(255) not null,
  host_id       uuid         not null,
  epoch         bigint       not null,
  run_number    bigint       not null,            -- counts the runs under this epoch
  trigger       text         not null check (trigger in ('schedule', 'command', 'event', 'first')),
  scheduled_for timestamptz,                      -- the tick it was due at
  started_at    timestamptz  not null,
  ended_at      timestamptz,                      -- null: it goes on, or its host was lost in the middle of it
  outcome       text check (outcome in ('succeeded', 'failed', 'timed_out', 'interrupted', 'lost')),
  duration_ms   double precision,
  error         text,
  result        jsonb,
  lines_kept    int          not null default 0,
  lines_dropped int          not null default 0,
  primary key (run_id, started_at),
  check ((outcome is null) = (ended_at is null))
) partition by range (started_at);
create index on muster.runs (agent_id, started_at desc);
-- For "what went wrong lately" of an agent that nearly always succeeds.
create index on muster.runs (agent_id, started_at desc) where outcome <> 'succeeded';
create index on muster.runs (agent_id) where outcome is null;
-- Runs of a host whose clock is far off have a place too.
create table muster.runs_default partition of muster.runs default;

-- What agents say through ctx.log. seq counts the lines of a host: with the time it is the key, the order, and what makes a
-- batch that is written twice be there once.
create table muster.agent_logs (
  ts       timestamptz  not null,
  host_id  uuid         not null,
  seq      bigint       not null,
  agent_id varchar(255) not null,
  epoch    bigint       not null,
  run_id   uuid,                                  -- null: said outside of a run, in startup or a command
  level    smallint     not null check (level in (10, 20, 30, 40)),  -- debug, info, warn, error
  message  text         not null,
  fields   jsonb,
  primary key (ts, host_id, seq)
) partition by range (ts);
create index on muster.agent_logs (agent_id, ts desc);
create index on muster.agent_logs (run_id) where run_id is not null;
create table muster.agent_logs_default partition of muster.agent_logs default;

-- Terms: one row for each time that a host held an agent. Bounded by the newest of each agent, and by age.
create table muster.terms (
  agent_id      varchar(255) not null,            -- goes with its lease: a foreign key would lock the agent with every claim
  epoch         bigint       not null,
  host_id       uuid         not null,
  hostname      text,                             -- a copy: hosts that are gone are forgotten earlier
  acquired_at   timestamptz  not null,
  -- How the agent stood when it was taken: why it was free.
  before_status text         not null,
  before_reason text,
  ended_at      timestamptz,
  end_status    text,
  end_reason    text,
  primary key (agent_id, epoch)
);

-- A trigger and no part of the statements that claim, release and take: whatever changes the holder, now or later, leaves
-- its trace and cannot forget to. A beat does not name host_id, so a trigger of that column costs it nothing; a claim
-- costs it some tens of microseconds an agent.
create function muster.record_term() returns trigger language plpgsql as $$
begin
  if old.host_id is not null then
    update muster.terms set ended_at = clock_timestamp(), end_status = new.status, end_reason = new.reason
    where agent_id = old.agent_id and epoch = old.epoch and ended_at is null;
  end if;
  if new.host_id is not null then
    insert into muster.terms (agent_id, epoch, host_id, hostname, acquired_at, before_status, before_reason)
    values (new.agent_id, new.epoch, new.host_id, (select hostname from muster.hosts where host_id = new.host_id),
            coalesce(new.acquired_at, clock_timestamp()), old.status, old.reason)
    on conflict (agent_id, epoch) do nothing;
  end if;
  return null;
end $$;
create trigger agent_leases_record_term after update of host_id on muster.agent_leases
  for each row when (old.host_id is distinct from new.host_id or old.epoch is distinct from new.epoch)
  execute function muster.record_term();

create function muster.forget_terms() returns trigger language plpgsql as $$
begin
  delete from muster.terms where agent_id = old.agent_id;
  return null;
end $$;
create trigger agent_leases_forget_terms after delete on muster.agent_leases for each row execute function muster.forget_terms();

insert into muster.terms (agent_id, epoch, host_id, hostname, acquired_at, before_status)
select l.agent_id, l.epoch, l.host_id, h.hostname, coalesce(l.acquired_at, clock_timestamp()), 'stopped'
from muster.agent_leases l left join muster.hosts h on h.host_id = l.host_id
where l.host_id is not null;

-- Writes what a host's agents did and said since its last flush: one statement for all of them. Lines and runs of agents that
-- the host no longer holds at their epoch are refused, and counted. A batch that comes again changes nothing.
create function muster.write_ledger(p_host uuid, p_runs json, p_lines json, out runs int, out lines int)
language plpgsql volatile as $$
begin
  perform muster.fence(p_host, '{}', '{}');
  with given as (
    select r.* from json_to_recordset(p_runs) as r (
      run_id uuid, agent_id text, epoch bigint, run_number bigint, trigger text, scheduled_for float8, started_at float8, ended_at float8,
      outcome text, duration_ms float8, error text, result text, lines_kept int, lines_dropped int)
    join muster.agent_leases l on l.agent_id = r.agent_id and l.host_id = p_host and l.epoch = r.epoch
  ), written as (
    insert into muster.runs as w (run_id, agent_id, host_id, epoch, run_number, trigger, scheduled_for, started_at, ended_at,
      outcome, duration_ms, error, result, lines_kept, lines_dropped)
    select run_id, agent_id, p_host, epoch, run_number, trigger, to_timestamp(scheduled_for / 1000), to_timestamp(started_at / 1000),
      to_timestamp(ended_at / 1000), outcome, duration_ms, error, result::jsonb, lines_kept, lines_dropped
    from given
    on conflict (run_id, started_at) do update set ended_at = excluded.ended_at, outcome = excluded.outcome,
      duration_ms = excluded.duration_ms, error = excluded.error, result = excluded.result,
      lines_kept = excluded.lines_kept, lines_dropped = excluded.lines_dropped
    where w.ended_at is null
  )
  select count(*)::int into runs from given;
  with given as (
    select r.* from json_to_recordset(p_lines) as r (
      seq bigint, ts float8, agent_id text, epoch bigint, run_id uuid, level smallint, message text, fields text)
    join muster.agent_leases l on l.agent_id = r.agent_id and l.host_id = p_host and l.epoch = r.epoch
  ), written as (
    insert into muster.agent_logs (ts, host_id, seq, agent_id, epoch, run_id, level, message, fields)
    select to_timestamp(ts / 1000), p_host, seq, agent_id, epoch, run_id, level, message, fields::jsonb from given
    on conflict do nothing
  )
  select count(*)::int into lines from given;
end $$;

-- Runs whose holder is gone: nobody will ever tell how they ended. Its writes are refused by their epoch from then on, so a
-- run that is closed here stays closed.
create function muster.close_lost_runs() returns int language plpgsql volatile as $$
declare
  closed int;
begin
  update muster.runs r set outcome = 'lost', ended_at = clock_timestamp(),
    error = 'the host was lost, or let the agent go, before the run had ended'
  where r.outcome is null
    and not exists (select from muster.agent_leases l where l.agent_id = r.agent_id and l.host_id = r.host_id and l.epoch = r.epoch);
  get diagnostics closed = row_count;
  return closed;
end $$;
