-- What makes pseudonyms: random, the same on every server, sealed like all secrets. One row.
create table muster.trace_pseudonym_key (
  one    boolean primary key default true check (one),
  sealed text    not null
);

-- What was erased, so that whoever asks can be told, and so that it can be erased again after an older backup was restored. Nothing in it
-- says whom it was about: `subject` is a pseudonym under the key above, which finds the person again only for one who knows whom to ask for.
create table muster.trace_erasures (
  erasure_id  uuid        primary key default gen_random_uuid(),
  no          bigint      not null generated always as identity unique,
  -- What was looked for: user, thread, text, run.
  kind        text        not null check (kind in ('user', 'thread', 'text', 'run')),
  subject     text        not null,
  -- What was looked for, sealed, where it is to be looked for again after a restore; null: it is not.
  sealed      text,
  project     text,                          -- null: all
  requested_by text       not null,
  requested_at timestamptz not null default clock_timestamp(),
  finished_at timestamptz,
  -- How many rows of each table went.
  removed     jsonb       not null default '{}'
);
create index trace_erasures_by_subject on muster.trace_erasures (subject);
