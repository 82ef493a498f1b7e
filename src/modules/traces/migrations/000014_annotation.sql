-- Queues of runs that people look at, and what the keys of feedback mean.

create table muster.trace_annotation_queues (
  queue_id            uuid primary key,
  name                text        not null unique check (length(name) between 1 and 512),
  description         text,
  rubric_instructions text,
  rubric_items        text        not null default '[]',  -- JSON: the keys of feedback that are asked for
  extra               text,                               -- JSON object: what else clients said, kept as it came
  created_by          text        not null,
  created_at          timestamptz not null default date_trunc('milliseconds', clock_timestamp()),
  updated_at          timestamptz not null default date_trunc('milliseconds', clock_timestamp())
);

-- A run in a queue, by its place: it is gone from the queue when the run is gone.
create table muster.trace_annotation_items (
  item_id      uuid        primary key,
  queue_id     uuid        not null references muster.trace_annotation_queues on delete cascade,
  run_id       uuid        not null,
  keep_days    smallint    not null,
  day          date        not null,
  project_no   int         not null,
  added_at     timestamptz not null default clock_timestamp(),
  reviewed_at  timestamptz,
  completed_at timestamptz,
  completed_by text,
  unique (queue_id, run_id)
);
create index trace_annotation_items_in_order on muster.trace_annotation_items (queue_id, added_at, item_id);
create index trace_annotation_items_by_run on muster.trace_annotation_items (run_id);

create table muster.trace_feedback_configs (
  key             text        primary key check (length(key) between 1 and 200),
  config_id       uuid        not null unique,
  config          text        not null,                   -- JSON object: type, min, max, categories
  lower_is_better boolean,
  is_enforced     boolean     not null default false,
  modified_at     timestamptz not null default date_trunc('milliseconds', clock_timestamp())
);
