-- Answers that are kept for whoever asks the same. The key is a hash of the request, its scope and where it would go.
create table muster.gateway_answers (
  key           bytea       primary key,
  project       text        not null,        -- who may be answered with it; what a purge goes by
  key_id        text,                        -- where it is for one key alone
  face          text        not null,
  provider      text        not null,
  price_provider text,
  model         text        not null,
  is_stream     boolean     not null,
  content_type  text        not null,
  body          bytea       not null,
  size          int         not null,
  answered_at   timestamptz not null default clock_timestamp(),
  expires_at    timestamptz not null,
  used_at       timestamptz not null default clock_timestamp(),
  hits          bigint      not null default 0
) with (fillfactor = 90);
create index gateway_answers_by_use on muster.gateway_answers (used_at);
create index gateway_answers_by_end on muster.gateway_answers (expires_at);

-- One row a request: what it cost, and what it would have cost. What reports say of savings is the sum of these rows.
create table muster.gateway_requests (
  no                bigint      generated always as identity primary key,
  at                timestamptz not null default clock_timestamp(),
  run_id            uuid        not null,
  key_id            text,                    -- null: the bootstrap key, or a session
  project           text        not null,
  face              text        not null,
  provider          text,
  model             text        not null,
  outcome           text        not null,    -- provider, exact, coalesced, semantic, batch
  status            smallint,
  prompt_tokens     int,
  completion_tokens int,
  cost              numeric,                 -- USD; null: not known
  saved             numeric,                 -- USD; null: nothing, or not known
  price             text,                    -- the price that applied
  unique (run_id)
);
create index gateway_requests_by_time on muster.gateway_requests (at);

-- What keys have spent, by day (UTC), and how much they asked by minute: all servers count here.
create table muster.gateway_spend (
  key_id   text    not null,
  day      date    not null,
  requests bigint  not null default 0,
  tokens   bigint  not null default 0,
  cost     numeric not null default 0,
  primary key (key_id, day)
) with (fillfactor = 50);

create table muster.gateway_minutes (
  key_id   text        not null,
  minute   timestamptz not null,
  requests int         not null default 0,
  tokens   bigint      not null default 0,
  primary key (key_id, minute)
) with (fillfactor = 50);

-- What a key may. `*` holds for every key that has no row of its own.
create table muster.gateway_limits (
  key_id              text        primary key,
  usd_per_day         numeric     check (usd_per_day >= 0),
  usd_per_month       numeric     check (usd_per_month >= 0),
  is_hard             boolean     not null default true, -- refuse beyond the budget; otherwise only say so
  requests_per_minute int         check (requests_per_minute >= 0),
  tokens_per_minute   bigint      check (tokens_per_minute >= 0),
  updated_by          text        not null,
  updated_at          timestamptz not null default clock_timestamp()
);
