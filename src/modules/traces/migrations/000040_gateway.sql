-- Where the gateway sends requests. Keys are sealed; routes say which models it serves, in the order they are looked at.
create table muster.gateway_providers (
  name       text        primary key check (name ~ '^[a-z0-9][a-z0-9_.-]{0,62}$'),
  kind       text        not null,
  base_url   text        not null,
  api_key    text,                           -- sealed
  headers    jsonb       not null default '{}', -- sent along; nothing secret
  routes     jsonb       not null default '[]', -- [{"model": "gpt-*", "as": null, "fallbacks": []}]; empty: every model
  priority   int         not null default 100, -- of two that serve a model the lower is asked
  enabled    boolean     not null default true,
  settings   jsonb       not null default '{}', -- gateway/provider.ts
  created_by text        not null,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp()
);
