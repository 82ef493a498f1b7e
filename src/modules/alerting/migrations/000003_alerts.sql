-- Alerts, what became of each, the incidents they belong to, and what keeps them quiet; see docs/decisions/alerts.md.

create table muster.incidents (
  incident_id uuid        primary key,
  cause       text        not null,                   -- what its alerts have in common: agent:a1, host:…, service:checkout
  title       text        not null,
  state       text        not null check (state in ('open', 'resolved')),
  level       text        not null check (level in ('info', 'warning', 'critical', 'emergency')),   -- the gravest it had
  started_at  timestamptz not null,                   -- of its first alert
  detected_at timestamptz not null,
  resolved_at timestamptz,
  alerts      integer     not null default 0
) with (fillfactor = 70);
-- Whatever two writers do, a cause has one open incident.
create unique index incidents_open on muster.incidents (cause) where state = 'open';
create index incidents_by_time on muster.incidents (detected_at desc, incident_id);

create table muster.alerts (
  alert_id           uuid        primary key,
  dedup_key          text        not null,            -- rule and target
  rule               text        not null,
  target             text        not null,            -- labels of the series, canonical; '' for none
  labels             jsonb       not null default '{}',
  agent_id           text,
  metric_name        text        not null,
  unit               text        not null,
  state              text        not null check (state in ('firing', 'resolved')),
  level              text        not null check (level in ('info', 'warning', 'critical', 'emergency')),
  verdict            text        not null,            -- what its rule said last: firing, no_data, error, ok
  value              float8,
  threshold          float8,
  summary            text        not null,
  explanation        text        not null,
  runbook            text,
  channels           text[]      not null default '{}',
  subjects           text[]      not null default '{}',   -- what it is about, then what that stands on
  incident_id        uuid        not null references muster.incidents,
  started_at         timestamptz not null,            -- the first bad sample
  detected_at        timestamptz not null,
  updated_at         timestamptz not null,
  resolved_at        timestamptz,
  acknowledged_by    text,
  acknowledged_at    timestamptz,
  acknowledged_until timestamptz,                     -- null: until it is over
  suppression        jsonb,                           -- {kind, id, reason, until}; null: nothing keeps it quiet
  told_level         text,                            -- as whom it was told to concerns it knows it; null: has to be told
  told_at            timestamptz,
  told_on            text[]      not null default '{}',   -- channels that know that it fires
  tell_at            timestamptz,                     -- has to be told by then
  seq                bigint      not null,            -- of its last transition
  impact             jsonb       not null default '{}'
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
-- The same fault is one alert until it is over.
create unique index alerts_firing on muster.alerts (dedup_key) where state = 'firing';
create index alerts_by_time on muster.alerts (detected_at desc, alert_id);
create index alerts_by_incident on muster.alerts (incident_id);

create table muster.alert_transitions (
  alert_id uuid        not null references muster.alerts on delete cascade,
  seq      bigint      not null,
  at       timestamptz not null,
  kind     text        not null check (kind ~ '^[a-z][a-z_]{0,39}$'),
  level    text        not null,
  actor    text,                                      -- who did it; null: nobody, it happened
  note     text,
  primary key (alert_id, seq)
);

create table muster.silences (
  silence_id uuid        primary key default gen_random_uuid(),
  matchers   jsonb       not null,                    -- [{label, operator, value}]: all must match
  reason     text        not null,
  created_by text        not null,
  created_at timestamptz not null default clock_timestamp(),
  starts_at  timestamptz not null default clock_timestamp(),
  ends_at    timestamptz not null,
  ended_by   text,                                    -- who ended it before its time
  check (ends_at >= starts_at)
);
create index silences_by_end on muster.silences (ends_at desc, silence_id);

create table muster.maintenance_windows (
  window_id   uuid        primary key default gen_random_uuid(),
  name        text        not null,
  matchers    jsonb       not null,
  reason      text        not null,
  created_by  text        not null,
  created_at  timestamptz not null default clock_timestamp(),
  starts_at   timestamptz,                            -- once: from here
  ends_at     timestamptz,                            -- to here
  cron        text,                                   -- again and again: begins then
  time_zone   text        not null default 'UTC',
  duration_ms bigint,
  deleted_by  text,
  deleted_at  timestamptz,
  check ((cron is null and starts_at is not null and ends_at > starts_at) or (cron is not null and duration_ms > 0))
);
