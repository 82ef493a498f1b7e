-- Dead man's switches, both ways: jobs elsewhere that must call Muster, and watchers elsewhere that Muster must call.

-- A push monitor. deadline is the moment from which its silence is a failure: the call that was due, and the grace.
create table muster.push_monitors (
  name          text        primary key check (name ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$'),
  token         text        not null unique check (length(token) >= 22),  -- all that a call must know
  cron          text,
  time_zone     text        not null default 'UTC',
  every_ms      bigint      check (every_ms > 0),
  grace_ms      bigint      not null check (grace_ms > 0),
  state         text        not null default 'new' check (state in ('new', 'up', 'down', 'paused')),
  state_since   timestamptz not null default clock_timestamp(),
  because       text,                                       -- why it is down
  due_at        timestamptz,                                -- the next call, by its schedule
  deadline      timestamptz,
  run_started_at timestamptz,                               -- a run of which only the beginning was told
  last_ping_at  timestamptz,
  last_success_at timestamptz,
  last_failure_at timestamptz,
  last_duration_ms bigint,
  pings         bigint      not null default 0,
  created_by    text        not null,
  created_at    timestamptz not null default clock_timestamp(),
  check ((cron is null) <> (every_ms is null))
) with (fillfactor = 70);

-- What came, the newest hundred of each.
create table muster.pings (
  ping_id     bigint      generated always as identity primary key,
  monitor     text        not null references muster.push_monitors on delete cascade,
  at          timestamptz not null default clock_timestamp(),
  kind        text        not null check (kind in ('start', 'success', 'fail', 'log')),
  duration_ms bigint,
  exit_status smallint,
  body        text        not null default ''
);
create index pings_by_monitor on muster.pings (monitor, ping_id desc);

-- A watcher outside that expects to hear from Muster.
create table muster.outside_watchers (
  name            text        primary key check (name ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$'),
  origin          text        not null,                     -- of its address: what may be shown
  url             text        not null,                     -- sealed: whoever knows it can speak for Muster
  every_ms        bigint      not null check (every_ms > 0),
  enabled         boolean     not null default true,
  next_at         timestamptz not null default clock_timestamp(),
  failures        integer     not null default 0,           -- in a row
  failing_since   timestamptz,
  last_attempt_at timestamptz,
  last_success_at timestamptz,
  last_status     integer,
  last_error      text,
  created_by      text        not null,
  created_at      timestamptz not null default clock_timestamp()
) with (fillfactor = 70);
