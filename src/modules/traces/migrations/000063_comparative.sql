-- Experiments that were compared pair by pair, as LangSmith's evaluateComparative makes them. The scores are feedback that names one of these.
create table muster.trace_comparatives (
  comparative_id uuid        primary key,
  dataset_id     uuid        not null references muster.trace_datasets on delete cascade,
  name           text        not null,
  description    text,
  extra          text,                       -- JSON object, as it came
  experiment_ids uuid[]      not null,
  created_by     text        not null,
  created_at     timestamptz not null default clock_timestamp()
);
create index trace_comparatives_by_dataset on muster.trace_comparatives (dataset_id, created_at);
