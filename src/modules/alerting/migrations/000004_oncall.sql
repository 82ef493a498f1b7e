-- Who is called when nobody takes an alert on: people, on-call schedules, escalation policies, and the timers of escalations; notes
-- that people add to incidents. See docs/decisions/oncall.md.

-- A person, a schedule, a policy: its definition is as REST takes it.
create table muster.people (
  name       text        primary key check (name ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$'),
  definition jsonb       not null check (jsonb_typeof(definition) = 'object'),
  revision   bigint      not null default 1,
  updated_at timestamptz not null default clock_timestamp(),
  updated_by text        not null
);

create table muster.oncall_schedules (
  name       text        primary key check (name ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$'),
  definition jsonb       not null check (jsonb_typeof(definition) = 'object'),
  revision   bigint      not null default 1,
  updated_at timestamptz not null default clock_timestamp(),
  updated_by text        not null
);

create table muster.escalation_policies (
  name       text        primary key check (name ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$'),
  definition jsonb       not null check (jsonb_typeof(definition) = 'object'),
  revision   bigint      not null default 1,
  updated_at timestamptz not null default clock_timestamp(),
  updated_by text        not null,
  turn       bigint      not null default 0           -- escalations that began: steps that rotate go on from here
);

create table muster.oncall_overrides (
  override_id uuid        primary key default gen_random_uuid(),
  schedule    text        not null references muster.oncall_schedules on delete cascade,
  person      text        not null,
  starts_at   timestamptz not null,
  ends_at     timestamptz not null check (ends_at > starts_at),
  reason      text        not null default '',
  created_by  text        not null,
  created_at  timestamptz not null default clock_timestamp()
);
create index oncall_overrides_by_end on muster.oncall_overrides (schedule, ends_at);

-- What the calendar of a schedule said when it could be read last: that stays while it cannot.
create table muster.oncall_calendars (
  schedule   text        primary key references muster.oncall_schedules on delete cascade,
  source     text        not null,                    -- of which definition this was read: another one begins anew
  shifts     jsonb       not null default '[]',       -- [{from, to, who}], milliseconds since 1970
  unknown    text[]      not null default '{}',       -- names in it that are nobody's here
  read_at    timestamptz,                             -- when it was read last with success
  tried_at   timestamptz,
  next_at    timestamptz not null default clock_timestamp(),
  error      text                                     -- why it could not be read since
);

-- One escalation of an incident by a policy, and its timer: whoever takes the step moves `due_at` in the same transaction.
create table muster.escalations (
  escalation_id uuid        primary key default gen_random_uuid(),
  incident_id   uuid        not null references muster.incidents on delete cascade,
  policy        text        not null,                 -- no foreign key: it may be deleted meanwhile
  by_hand       boolean     not null default false,   -- somebody asked for it: its alerts need no rule that names the policy
  state         text        not null check (state in ('waiting', 'acknowledged', 'quiet', 'exhausted', 'resolved')),
  level         text        not null check (level in ('info', 'warning', 'critical', 'emergency')),
  step          integer     not null default 0,       -- that is taken next
  round         integer     not null default 0,
  turn          bigint      not null default 0,
  taken         integer     not null default 0,       -- steps taken in all
  started_at    timestamptz not null,
  due_at        timestamptz,                          -- null: it waits for nothing
  updated_at    timestamptz not null,
  unique (incident_id, policy),
  check ((state = 'waiting') = (due_at is not null))
) with (fillfactor = 70);
create index escalations_open on muster.escalations (due_at) where state <> 'resolved';
create index escalations_by_time on muster.escalations (started_at desc, escalation_id);

create table muster.incident_notes (
  note_id     uuid        primary key default gen_random_uuid(),
  incident_id uuid        not null references muster.incidents on delete cascade,
  at          timestamptz not null default clock_timestamp(),
  author      text        not null,
  text        text        not null
);
create index incident_notes_by_incident on muster.incident_notes (incident_id, at);
