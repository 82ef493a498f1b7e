-- Models that judge runs of models: what they are asked, of which runs, and how much of it a day.

create table muster.trace_evaluators (
  name        text        primary key check (name ~ '^[a-z0-9][a-z0-9_.-]{0,62}$'),
  prompt      text        not null,                -- what is judged, in words
  model       text        not null,                -- as the gateway knows it
  lowest      float8      not null,                -- of the scale on which it answers
  highest     float8      not null check (highest > lowest),
  project_no  int,                                 -- null: all
  model_judged text,                               -- of the runs; null: whatever
  share       float8      not null check (share between 0 and 1),
  budget_usd  numeric     not null check (budget_usd >= 0),
  budget_runs int         not null check (budget_runs >= 0),
  enabled     boolean     not null,
  created_by  text        not null,
  created_at  timestamptz not null default clock_timestamp(),
  updated_at  timestamptz not null default clock_timestamp()
);

-- What waits to be judged. Filled in the transaction that moves the cursor; a row goes when its score is kept, or when it is given up.
create table muster.trace_judgements (
  evaluator     text        not null references muster.trace_evaluators on delete cascade,
  run_id        uuid        not null,
  keep_days     smallint    not null,
  day           date        not null,
  queued_at     timestamptz not null default clock_timestamp(),
  claimed_until timestamptz,
  attempts      smallint    not null default 0,
  primary key (evaluator, run_id)
) with (fillfactor = 70);
create index trace_judgements_in_order on muster.trace_judgements (queued_at);

-- A row a day (UTC): what the budget is compared with.
create table muster.trace_evaluator_days (
  evaluator  text    not null references muster.trace_evaluators on delete cascade,
  day        date    not null,
  calls      int     not null default 0,
  scores     int     not null default 0,
  errors     int     not null default 0,           -- no answer, or one that is no verdict
  left_out   int     not null default 0,           -- the budget was spent, or too much waited
  cost       numeric not null default 0,           -- USD
  last_error text,
  primary key (evaluator, day)
) with (fillfactor = 70);
