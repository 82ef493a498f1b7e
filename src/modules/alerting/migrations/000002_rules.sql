-- Rules, what is known of each of their targets, and how each fared when it was looked at last; see docs/rules.md.

create table muster.alert_rules (
  name        text        primary key check (name ~ '^[^[:cntrl:]/]{1,100}$'),
  definition  jsonb       not null check (jsonb_typeof(definition) = 'object'),
  -- default: ships with Muster. file: kept in monitoring.yml. api: made or changed by people.
  source      text        not null check (source in ('default', 'file', 'api')),
  enabled     boolean     not null generated always as (coalesce((definition ->> 'enabled')::boolean, true)) stored,
  revision    bigint      not null default 1,
  created_at  timestamptz not null default clock_timestamp(),
  updated_at  timestamptz not null default clock_timestamp(),
  updated_by  text        not null
);

-- Targets that are not simply well: no row means ok, or that nothing is known and nothing was wrong. No foreign key: what a rule
-- that was deleted left open is to be closed first.
create table muster.rule_states (
  rule        text        not null,
  target      text        not null,
  state       text        not null check (state in ('ok', 'pending', 'firing', 'no_data', 'error')),
  level       text        check (level in ('info', 'warning', 'critical', 'emergency')),
  since       timestamptz not null,
  series      jsonb       not null,              -- what the target is: metric, agent, unit, labels
  memory      jsonb       not null,              -- what the next evaluation goes on from
  updated_at  timestamptz not null default clock_timestamp(),
  primary key (rule, target)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);

create table muster.rule_reports (
  rule         text        primary key,
  state        text        not null check (state in ('ok', 'pending', 'firing', 'no_data', 'error')),
  series       integer     not null,
  pending      integer     not null,
  firing       integer     not null,
  no_data      integer     not null,
  error        integer     not null,
  is_truncated boolean     not null,             -- more series match than a rule may have
  why          text        not null,
  evaluated_at timestamptz not null
) with (fillfactor = 70);
