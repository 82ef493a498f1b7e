import { MusterError } from '../../base/errors.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { sqlStateOf } from '../../db/failure.ts';
import { raw, sql, type Sql } from '../../db/sql.ts';
import { SETTLE_MS } from './options.ts';

/** Minutes rolled up in one transaction: after an outage the job catches up in steps. */
const STEP_MINUTES = 10;

/** Up to when the rollups are complete, milliseconds since 1970. */
export interface RollupProgress {
  readonly minutesUntil: number;
  readonly hoursUntil: number;
}

/** The progress, its row locked: one at a time writes rollups. */
export async function lockProgress(tx: Transaction): Promise<RollupProgress> {
  const { rows } = await tx.query<{ minutes_until: number; hours_until: number }>(sql`
    select date_part('epoch', minutes_until) * 1000 as minutes_until, date_part('epoch', hours_until) * 1000 as hours_until
    from muster.rollup_progress for update`);
  const row = rows[0];
  if (row === undefined) throw new MusterError('SCHEMA_MISSING', 'muster.rollup_progress has no row');
  return { minutesUntil: row.minutes_until, hoursUntil: row.hours_until };
}

/**
 * Rolls up every minute that has settled since the last time, each once (a sample costs half a microsecond here): what comes later is in
 * rollup_dirty. Then the hours that are complete. Each step commits its progress with its rollups.
 */
export async function rollUp(database: Database, signal: AbortSignal): Promise<void> {
  await summarise(database);
  for (let more = true; more;) {
    signal.throwIfAborted();
    more = await database.transaction(rollUpMinutes, { synchronousCommit: 'off', statementTimeoutMs: 120_000, attempts: 3 });
  }
  for (let more = true; more;) {
    signal.throwIfAborted();
    more = await database.transaction(rollUpHour, { synchronousCommit: 'off', statementTimeoutMs: 120_000, attempts: 3 });
  }
}

/**
 * Brings the index by time up to date. The server would do it by itself, a minute later and 256 ranges at a time: too few at 50,000
 * samples a second, and what is not summarised is read by every rollup. Left out while a vacuum, which does the same, has the table.
 */
async function summarise(database: Database): Promise<void> {
  try {
    await database.transaction(
      (tx) =>
        tx.query(sql`
          select brin_summarize_new_values(i.indexrelid)
          from pg_inherits p
          join pg_index i on i.indrelid = p.inhrelid
          join pg_class x on x.oid = i.indexrelid
          join pg_am a on a.oid = x.relam and a.amname = 'brin'
          join pg_class t on t.oid = p.inhrelid
          where p.inhparent = 'muster.samples'::regclass
            and t.relname in (select to_char(day at time zone 'UTC', '"samples_"YYYYMMDD') from unnest(array[now(), now() - interval '10 minutes']) as day)`),
      { lockTimeoutMs: 100 },
    );
  } catch (error) {
    if (sqlStateOf(error) !== LOCK_NOT_AVAILABLE) throw error;
  }
}

const LOCK_NOT_AVAILABLE = '55P03';

/** Nobody measures 1e290, but a sum beyond all doubles would be an error, and the rollup would never get past it. */
const SUMMABLE = sql`least(greatest(value, -1e290), 1e290)`;

async function rollUpMinutes(tx: Transaction): Promise<boolean> {
  await lockProgress(tx);
  const { rows } = await tx.query<{ begun: string; until: string; more: boolean }>(sql`
    select minutes_until::text as begun, least(settled, minutes_until + ${STEP_MINUTES} * interval '1 minute')::text as until,
      settled > minutes_until + ${STEP_MINUTES} * interval '1 minute' as more
    from muster.rollup_progress, date_trunc('minute', clock_timestamp() - ${SETTLE_MS} * interval '1 millisecond') as settled
    where settled > minutes_until`);
  const step = rows[0];
  if (step === undefined) return false;
  // The newest value is the greatest pair of time and value: array_agg in order would sort every sample (0.8 µs each, not 0.5).
  // The newest values mend `latest` where a host died before it wrote them: only those that are newer are touched.
  await tx.query(sql`
    with minutes as materialized (
      select date_bin('1 minute', ts, '2000-01-01T00:00:00Z') as bucket, series_id, count(*) as n, sum(${SUMMABLE}) as sum,
        min(value) as min, max(value) as max, max(array[date_part('epoch', ts), value]) as newest
      from muster.samples
      where ts >= ${step.begun}::timestamptz and ts < ${step.until}::timestamptz
      group by 1, 2
    ), mended as (
      insert into muster.latest as l (series_id, ts, value)
      select distinct on (m.series_id) m.series_id, to_timestamp(m.newest[1]), m.newest[2]
      from minutes m left join muster.latest known using (series_id)
      where known.ts is null or known.ts < to_timestamp(m.newest[1])
      order by m.series_id, m.newest[1] desc
      on conflict (series_id) do update set ts = excluded.ts, value = excluded.value where l.ts < excluded.ts
    )
    insert into muster.rollup_1m as r (bucket, series_id, n, sum, min, max, last)
    select bucket, series_id, n, sum, min, max, newest[2] from minutes order by series_id, bucket
    on conflict (series_id, bucket) do update
    set n = excluded.n, sum = excluded.sum, min = excluded.min, max = excluded.max, last = excluded.last`);
  await tx.query(sql`update muster.rollup_progress set minutes_until = ${step.until}::timestamptz`);
  return step.more;
}

async function rollUpHour(tx: Transaction): Promise<boolean> {
  await lockProgress(tx);
  const { rows } = await tx.query<{ hour: string; more: boolean }>(sql`
    select hours_until::text as hour, hours_until + interval '2 hours' <= minutes_until as more
    from muster.rollup_progress where hours_until + interval '1 hour' <= minutes_until`);
  const step = rows[0];
  if (step === undefined) return false;
  const minutes = sql`select ${step.hour}::timestamptz as hour, r.* from muster.rollup_1m r
    where r.bucket >= ${step.hour}::timestamptz - ${LOOK_BACK} and r.bucket < ${step.hour}::timestamptz + interval '1 hour'`;
  await tx.query(sql`${insertHours(minutes)}
    on conflict (series_id, bucket) do update
    set n = excluded.n, sum = excluded.sum, min = excluded.min, max = excluded.max, last = excluded.last,
      increase = excluded.increase, seconds = excluded.seconds`);
  await tx.query(sql`update muster.rollup_progress set hours_until = ${step.hour}::timestamptz + interval '1 hour'`);
  return step.more;
}

/** A counter's growth is counted from the minute before, if that is not older. */
export const LOOK_BACK = raw("interval '5 minutes'");
export const LOOK_BACK_MS = 300_000;

/** Adds minutes up to hours. `minutes`: the rows of rollup_1m, each with the first `hour` that is wanted; rows before it only tell where a counter stood. */
export const insertHours = (minutes: Sql): Sql => sql`
  insert into muster.rollup_1h as h (bucket, series_id, n, sum, min, max, last, increase, seconds)
  select date_trunc('hour', bucket, 'UTC'), series_id, sum(n), sum(sum), min(min), max(max), (array_agg(last order by bucket desc))[1],
    sum(case when last >= before then last - before else last end) filter (where before is not null), coalesce(sum(gap), 0)
  from (
    select m.*, lag(m.last) over w as before, date_part('epoch', m.bucket - lag(m.bucket) over w)::int as gap
    from (${minutes}) as m
    window w as (partition by m.series_id, m.hour order by m.bucket)
  ) as m
  where bucket >= hour
  group by 1, 2
  order by 2, 1`;
