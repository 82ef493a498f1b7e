-- Datasets that somebody shared: who has the token may read them, and the examples they have at that moment.
create table muster.trace_dataset_shares (
  dataset_id uuid        primary key references muster.trace_datasets on delete cascade,
  -- Of version 4: 122 bits that nobody guesses.
  token      uuid        not null unique,
  created_by text        not null,
  created_at timestamptz not null default clock_timestamp()
);
