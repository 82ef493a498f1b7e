-- LLM conversations. A project has runs; runs of one trace form a tree.
--
-- Runs, their attachments and what they have in common (blobs) lie in partitions: first by how many days they are kept, so that every
-- project's retention is a DROP, then by day. `trace_runs_k30` holds what is kept for 30 days, `trace_runs_k30_20261126` one day of it.
-- The day of a run comes from its dotted_order or start_time: a post and a patch of the same run carry the same, so both find the same
-- row, and a batch that is sent again changes nothing. A run whose clock is far off has the day it arrived.

create table muster.trace_projects (
  project_id  uuid primary key,
  -- What stands in every run: four bytes instead of sixteen.
  project_no  int         not null generated always as identity unique,
  name        text        not null unique check (length(name) between 1 and 512),
  description text,
  extra       text,                          -- JSON, as it came
  reference_dataset_id uuid,
  -- From which day on runs are kept how long: [{"from": "2026-11-26", "days": 30}, …], oldest first; empty: as the settings say. A
  -- change counts from the next day on, so that a day of a project lies in one partition.
  keep        jsonb       not null default '[]',
  settings    jsonb       not null default '{}', -- what differs from trace_settings: sampling, redaction, budgets
  created_at  timestamptz not null default clock_timestamp(),
  modified_at timestamptz not null default clock_timestamp(),
  ended_at    timestamptz
);

-- One row a topic (retention, redaction, …): what holds where a project says nothing.
create table muster.trace_settings (
  topic      text primary key,
  value      jsonb       not null,
  updated_by text        not null,
  updated_at timestamptz not null default clock_timestamp()
);

-- JSON is kept as text, as it came: jsonb would lose U+0000, lone surrogates, the order of keys and numbers of more than 64 bits. A part
-- that repeats is a blob: U+0001, its hash in 22 characters of base64url, U+0001 (no valid JSON holds U+0001).
create table muster.trace_runs (
  start_time       timestamptz not null,
  end_time         timestamptz,
  first_token_time timestamptz,
  -- The transaction that brought its end: who counts completed runs counts each once.
  completed_in     xid8,
  run_id           uuid        not null,
  trace_id         uuid        not null,
  parent_run_id    uuid,
  project_no       int         not null,
  day              date        not null,
  prompt_tokens    int,
  completion_tokens int,
  total_tokens     int,
  keep_days        smallint    not null,
  run_type         smallint    not null,     -- run/run-type.ts
  status           smallint    not null,     -- 0 pending, 1 success, 2 error
  flags            smallint    not null default 0, -- run/flags.ts
  name             text,
  model            text,
  provider         text,
  thread_id        text,
  user_id          text,
  prompt           text,                     -- the name of the prompt it was made with
  -- dotted_order: 24 bytes a segment, microseconds since 1970 (big-endian, sign bit flipped) and the id, so that bytes sort like the text. Null
  -- where it is that of a root and follows from start_time and run_id.
  path             bytea,
  tags             text[],
  input_cost       numeric,                  -- USD
  output_cost      numeric,
  total_cost       numeric,
  usage            text,                     -- JSON: details of tokens and costs, which are subsets, and where the price came from
  reference_example_id uuid,
  inputs           text,
  outputs          text,
  error            text,                     -- a JSON string
  extra            text,
  events           text,
  serialized       text,
  rest             text,                     -- JSON object: fields we do not know
  primary key (run_id, keep_days, day)
) partition by list (keep_days);
create index trace_runs_by_time on muster.trace_runs (project_no, start_time);
create index trace_runs_roots on muster.trace_runs (project_no, start_time) where parent_run_id is null;
create index trace_runs_by_trace on muster.trace_runs (trace_id) where parent_run_id is not null;
create index trace_runs_by_thread on muster.trace_runs (project_no, thread_id, start_time) where thread_id is not null and parent_run_id is null;
create index trace_runs_failed on muster.trace_runs (project_no, start_time) where status = 2;

create table muster.trace_blobs (
  hash      bytea    not null,               -- the first 16 bytes of SHA-256
  keep_days smallint not null,
  day       date     not null,
  body      text     not null,
  primary key (hash, keep_days, day)
) partition by list (keep_days);

create table muster.trace_attachments (
  run_id     uuid     not null,
  keep_days  smallint not null,
  day        date     not null,
  project_no int      not null,
  name       text     not null,
  mime_type  text     not null,
  size       int      not null,
  body       bytea    not null,
  primary key (run_id, name, keep_days, day)
) partition by list (keep_days);
alter table muster.trace_attachments alter column body set storage external;

-- What changed, a row a transaction: search, figures, quality and forwarding follow it. A reader takes rows whose transaction is older than
-- pg_snapshot_xmin(pg_current_snapshot()), in order of (xid, no), and keeps its place in trace_cursors: so nothing that commits late is skipped.
create table muster.trace_feed (
  no         bigint      not null generated always as identity,
  xid        xid8        not null default pg_current_xact_id(),
  at         timestamptz not null default clock_timestamp(),
  keep_days  smallint    not null,
  day        date        not null,
  runs       uuid[]      not null,           -- inserted or changed
  completed  uuid[]      not null,           -- of them, those whose end came with this transaction
  primary key (xid, no)
);

create table muster.trace_cursors (
  reader     text primary key,               -- search, figures, quality:<id>, forward:<id>
  xid        xid8        not null default '0',
  no         bigint      not null default 0,
  updated_at timestamptz not null default clock_timestamp()
) with (fillfactor = 50);

-- A patch of a run that nobody posted yet and that does not say when the run began: it waits here for its post.
create table muster.trace_orphans (
  run_id      uuid        not null,
  no          bigint      not null generated always as identity,
  received_at timestamptz not null default clock_timestamp(),
  operation   jsonb       not null,
  primary key (run_id, no)
);

-- What was refused, so that nobody wonders where it is. It never costs its neighbours their place.
create table muster.trace_quarantine (
  no          bigint      primary key generated always as identity,
  received_at timestamptz not null default clock_timestamp(),
  source      text        not null,          -- langsmith, otlp, gateway, replay
  project     text,
  run_id      text,
  reason      text        not null,          -- a code: intake/quarantine.ts
  message     text        not null,
  size        int         not null,
  body        bytea                          -- at most its first 64 KiB, redacted as far as it can be read
);
create index trace_quarantine_by_time on muster.trace_quarantine (received_at);

create table muster.trace_feedback (
  feedback_id uuid primary key,
  run_id      uuid,
  trace_id    uuid,
  project_no  int,
  key         text        not null,
  score       float8,
  value       text,                          -- JSON
  comment     text,
  correction  text,                          -- JSON
  source      text        not null default 'api', -- api, app, model, heuristic
  extra       text,                          -- JSON: all else, as it came
  created_at  timestamptz not null default clock_timestamp(),
  modified_at timestamptz not null default clock_timestamp()
);
create index trace_feedback_by_run on muster.trace_feedback (run_id);
create index trace_feedback_by_key on muster.trace_feedback (project_no, key, created_at);
