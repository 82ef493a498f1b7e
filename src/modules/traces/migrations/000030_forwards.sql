-- Where runs are passed on to: an endpoint of LangSmith, or a collector of OpenTelemetry. How far each has come stands in trace_cursors as
-- `forward:<name>`.
create table muster.trace_forwards (
  name           text primary key,
  kind           text        not null check (kind in ('langsmith', 'otlp')),
  endpoint       text        not null,
  secrets        text,                      -- sealed: {"api_key": …, "headers": {…}}
  project_no     int,                       -- whose runs; null: all
  target_project text,                      -- what the project is called there; null: as here
  options        jsonb       not null default '{}', -- encoding, workspace_id, patience
  enabled        boolean     not null default true,
  created_by     text        not null,
  created_at     timestamptz not null default clock_timestamp(),

  feedback_at    timestamptz not null default clock_timestamp(), -- feedback that changed later is still to be sent
  sent           bigint      not null default 0,
  sent_feedback  bigint      not null default 0,
  refused        bigint      not null default 0,
  last_refusal   text,
  failures       int         not null default 0, -- in a row
  failing_since  timestamptz,
  last_attempt_at timestamptz,
  last_success_at timestamptz,
  last_error     text,
  next_at        timestamptz not null default clock_timestamp(),
  -- Who forwards it, and until when nobody else does. Two at once would do no harm but send twice.
  claimed_by     uuid,
  claimed_until  timestamptz
) with (fillfactor = 70);

-- Runs that a forward came by and that are not done: they have not ended, or their place in the tree is not known before their parents come.
create table muster.trace_forward_waiting (
  forward   text        not null references muster.trace_forwards on delete cascade,
  run_id    uuid        not null,
  keep_days smallint    not null,
  day       date        not null,
  since     timestamptz not null default clock_timestamp(),
  look_at   timestamptz not null default clock_timestamp(), -- when it is looked at again
  begun     boolean     not null default false, -- it was sent without its end: what follows is a patch
  primary key (forward, run_id)
);
create index trace_forward_waiting_due on muster.trace_forward_waiting (forward, look_at);

-- Forwards ask for what changed since.
create index trace_feedback_by_change on muster.trace_feedback (modified_at);
