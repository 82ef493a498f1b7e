-- Who may enter. Secrets are stored as SHA-256 of 256 random bits, never in clear.
create table muster.api_keys (
  key_id       text primary key,
  name         text        not null,
  secret_hash  bytea       not null,
  role         text        not null check (role in ('viewer', 'operator', 'administrator')),
  scopes       text[],                      -- narrows the role; null: all of it
  created_by   text        not null,
  created_at   timestamptz not null default now(),
  expires_at   timestamptz,
  last_used_at timestamptz,
  revoked_at   timestamptz
);

create table muster.sign_in_links (
  token_hash bytea primary key,
  role       text        not null check (role in ('viewer', 'operator', 'administrator')),
  created_by text        not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_at    timestamptz
);

-- A session that was opened with a key has that key's rights and ends with it. One that was opened with the bootstrap
-- key names its fingerprint, and ends when no process has that key any more.
create table muster.sessions (
  token_hash   bytea primary key,
  subject      text        not null,
  role         text        not null check (role in ('viewer', 'operator', 'administrator')),
  key_id       text        references muster.api_keys on delete cascade,
  bootstrap    text,
  created_at   timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  expires_at   timestamptz not null
);
create index on muster.sessions (key_id) where key_id is not null;
