-- Datasets: examples of what goes in and what should come out, to evaluate against.

create table muster.trace_datasets (
  dataset_id     uuid primary key,
  name           text        not null unique check (length(name) between 1 and 512),
  description    text,
  data_type      text        not null default 'kv', -- kv, llm, chat: what clients call it
  extra          text,                              -- JSON object, as it came; metadata stands in it
  inputs_schema  text,                              -- JSON Schema
  outputs_schema text,
  -- From which projects runs became examples: a key that may not see one of them does not see the dataset.
  project_nos    int[]       not null default '{}',
  created_by     text        not null,
  created_at     timestamptz not null default date_trunc('milliseconds', clock_timestamp()),
  -- When its examples changed last: its version. To the millisecond, which is what clients can say again.
  modified_at    timestamptz not null default date_trunc('milliseconds', clock_timestamp())
);

-- A row a version of an example: it holds from `from_time` until before `until_time`. What was deleted has an end and no successor.
create table muster.trace_examples (
  example_id    uuid        not null,
  from_time     timestamptz not null,
  until_time    timestamptz,
  dataset_id    uuid        not null references muster.trace_datasets on delete cascade,
  ordinal       bigint      not null,               -- its place in the dataset, the same in all versions
  inputs        text        not null,               -- JSON, as it came
  outputs       text,
  metadata      jsonb       not null default '{}',
  splits        text[]      not null default '{base}',
  source_run_id uuid,
  created_at    timestamptz not null,
  primary key (example_id, from_time)
);
create index trace_examples_current on muster.trace_examples (dataset_id, ordinal) where until_time is null;
create index trace_examples_by_dataset on muster.trace_examples (dataset_id, from_time);
create sequence muster.trace_example_ordinals;

-- Not versioned: an attachment is what was put there last.
create table muster.trace_example_attachments (
  example_id uuid  not null,
  name       text  not null,
  dataset_id uuid  not null references muster.trace_datasets on delete cascade,
  mime_type  text  not null,
  body       bytea not null,
  token      text  not null unique,                 -- in its address, which SDKs fetch without a key
  primary key (example_id, name)
);
alter table muster.trace_example_attachments alter column body set storage external;

create table muster.trace_dataset_tags (
  dataset_id uuid        not null references muster.trace_datasets on delete cascade,
  tag        text        not null,
  as_of      timestamptz not null,
  primary key (dataset_id, tag)
);
