-- The ids of these series, new ones created as far as the limits allow; none for those beyond. Ids are not spent on series that
-- exist. The room of a metric is counted once for all its new series: counted for each, a metric that was full cost the server a
-- second for every thousand that were refused.
create or replace function muster.resolve_series(p_names text[], p_agents text[], p_units text[], p_labels jsonb, p_per_metric int, p_total int)
returns table (ord int, series_id int)
language plpgsql volatile as $$
#variable_conflict use_column
declare
  room_of_all bigint;
begin
  if exists (
    select from unnest(p_names, p_agents, p_units) with ordinality as w (metric_name, agent_id, unit, ord)
    where not exists (select from muster.series s where s.identity = muster.series_identity(w.metric_name, w.agent_id, w.unit, p_labels -> (w.ord - 1)::int))
  ) then
    room_of_all := p_total - (select count(*) from (select from muster.series limit p_total) as taken);
    with missing as materialized (
      select w.*, row_number() over (partition by metric_name order by ord) as nth, row_number() over (order by ord) as nth_of_all
      from (
        select distinct on (i.identity) w.metric_name, nullif(w.agent_id, '') as agent_id, nullif(w.unit, '') as unit, p_labels -> (w.ord - 1)::int as labels, w.ord, i.identity
        from unnest(p_names, p_agents, p_units) with ordinality as w (metric_name, agent_id, unit, ord)
        cross join lateral (select muster.series_identity(w.metric_name, w.agent_id, w.unit, p_labels -> (w.ord - 1)::int)) as i (identity)
        where not exists (select from muster.series s where s.identity = i.identity)
        order by i.identity, w.ord
      ) as w
    ), room as materialized (
      select n.metric_name, p_per_metric - (select count(*) from (select from muster.series s where s.metric_name = n.metric_name limit p_per_metric) as taken) as room
      from (select distinct metric_name from missing) as n
    )
    insert into muster.series (metric_name, agent_id, unit, labels)
    select metric_name, agent_id, unit, labels
    from missing join room using (metric_name)
    where nth_of_all <= room_of_all and nth <= room
    -- In one order everywhere: two hosts that create the same series wait for each other and never in a circle.
    order by identity
    on conflict (identity) do nothing;
  end if;
  return query
    select w.ord::int, s.series_id
    from unnest(p_names, p_agents, p_units) with ordinality as w (metric_name, agent_id, unit, ord)
    join muster.series s on s.identity = muster.series_identity(w.metric_name, w.agent_id, w.unit, p_labels -> (w.ord - 1)::int);
end $$;
