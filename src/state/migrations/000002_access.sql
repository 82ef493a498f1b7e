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
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_at    timestamptz
);

create table muster.sessions (
  token_hash   bytea primary key,
  subject      text        not null,
  role         text        not null check (role in ('viewer', 'operator', 'administrator')),
  created_at   timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  expires_at   timestamptz not null
);
