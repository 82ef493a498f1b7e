-- Spans of OpenTelemetry have a trace that is no run's id: their roots are found by it here. Those of the SDKs, whose trace is their own id, are not
-- in it and cost nothing.
create index trace_runs_odd_roots on muster.trace_runs (trace_id) where parent_run_id is null and trace_id <> run_id;
-- The runs of an experiment by the example they were made from; others are not in it.
create index trace_runs_by_example on muster.trace_runs (reference_example_id) where reference_example_id is not null;

-- Who has the token may read the trace it stands for, and nothing else.
create table muster.trace_shares (
  token      uuid        primary key,
  run_id     uuid        not null,
  trace_id   uuid        not null,
  project_no int         not null,
  created_by text        not null,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz
);
create unique index trace_shares_by_trace on muster.trace_shares (trace_id);

-- Filters of the list of runs that somebody wants again.
create table muster.trace_saved_filters (
  filter_id  uuid        primary key default gen_random_uuid(),
  name       text        not null check (length(name) between 1 and 100),
  query      text        not null check (length(query) <= 8192), -- the query string of the list
  is_shared  boolean     not null default false,
  created_by text        not null,
  created_at timestamptz not null default clock_timestamp(),
  unique (created_by, name)
);
