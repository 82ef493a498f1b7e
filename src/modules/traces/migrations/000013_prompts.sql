-- Prompts, and the directories of agents and skills, as programs push and pull them: in versions that never change.

create table muster.trace_prompts (
  prompt_id   uuid primary key,
  name        text        not null unique check (length(name) between 1 and 256),
  kind        text        not null default 'prompt' check (kind in ('prompt', 'agent', 'skill')),
  description text,
  readme      text,
  tags        text[]      not null default '{}',
  is_public   boolean     not null default false,   -- what its author said; here nothing is read without a key
  is_archived boolean     not null default false,
  created_by  text        not null,
  created_at  timestamptz not null default date_trunc('milliseconds', clock_timestamp()),
  updated_at  timestamptz not null default date_trunc('milliseconds', clock_timestamp())
);

create table muster.trace_prompt_commits (
  commit_id   uuid        primary key,
  prompt_id   uuid        not null references muster.trace_prompts on delete cascade,
  number      int         not null,                 -- 1, 2, 3: a prompt has one line of versions
  hash        text        not null,                 -- SHA-256 of the version before and the manifest
  manifest    text        not null,                 -- JSON, as it came
  description text,
  created_by  text        not null,
  created_at  timestamptz not null default date_trunc('milliseconds', clock_timestamp()),
  unique (prompt_id, number),
  unique (prompt_id, hash)
);

create table muster.trace_prompt_tags (
  prompt_id  uuid        not null references muster.trace_prompts on delete cascade,
  tag        text        not null check (length(tag) between 1 and 256),
  commit_id  uuid        not null references muster.trace_prompt_commits on delete cascade,
  created_at timestamptz not null default date_trunc('milliseconds', clock_timestamp()),
  updated_at timestamptz not null default date_trunc('milliseconds', clock_timestamp()),
  primary key (prompt_id, tag)
);
create index trace_prompt_tags_by_commit on muster.trace_prompt_tags (commit_id);

create table muster.trace_prompt_likes (
  prompt_id uuid not null references muster.trace_prompts on delete cascade,
  subject   text not null,
  primary key (prompt_id, subject)
);
