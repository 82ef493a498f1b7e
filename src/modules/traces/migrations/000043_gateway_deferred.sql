-- Requests that may wait, for the half price of a provider's batch API.
create table muster.gateway_deferred (
  id         uuid        primary key,        -- also of its run
  key_id     text,                           -- who may ask for it; null: the bootstrap key, or a session
  projects   text[],                         -- of that key; null: all
  context    jsonb       not null,           -- gateway/context.ts
  face       text        not null,
  provider   text        not null,
  model      text        not null,           -- as the provider calls it
  body       text        not null,           -- as the client sent it
  state      text        not null default 'waiting' check (state in ('waiting', 'sending', 'sent', 'done', 'failed')),
  batch_id   text,
  created_at timestamptz not null default clock_timestamp(),
  changed_at timestamptz not null default clock_timestamp(),
  deadline   timestamptz not null,
  status     smallint,                       -- what the provider answered
  answer     text,
  error      text
);
create index gateway_deferred_open on muster.gateway_deferred (state, provider, face, created_at) where state in ('waiting', 'sending');
create index gateway_deferred_sent on muster.gateway_deferred (provider, batch_id) where state = 'sent';
create index gateway_deferred_over on muster.gateway_deferred (changed_at) where state in ('done', 'failed');
