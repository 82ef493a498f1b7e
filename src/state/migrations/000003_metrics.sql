-- Metrics: names once (series), samples in daily partitions, the newest value of each series, rollups by minute and
-- hour, and chunks for what is older than the raw window.
create table muster.series (
  series_id   int generated always as identity primary key,
  metric_name varchar(255) not null check (metric_name <> ''),
  agent_id    varchar(255) not null default '',   -- '' : no agent
  unit        varchar(50)  not null default '',
  labels      jsonb        not null default '{}' check (jsonb_typeof(labels) = 'object'),
  created_at  timestamptz  not null default now(),
  -- Two hosts that meet a new series at once agree on one row.
  identity    uuid generated always as (md5(metric_name || chr(1) || agent_id || chr(1) || unit || chr(1) || labels::text)::uuid) stored unique
);
create index series_by_name on muster.series (metric_name, agent_id);

-- No primary key: a sample is written once a batch id (see sample_batches), and an index that must not be unique
-- costs no conflict check. ts first in the row keeps it at 48 bytes with its header.
create table muster.samples (
  ts        timestamptz not null,
  value     float8      not null,
  series_id int         not null
) partition by range (ts);
create index samples_by_series on muster.samples (series_id, ts);
-- What has no day of its own yet: late and early samples. Compaction empties it.
create table muster.samples_default partition of muster.samples default;

create table muster.latest (
  series_id int primary key,
  ts        timestamptz not null,
  value     float8      not null
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_threshold = 25, autovacuum_vacuum_cost_limit = 1000);

-- The last batch each writer committed: a batch whose commit was in doubt is not written twice.
create table muster.sample_batches (
  writer_id  uuid primary key,
  last_batch bigint      not null,
  updated_at timestamptz not null default clock_timestamp()
) with (fillfactor = 50);
