-- What runs add up to, so that a week of a million runs is read from a few thousand rows. A row is a stretch of time of a project and one value of
-- a dimension; it only ever grows. Whoever counts reads the row, adds to it and writes it back in the transaction that moves its cursor.
create table muster.trace_figures (
  bucket            timestamptz not null,    -- where the stretch begins, by the start of the runs
  runs              float8      not null,    -- estimates where a client samples: a run that stands for ten counts ten
  counted           float8      not null,    -- runs that were really seen
  traces            float8      not null,    -- of the runs, those that are roots
  errors            float8      not null,
  calls             float8      not null,    -- of the runs, calls of models: only they carry tokens and costs
  unpriced          float8      not null,    -- of the calls, those whose cost nobody knows
  streamed          float8      not null,    -- of the runs, those that tell when their first token came
  prompt_tokens     float8      not null,
  completion_tokens float8      not null,
  total_tokens      float8      not null,
  cached_tokens     float8      not null,    -- these are parts of the above
  cache_write_tokens float8     not null,
  reasoning_tokens  float8      not null,
  audio_tokens      float8      not null,
  project_no        int         not null,
  grain             int         not null,    -- seconds: 60, 3600, 86400
  dimension         smallint    not null,    -- figures/dimension.ts
  prompt_cost       numeric     not null,    -- USD
  completion_cost   numeric     not null,
  total_cost        numeric     not null,
  latency           bytea       not null,    -- figures/sketch.ts
  first_token       bytea       not null,
  value             text        not null,    -- '': all the values for which there was no room
  primary key (project_no, grain, dimension, bucket, value)
) with (fillfactor = 70);
-- For retention: rows come in order of time, so this is a few pages.
create index trace_figures_by_time on muster.trace_figures using brin (bucket) with (pages_per_range = 32);
alter table muster.trace_figures alter column latency set storage plain, alter column first_token set storage plain;

-- Prices of one's own. They stand before the built-in ones, from valid_from on.
create table muster.trace_prices (
  price_id    bigint      primary key generated always as identity,
  provider    text,                          -- null: whoever provides it
  model       text        not null check (length(model) between 1 and 256), -- in lower case; a * at its end stands for any ending
  valid_from  timestamptz not null default '-infinity',
  -- USD a million tokens: {"input": 0.15, "output": 0.6, "cache_read": …, "above": [{"tokens": 200000, "input": …}]}
  rates       jsonb       not null,
  source      text        not null default 'custom', -- custom, litellm
  created_by  text        not null,
  created_at  timestamptz not null default clock_timestamp()
);
create unique index trace_prices_once on muster.trace_prices (model, coalesce(provider, ''), valid_from);
