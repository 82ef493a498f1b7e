import type { Database } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';
import { decodeCursor, encodeCursor } from '../rows.ts';
import type { LatestValue, Metrics } from './metrics.ts';
import { keyOfRow } from './range-query.ts';

const CURSOR = [/^[^\p{Cc}]{1,255}$/u, /^\d{1,10}$/] as const;

/** The newest value of each series, a page in order of metric and series. */
export async function listLatest(database: Database, ...[filter, page]: Parameters<Metrics['latest']>): ReturnType<Metrics['latest']> {
  const [afterName, afterSeries] = page.after === undefined ? [null, null] : decodeCursor(page.after, CURSOR);
  const names = filter.metricName === undefined ? null : [filter.metricName].flat();
  const { rows } = await database.query<{
    series_id: number;
    metric_name: string;
    agent_id: string | null;
    unit: string | null;
    labels: Record<string, unknown>;
    at: number;
    value: number;
  }>(sql`
    select s.series_id, s.metric_name, s.agent_id, s.unit, s.labels, date_part('epoch', l.ts) * 1000 as at, l.value
    from muster.series s join muster.latest l using (series_id)
    where (${names}::text[] is null or s.metric_name = any (${names}::text[]))
      and (${filter.agentId ?? null}::text is null or s.agent_id = nullif(${filter.agentId ?? null}, '') or (s.agent_id is null and ${filter.agentId ?? null} = ''))
      and (${afterName}::text is null or (s.metric_name, s.series_id) > (${afterName}, ${afterSeries}::int))
    order by s.metric_name, s.series_id
    limit ${page.limit}`);
  const items: LatestValue[] = rows.map((row) => ({ ...keyOfRow(row.metric_name, row), at: row.at, value: row.value }));
  const last = rows.length === page.limit ? rows.at(-1) : undefined;
  return { items, nextCursor: last === undefined ? null : encodeCursor([last.metric_name, String(last.series_id)]) };
}

/** Metric names, each once, with the unit that most of its series have. */
export async function listNames(database: Database, ...[filter, page]: Parameters<Metrics['names']>): ReturnType<Metrics['names']> {
  const pattern = filter.search === undefined ? null : `%${filter.search.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
  const { rows } = await database.query<{ metric_name: string; unit: string | null; series: number }>(sql`
    select metric_name, mode() within group (order by coalesce(unit, '')) as unit, count(*)::int as series
    from muster.series
    where (${pattern}::text is null or metric_name ilike ${pattern}) and (${page.after ?? null}::text is null or metric_name > ${page.after ?? null})
    group by metric_name
    order by metric_name
    limit ${page.limit}`);
  return rows.map((row) => ({ metricName: row.metric_name, unit: row.unit ?? '', series: row.series }));
}
