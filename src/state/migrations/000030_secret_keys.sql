-- muster: compatible-back-to 18
-- The key that secrets are sealed with where no MUSTER_SECRET_KEY is given: made once, by whoever needs it first.
create table muster.secret_keys (
  only_one   boolean     primary key default true check (only_one),
  key        bytea       not null check (octet_length(key) = 32),
  created_at timestamptz not null default clock_timestamp()
);
