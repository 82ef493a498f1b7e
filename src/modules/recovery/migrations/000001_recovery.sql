-- Healing: which actions there are, how far each may go by itself, and every run of one. The rails are in here and not in the
-- program, so that no host and no version of it can step over them; see docs/decisions/recovery.md.

-- The limits of the fleet as a whole. The row is also the lock under which runs are counted and started.
create table muster.recovery_settings (
  singleton              boolean     primary key default true check (singleton),
  halted_at              timestamptz,                    -- nothing starts while this is set
  halted_by              text,
  runs_an_hour           integer     not null default 20 check (runs_an_hour >= 0),
  runs_at_once           integer     not null default 2  check (runs_at_once >= 1),
  -- More of a group than this is unwell: then it is not the target's fault, and treating targets one by one does harm.
  most_unhealthy_percent integer     not null default 40 check (most_unhealthy_percent between 0 and 100),
  updated_at             timestamptz not null default clock_timestamp()
);
insert into muster.recovery_settings default values;

create table muster.recovery_actions (
  name                  text        primary key check (name ~ '^[a-z][a-z0-9_]{0,99}$'),
  source                text        not null check (source in ('shipped', 'file', 'module')),
  definition            jsonb       not null,            -- for people: title, what it does, what it is bound to, how it is undone
  -- The highest mode there is for it: what cannot be taken back, or takes data, is never automatic.
  ceiling               text        not null check (ceiling in ('suggest', 'approve', 'auto')),
  idempotent            boolean     not null,            -- may be repeated where nobody knows whether it was carried out
  approver              text        not null check (approver in ('operator', 'administrator')),
  -- Mode by level of the alert, `any` for those not named. What is not here is suggest.
  modes                 jsonb       not null default '{}' check (jsonb_typeof(modes) = 'object'),
  runs_an_hour          integer     not null check (runs_an_hour >= 0),
  runs_an_hour_a_target integer     not null check (runs_an_hour_a_target >= 0),
  most_targets          integer     not null check (most_targets >= 1),
  cooldown_ms           bigint      not null check (cooldown_ms >= 0),
  longest_cooldown_ms   bigint      not null check (longest_cooldown_ms >= cooldown_ms),
  approval_ms           bigint      not null check (approval_ms > 0),
  stopped_at            timestamptz,                     -- it did not help twice: nothing starts until a person resumes it
  stopped_reason        text,
  resumed_at            timestamptz not null default '-infinity',
  retired_at            timestamptz,                     -- no longer declared anywhere
  updated_by            text,
  updated_at            timestamptz not null default clock_timestamp()
);

-- proposed → approved → running → verifying → effective | ineffective | failed, each of the three → undone.
-- Before it runs it may also be rejected, or expire. refused: the targets themselves were wrong.
create table muster.recovery_runs (
  run_id          uuid        primary key default gen_random_uuid(),
  idempotency_key text        not null unique,
  action          text        not null references muster.recovery_actions,
  target          text        not null,                  -- canonical labels, such as agent=a1
  target_group    text        not null,
  params          jsonb       not null default '{}',
  level           text        not null check (level in ('info', 'warning', 'critical', 'emergency')),
  state           text        not null default 'proposed' check (state in
    ('proposed', 'approved', 'running', 'verifying', 'effective', 'ineffective', 'failed', 'undone', 'rejected', 'expired', 'refused')),
  alert_id        uuid,
  rule            text,
  plan            jsonb       not null default '[]',     -- the exact statements and commands, as they will be carried out
  because         text        not null,                  -- why it was proposed
  held_by         text,                                  -- the rail that holds it back now
  members         integer,                               -- of the group, and how many of them are unwell, when last looked at
  unhealthy       integer,
  proposed_by     text        not null,
  proposed_at     timestamptz not null default clock_timestamp(),
  expires_at      timestamptz not null,
  decided_by      text,
  decided_at      timestamptz,
  agent_id        text,                                  -- who carries it out, and the epoch it does so in
  epoch           bigint,
  attempts        integer     not null default 0,
  started_at      timestamptz,
  acted_at        timestamptz,
  result          jsonb,
  symptom_before  jsonb,
  symptom_after   jsonb,
  symptom_gone_at timestamptz,                           -- since when it was seen gone, at every look since
  hold_ms         bigint      not null,                  -- gone for so long: it helped
  verify_ms       bigint      not null,                  -- not gone by then: it did not
  -- Kept when the run is undone: what it brought is still true.
  outcome         text        check (outcome in ('effective', 'ineffective', 'failed')),
  reason          text,
  finished_at     timestamptz,
  undo            text        check (undo in ('requested', 'running', 'done', 'failed')),
  undo_by         text,
  undo_at         timestamptz,
  undo_error      text
) with (fillfactor = 80);
-- One run of an action at a target is open at a time.
create unique index recovery_runs_open on muster.recovery_runs (action, target)
  where state in ('proposed', 'approved', 'running', 'verifying');
create index recovery_runs_by_time on muster.recovery_runs (proposed_at desc, run_id);
create index recovery_runs_started on muster.recovery_runs (started_at) where started_at is not null;
create index recovery_runs_of_alert on muster.recovery_runs (alert_id, action, target) where alert_id is not null;
create index recovery_runs_undo on muster.recovery_runs (undo) where undo in ('requested', 'running');

-- What happened to a run, step by step.
create table muster.recovery_steps (
  run_id uuid        not null references muster.recovery_runs on delete cascade,
  seq    bigint      generated always as identity,
  at     timestamptz not null default clock_timestamp(),
  state  text        not null,
  by     text,
  note   text,
  primary key (run_id, seq)
);

create function muster.note_recovery_step() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' or new.state <> old.state or new.undo is distinct from old.undo then
    insert into muster.recovery_steps (run_id, state, by, note)
    values (new.run_id,
      case when tg_op = 'UPDATE' and new.state = old.state then 'undo ' || new.undo else new.state end,
      case new.state when 'proposed' then new.proposed_by when 'approved' then new.decided_by when 'rejected' then new.decided_by
        else coalesce(case when new.undo is not null then new.undo_by end, new.agent_id) end,
      case when tg_op = 'UPDATE' and new.undo is distinct from old.undo then new.undo_error else coalesce(new.reason, case when tg_op = 'INSERT' then new.because end) end);
  end if;
  return null;
end $$;
create trigger recovery_run_steps after insert or update on muster.recovery_runs
  for each row execute function muster.note_recovery_step();

-- How far an action may go by itself for an alert of this level: what is set, never more than its ceiling.
create function muster.recovery_mode(p_action muster.recovery_actions, p_level text) returns text
language sql immutable as $$
  select (array['off', 'suggest', 'approve', 'auto'])[least(
    array_position(array['off', 'suggest', 'approve', 'auto'], coalesce(p_action.modes ->> p_level, p_action.modes ->> 'any', 'suggest')),
    array_position(array['off', 'suggest', 'approve', 'auto'], p_action.ceiling))]
$$;

-- The rail that holds a run back, in words; null: none does. The caller holds the lock on recovery_settings, so what is
-- counted here cannot change before the run that it lets pass is started.
create function muster.recovery_rail(r muster.recovery_runs) returns text
language plpgsql as $$
declare
  s     muster.recovery_settings;
  a     muster.recovery_actions;
  mode  text;
  other text;
  n     bigint;
  sick  bigint;
  last  timestamptz;
  pause interval;
begin
  select * into strict s from muster.recovery_settings;
  select * into strict a from muster.recovery_actions where name = r.action;
  if s.halted_at is not null then return format('all healing was halted by %s', s.halted_by); end if;
  if a.retired_at is not null then return 'the action is no longer declared'; end if;
  if a.stopped_at is not null then return format('the action is stopped: %s', a.stopped_reason); end if;
  mode := muster.recovery_mode(a, r.level);
  if mode in ('off', 'suggest') then return format('its mode is %s', mode); end if;
  if r.state = 'proposed' and mode <> 'auto' then return 'it waits for approval'; end if;
  if r.expires_at < clock_timestamp() then return 'it has expired'; end if;

  select target into other from muster.recovery_runs
  where target_group = r.target_group and run_id <> r.run_id and state in ('running', 'verifying') limit 1;
  if found then return format('%s of the same group is being treated', other); end if;
  select count(*) into n from muster.recovery_runs where state = 'running';
  if n >= s.runs_at_once then return format('%s runs are under way, as many as may be', n); end if;

  -- Agents are counted here and now; of other groups the run says how they were when last looked at. Of two, one is half.
  n := r.members; sick := r.unhealthy;
  if r.target_group like 'agent_type:%' then
    select count(*), count(*) filter (where status <> 'running') into n, sick
    from muster.fleet where state = 'active' and agent_type = substr(r.target_group, 12);
  end if;
  if n >= 3 and sick * 100 > s.most_unhealthy_percent * n then
    return format('%s of %s in its group are unwell, more than %s%%: the cause lies elsewhere', sick, n, s.most_unhealthy_percent);
  end if;

  select count(*) into n from muster.recovery_runs where started_at > clock_timestamp() - interval '1 hour';
  if n >= s.runs_an_hour then return format('%s runs started within an hour, as many as may be', n); end if;
  select count(*) into n from muster.recovery_runs where started_at > clock_timestamp() - interval '1 hour' and action = r.action;
  if n >= a.runs_an_hour then return format('%s runs of this action started within an hour, as many as may be', n); end if;
  select count(*) into n from muster.recovery_runs where started_at > clock_timestamp() - interval '1 hour' and target = r.target;
  if n >= a.runs_an_hour_a_target then return format('%s runs at this target started within an hour, as many as may be', n); end if;

  -- The pause doubles with every run of the last day.
  select count(*), max(started_at) into n, last from muster.recovery_runs
  where action = r.action and target = r.target and run_id <> r.run_id and started_at > clock_timestamp() - interval '1 day';
  if n > 0 then
    pause := least(a.cooldown_ms * power(2, least(n - 1, 30)), a.longest_cooldown_ms) * interval '1 millisecond';
    if last + pause > clock_timestamp() then
      return format('it rests until %s after the last run at this target',
        to_char(date_trunc('second', last + pause) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'));
    end if;
  end if;
  return null;
end $$;

-- Starts a run where no rail holds it back; returns the rail that does, null: it runs now. Starts are one after the other,
-- so that two at once cannot both be the last that a limit lets through.
create function muster.start_recovery(p_run uuid, p_agent text, p_epoch bigint) returns text
language plpgsql as $$
declare
  r    muster.recovery_runs;
  rail text;
begin
  perform 1 from muster.recovery_settings for update;
  select * into r from muster.recovery_runs where run_id = p_run for update;
  if not found or r.state not in ('proposed', 'approved') then return format('it is %s', coalesce(r.state, 'gone')); end if;
  rail := muster.recovery_rail(r);
  if rail is not null then
    update muster.recovery_runs set held_by = rail where run_id = p_run and held_by is distinct from rail;
    return rail;
  end if;
  update muster.recovery_runs
  set state = 'running', held_by = null, started_at = clock_timestamp(), agent_id = p_agent, epoch = p_epoch, attempts = attempts + 1
  where run_id = p_run;
  return null;
end $$;

-- Writes down how a run ended. Two in a row at one target that did not help stop the action; true: this one was the second.
create function muster.finish_recovery(p_run uuid, p_outcome text, p_reason text, p_symptom jsonb) returns boolean
language plpgsql as $$
declare
  r     muster.recovery_runs;
  vain  bigint;
begin
  perform 1 from muster.recovery_settings for update;
  update muster.recovery_runs
  set state = p_outcome, outcome = p_outcome, reason = p_reason, symptom_after = coalesce(p_symptom, symptom_after), finished_at = clock_timestamp()
  where run_id = p_run and state in ('running', 'verifying')
  returning * into r;
  if not found or p_outcome = 'effective' then return false; end if;
  select count(*) into vain
  from (select x.outcome from muster.recovery_runs x join muster.recovery_actions a on a.name = x.action
        where x.action = r.action and x.target = r.target and x.outcome is not null and x.finished_at > a.resumed_at
        order by x.finished_at desc limit 2) last_two
  where last_two.outcome <> 'effective';
  if vain < 2 then return false; end if;
  update muster.recovery_actions
  set stopped_at = clock_timestamp(), stopped_reason = format('it did not help %s twice in a row', r.target)
  where name = r.action and stopped_at is null;
  return found;
end $$;
