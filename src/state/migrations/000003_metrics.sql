-- Metrics: names once (series), samples in daily partitions, the newest value of each series, rollups by minute and
-- hour, and chunks for what is older than the raw window.

-- md5 because it is the only hash over text that is immutable and in every server; it tells series apart, it protects nothing.
create function muster.series_identity(p_metric_name text, p_agent_id text, p_unit text, p_labels jsonb) returns uuid
language sql immutable parallel safe as $$
  select md5(p_metric_name || chr(1) || coalesce(p_agent_id, '') || chr(1) || coalesce(p_unit, '') || chr(1) || p_labels::text)::uuid
$$;

create table muster.series (
  series_id   int generated always as identity primary key,
  metric_name varchar(255) not null check (metric_name ~ '^[^[:cntrl:]]+$'),
  agent_id    varchar(255) check (agent_id <> ''),
  unit        varchar(50)  check (unit <> ''),
  labels      jsonb        not null default '{}' check (jsonb_typeof(labels) = 'object' and octet_length(labels::text) <= 8192),
  created_at  timestamptz  not null default clock_timestamp(),
  -- Two hosts that meet a new series at once agree on one row.
  identity    uuid not null generated always as (muster.series_identity(metric_name, agent_id, unit, labels)) stored unique
);
create index series_by_name on muster.series (metric_name, agent_id);
create index series_by_agent on muster.series (agent_id);

create function muster.hour_of(p_ts timestamptz) returns int
language sql stable parallel safe as $$ select floor(date_part('epoch', p_ts) / 3600)::int $$;

-- No primary key: a sample is written once a batch id (see sample_batches), and an index that must not be unique costs no
-- conflict check. The order of the columns keeps a row at 48 bytes with its header; the hour takes what would be padding.
create table muster.samples (
  ts        timestamptz not null,
  value     float8      not null,
  series_id int         not null,
  hour      int         not null    -- of ts, counted from 1970: muster.hour_of(ts)
) partition by range (ts);
-- By hour and not by time: equal keys share one entry, so an insert costs 1.1 µs instead of 2.0 and a sample 11 bytes instead of
-- 32, and an hour of a series is still found at once.
create index samples_by_series on muster.samples (series_id, hour);
-- For a stretch of time over all series (rollups, SQL): next to nothing.
create index samples_by_time on muster.samples using brin (ts) with (autosummarize = on);
-- What has no day of its own: late and early samples. Compaction empties it.
create table muster.samples_default partition of muster.samples default;

-- Closed days. A row holds up to some 4,000 samples of one series, packed by the program; see docs/reference/metrics.md.
create table muster.chunks (
  ts        timestamptz not null,   -- the first sample's time
  until     timestamptz not null,   -- the last one's
  series_id int         not null,
  n         int         not null,
  data      bytea       not null,
  primary key (series_id, ts)
) partition by range (ts);
-- Packed already: compressing again would only cost time.
alter table muster.chunks alter column data set storage external;

create table muster.latest (
  series_id int primary key,
  ts        timestamptz not null,
  value     float8      not null
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_threshold = 25, autovacuum_vacuum_cost_limit = 1000);

create table muster.rollup_1m (
  bucket    timestamptz not null,
  series_id int         not null,
  n         int         not null,
  sum       float8      not null,
  min       float8      not null,
  max       float8      not null,
  last      float8      not null,
  primary key (series_id, bucket)
) partition by range (bucket);
create index rollup_1m_by_time on muster.rollup_1m using brin (bucket) with (autosummarize = on);
create table muster.rollup_1m_default partition of muster.rollup_1m default;

create table muster.rollup_1h (
  bucket    timestamptz not null,
  series_id int         not null,
  n         int         not null,
  sum       float8      not null,
  min       float8      not null,
  max       float8      not null,
  last      float8      not null,
  -- By how much a counter grew from minute to minute, over how many seconds: from "last" alone nobody could tell how far it
  -- got before it began again.
  increase  float8,
  seconds   int         not null default 0,
  primary key (series_id, bucket)
);
create index rollup_1h_by_time on muster.rollup_1h using brin (bucket) with (autosummarize = on);

-- Up to when the rollups are complete. Its row is the lock of whoever writes them.
create table muster.rollup_progress (
  singleton     boolean primary key default true check (singleton),
  minutes_until timestamptz not null,
  hours_until   timestamptz not null
) with (fillfactor = 50);
insert into muster.rollup_progress (minutes_until, hours_until) values (date_trunc('minute', clock_timestamp()), date_trunc('hour', clock_timestamp(), 'UTC'));

-- Stretches that changed after, or too late to be sure that it was before, they were rolled up. A row is committed with
-- the samples it speaks of and is never updated: whoever sees it sees them.
create table muster.rollup_dirty (
  id        bigint generated always as identity primary key,
  series_id int         not null,
  from_ts   timestamptz not null,
  to_ts     timestamptz not null    -- inclusive
);

-- The last batch each writer committed: a batch whose commit was in doubt is not written twice.
create table muster.sample_batches (
  writer_id  uuid primary key,
  last_batch bigint      not null,
  updated_at timestamptz not null default clock_timestamp()
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_threshold = 25);

-- Opens the transaction of a batch: tells whether the batch is new, refuses it where the host's lease is gone, names the
-- agents that are no longer the host's at these epochs, and tells the time by which late is judged. p_host null: nobody's.
create function muster.open_sample_batch(p_writer uuid, p_batch bigint, p_host uuid, p_agents text[], p_epochs bigint[])
returns table (is_new boolean, now_ms float8, stale text[])
language plpgsql volatile as $$
begin
  -- Late is what comes 30 s after its time; the rollup waits 120 s. So a transaction that judged a sample not to be late
  -- must not outlive the difference: a program that is frozen between two statements loses its transaction. After four
  -- seconds, as in muster.fence: it holds its host's row, and must not hold up the host's replacement.
  perform set_config('idle_in_transaction_session_timeout', '4s', true);
  is_new := true;
  stale := '{}';
  -- Waits where the same batch is still under way in another transaction.
  insert into muster.sample_batches as b (writer_id, last_batch) values (p_writer, p_batch)
  on conflict (writer_id) do update set last_batch = excluded.last_batch, updated_at = clock_timestamp() where b.last_batch < excluded.last_batch;
  if not found then
    is_new := false;
  elsif p_host is not null then
    perform 1 from muster.hosts h where h.host_id = p_host and h.status = 'live' and h.expires_at > clock_timestamp() for key share;
    if not found then
      raise exception 'host % does not hold a live lease', p_host using errcode = 'MU001';
    end if;
    -- A statement of its own: it sees what was committed while the one before waited for the row.
    stale := coalesce((
      select array_agg(claimed.agent_id)
      from unnest(p_agents, p_epochs) as claimed (agent_id, epoch)
      left join muster.agent_leases l on l.agent_id = claimed.agent_id
      where l.host_id is distinct from p_host or l.epoch is distinct from claimed.epoch), '{}');
  end if;
  now_ms := date_part('epoch', clock_timestamp()) * 1000;
  return next;
end $$;

-- The ids of these series, new ones created as far as the limits allow; none for those beyond. Ids are not spent on
-- series that exist.
create function muster.resolve_series(p_names text[], p_agents text[], p_units text[], p_labels jsonb, p_per_metric int, p_total int)
returns table (ord int, series_id int)
language plpgsql volatile as $$
#variable_conflict use_column
declare
  room bigint;
begin
  if exists (
    select from unnest(p_names, p_agents, p_units) with ordinality as w (metric_name, agent_id, unit, ord)
    where not exists (select from muster.series s where s.identity = muster.series_identity(w.metric_name, w.agent_id, w.unit, p_labels -> (w.ord - 1)::int))
  ) then
    room := p_total - (select count(*) from (select from muster.series limit p_total) as taken);
    insert into muster.series (metric_name, agent_id, unit, labels)
    select metric_name, agent_id, unit, labels
    from (
      select w.*, row_number() over (partition by metric_name order by ord) as nth, row_number() over (order by ord) as nth_of_all
      from (
        select distinct on (i.identity) w.metric_name, nullif(w.agent_id, '') as agent_id, nullif(w.unit, '') as unit, p_labels -> (w.ord - 1)::int as labels, w.ord, i.identity
        from unnest(p_names, p_agents, p_units) with ordinality as w (metric_name, agent_id, unit, ord)
        cross join lateral (select muster.series_identity(w.metric_name, w.agent_id, w.unit, p_labels -> (w.ord - 1)::int)) as i (identity)
        where not exists (select from muster.series s where s.identity = i.identity)
        order by i.identity, w.ord
      ) as w
    ) as missing
    where nth_of_all <= room
      and nth <= p_per_metric - (select count(*) from (select from muster.series s where s.metric_name = missing.metric_name limit p_per_metric) as taken)
    -- In one order everywhere: two hosts that create the same series wait for each other and never in a circle.
    order by identity
    on conflict (identity) do nothing;
  end if;
  return query
    select w.ord::int, s.series_id
    from unnest(p_names, p_agents, p_units) with ordinality as w (metric_name, agent_id, unit, ord)
    join muster.series s on s.identity = muster.series_identity(w.metric_name, w.agent_id, w.unit, p_labels -> (w.ord - 1)::int);
end $$;

-- A number for a sample that has none of its own: its day since 2020, block (29 bits) and line (11 bits), 53 bits in all until
-- 2042, so that programs that know only doubles keep it whole. It names the sample while it is in the raw window and unchanged.
create function muster.sample_id(p_place tid, p_ts timestamptz) returns bigint
language sql stable parallel safe as $$
  select (floor(date_part('epoch', p_ts) / 86400)::bigint - 18262 << 40) | ((p_place::text::point)[0]::bigint << 11) | (p_place::text::point)[1]::bigint
$$;

create function muster.sample_place(p_id bigint) returns tid
language sql immutable parallel safe as $$
  select format('(%s,%s)', (p_id >> 11) & 536870911, p_id & 2047)::tid
$$;

-- The samples of the raw window, as plain SQL knows them. Bound "timestamp" and name the metric: partitions are pruned and
-- the indexes are used.
create view public.performance_metrics as
  select
    muster.sample_id(p.ctid, p.ts) as id,
    s.agent_id,
    s.metric_name,
    p.value::text::numeric         as metric_value,   -- by way of its text: a cast keeps 15 digits, the text all of them
    s.unit                         as metric_unit,
    p.ts                           as "timestamp",
    nullif(s.labels, '{}')         as metadata
  from muster.samples p
  join muster.series s using (series_id);
alter view public.performance_metrics alter column "timestamp" set default now();

create function muster.write_performance_metrics() returns trigger
language plpgsql as $$
declare
  series int;
  gone   muster.samples;
begin
  if tg_op <> 'INSERT' then
    delete from muster.samples p where p.ts = old."timestamp" and p.ctid = muster.sample_place(old.id) returning p.* into gone;
    if not found then
      return null;   -- somebody else was quicker
    end if;
    insert into muster.rollup_dirty (series_id, from_ts, to_ts) values (gone.series_id, gone.ts, gone.ts);
    perform muster.correct_latest(gone.series_id, gone.ts);
    if tg_op = 'DELETE' then
      return old;
    end if;
  end if;

  if new.metric_name is null or new.metric_value is null or new."timestamp" is null then
    raise not_null_violation using message = 'performance_metrics needs metric_name, metric_value and "timestamp"';
  end if;
  if new.metric_value::float8 not between '-1.7976931348623157e308' and '1.7976931348623157e308' then
    raise numeric_value_out_of_range using message = 'metric_value must be a finite number';
  end if;
  if new."timestamp" > clock_timestamp() + interval '5 minutes' or new."timestamp" < '2000-01-01' then
    raise datetime_field_overflow using message = format('"timestamp" %s lies in the future, or before the year 2000', new."timestamp");
  end if;
  if jsonb_typeof(coalesce(new.metadata, '{}')) <> 'object' then
    raise invalid_parameter_value using message = 'metadata must be an object: its members are the labels of the series';
  end if;
  select r.series_id into series
  from muster.resolve_series(array[new.metric_name], array[new.agent_id], array[new.metric_unit], jsonb_build_array(coalesce(new.metadata, '{}')), 10000, 1000000) as r;
  if not found then
    raise program_limit_exceeded using
      message = format('metric %s has too many series', new.metric_name),
      hint = 'Every combination of agent_id, metric_unit and metadata is a series of its own: keep what varies from row to row out of metadata.';
  end if;
  insert into muster.samples as p (ts, value, series_id, hour)
  values (new."timestamp", new.metric_value::float8, series, muster.hour_of(new."timestamp"))
  returning muster.sample_id(p.ctid, p.ts) into new.id;
  -- Always dirty: this transaction may stay open for longer than a rollup waits.
  insert into muster.rollup_dirty (series_id, from_ts, to_ts) values (series, new."timestamp", new."timestamp");
  insert into muster.latest as l (series_id, ts, value) values (series, new."timestamp", new.metric_value::float8)
  on conflict (series_id) do update set ts = excluded.ts, value = excluded.value where l.ts <= excluded.ts;
  return new;
end $$;

-- After a sample was taken away: where it was the newest of its series, the newest that is left takes its place.
create function muster.correct_latest(p_series int, p_ts timestamptz) returns void
language plpgsql as $$
begin
  perform 1 from muster.latest l where l.series_id = p_series and l.ts <= p_ts for update;
  if not found then
    return;
  end if;
  delete from muster.latest l where l.series_id = p_series;
  insert into muster.latest (series_id, ts, value)
  select p.series_id, p.ts, p.value from muster.samples p where p.series_id = p_series order by p.ts desc limit 1
  on conflict (series_id) do nothing;
end $$;

create trigger performance_metrics_write instead of insert or update or delete on public.performance_metrics
for each row execute function muster.write_performance_metrics();
