import type { Queryable } from '../../../../db/database.ts';
import { sql } from '../../../../db/sql.ts';
import type { ProjectRecord } from '../../reads/project-store.ts';

interface StatsRow {
  readonly no: number;
  readonly run_count: number;
  readonly latency_p50: number | null;
  readonly latency_p99: number | null;
  readonly first_token_p50: number | null;
  readonly first_token_p99: number | null;
  readonly total_tokens: number;
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_cost: number | null;
  readonly prompt_cost: number | null;
  readonly completion_cost: number | null;
  readonly error_rate: number | null;
}

/** A project with more runs than that is counted by its rollups: `GET /api/v1/traces/stats`. */
const MOST_RUNS = 20_000;

/** Figures of experiments and small projects, as SDKs print them after an evaluation: counted from the runs themselves. */
export async function projectStats(
  db: Queryable,
  projects: readonly ProjectRecord[],
): Promise<ReadonlyMap<number, Readonly<Record<string, unknown>>>> {
  const numbers = projects.map(({ projectNo }) => projectNo);
  const { rows } = await db.query<StatsRow>(sql`
    select p.no, count(*) filter (where r.parent_run_id is null)::int as run_count,
      percentile_cont(0.5) within group (order by extract(epoch from r.end_time - r.start_time)::float8) filter (where r.parent_run_id is null) as latency_p50,
      percentile_cont(0.99) within group (order by extract(epoch from r.end_time - r.start_time)::float8) filter (where r.parent_run_id is null) as latency_p99,
      percentile_cont(0.5) within group (order by extract(epoch from r.first_token_time - r.start_time)::float8) as first_token_p50,
      percentile_cont(0.99) within group (order by extract(epoch from r.first_token_time - r.start_time)::float8) as first_token_p99,
      coalesce(sum(r.total_tokens), 0)::int8 as total_tokens, coalesce(sum(r.prompt_tokens), 0)::int8 as prompt_tokens,
      coalesce(sum(r.completion_tokens), 0)::int8 as completion_tokens, sum(r.total_cost)::float8 as total_cost,
      sum(r.input_cost)::float8 as prompt_cost, sum(r.output_cost)::float8 as completion_cost,
      avg((r.status = 2)::int) filter (where r.parent_run_id is null)::float8 as error_rate
    from unnest(${numbers}::int[]) p(no) cross join lateral (select * from muster.trace_runs where project_no = p.no limit ${MOST_RUNS + 1}) r
    group by p.no having count(*) <= ${MOST_RUNS}`);
  const feedback = await feedbackByKey(db, numbers);
  return new Map(
    numbers.map((no) => {
      const { no: _, ...figures } = rows.find((row) => row.no === no) ?? { no };
      return [no, { ...figures, feedback_stats: feedback.get(no) ?? {}, session_feedback_stats: {}, run_facets: [] }];
    }),
  );
}

async function feedbackByKey(db: Queryable, numbers: readonly number[]): Promise<ReadonlyMap<number, Readonly<Record<string, unknown>>>> {
  const { rows } = await db.query<{ no: number; key: string; n: number; avg: number | null; stdev: number | null }>(sql`
    select project_no as no, key, count(*)::int as n, avg(score) as avg, stddev_samp(score) as stdev
    from muster.trace_feedback where project_no = any(${numbers}::int[]) group by 1, 2 limit 10000`);
  const found = new Map<number, Record<string, unknown>>();
  for (const { no, key, ...stats } of rows) found.set(no, { ...found.get(no), [key]: { ...stats, values: {} } });
  return found;
}
