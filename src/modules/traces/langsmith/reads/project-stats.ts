import type { Queryable } from '../../../../db/database.ts';
import { sql } from '../../../../db/sql.ts';
import { ROOTS } from '../../figures/dimension.ts';
import { answerFromRollups, type Question } from '../../figures/from-rollups.ts';
import type { Sketch } from '../../figures/sketch.ts';
import { isCostKnown, type Tally } from '../../figures/tally.ts';
import { decimal } from '../../prices/money.ts';
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

/** A project with more runs than that is counted by its figures: they are a few seconds behind, and their percentiles right within 1 %. */
const MOST_RUNS = 20_000;
/** As far back as days are kept. */
const ALL_DAYS_MS = 1_200 * 86_400_000;
const HOUR_MS = 3_600_000;

/** Figures of projects, as SDKs print them after an evaluation: of small ones counted from the runs themselves, exactly and at once. */
export async function projectStats(
  db: Queryable,
  projects: readonly ProjectRecord[],
  now = Date.now(),
  mostRuns = MOST_RUNS,
): Promise<ReadonlyMap<number, Readonly<Record<string, unknown>>>> {
  const numbers = projects.map(({ projectNo }) => projectNo);
  const small = await smallStats(db, numbers, mostRuns);
  const large = await largeStats(
    db,
    numbers.filter((no) => !small.has(no)),
    now,
  );
  const feedback = await feedbackByKey(db, numbers, 'runs');
  const ofProjects = await feedbackByKey(db, numbers, 'projects');
  return new Map(
    numbers.map((no) => [
      no,
      {
        ...(small.get(no) ?? large.get(no)),
        feedback_stats: feedback.get(no) ?? {},
        session_feedback_stats: ofProjects.get(no) ?? {},
        run_facets: [],
      },
    ]),
  );
}

/** Of projects with more runs than `mostRuns` nothing is told. */
async function smallStats(
  db: Queryable,
  numbers: readonly number[],
  mostRuns: number,
): Promise<ReadonlyMap<number, Readonly<Record<string, unknown>>>> {
  const { rows } = await db.query<StatsRow>(sql`
    select p.no, count(r.run_id) filter (where r.parent_run_id is null)::int as run_count,
      percentile_cont(0.5) within group (order by extract(epoch from r.end_time - r.start_time)::float8) filter (where r.parent_run_id is null) as latency_p50,
      percentile_cont(0.99) within group (order by extract(epoch from r.end_time - r.start_time)::float8) filter (where r.parent_run_id is null) as latency_p99,
      percentile_cont(0.5) within group (order by extract(epoch from r.first_token_time - r.start_time)::float8) as first_token_p50,
      percentile_cont(0.99) within group (order by extract(epoch from r.first_token_time - r.start_time)::float8) as first_token_p99,
      coalesce(sum(r.total_tokens), 0)::int8 as total_tokens, coalesce(sum(r.prompt_tokens), 0)::int8 as prompt_tokens,
      coalesce(sum(r.completion_tokens), 0)::int8 as completion_tokens, sum(r.total_cost)::float8 as total_cost,
      sum(r.input_cost)::float8 as prompt_cost, sum(r.output_cost)::float8 as completion_cost,
      avg((r.status = 2)::int) filter (where r.parent_run_id is null)::float8 as error_rate
    from unnest(${numbers}::int[]) p(no) left join lateral (select * from muster.trace_runs where project_no = p.no limit ${mostRuns + 1}) r on true
    group by p.no having count(*) <= ${mostRuns}`);
  return new Map(rows.map(({ no, ...figures }) => [no, figures]));
}

async function largeStats(
  db: Queryable,
  numbers: readonly number[],
  now: number,
): Promise<ReadonlyMap<number, Readonly<Record<string, unknown>>>> {
  if (numbers.length === 0) return new Map();
  const asked: Question = {
    projects: numbers,
    from: now - ALL_DAYS_MS,
    to: now + HOUR_MS,
    now,
    where: { trace: ROOTS },
    groupBy: 'project',
    order: 'runs',
    most: numbers.length,
  };
  const { groups } = await answerFromRollups(db, asked, 'trace');
  return new Map([...(groups ?? [])].map(([no, tally]) => [Number(no), statsOf(tally)]));
}

function statsOf(tally: Tally): Omit<StatsRow, 'no'> {
  const { counts, costs, latency, firstToken } = tally;
  const cost = (pico: bigint): number | null => (isCostKnown(tally) ? Number(decimal(pico)) : null);
  return {
    run_count: Math.round(counts.runs),
    latency_p50: seconds(latency, 0.5),
    latency_p99: seconds(latency, 0.99),
    first_token_p50: seconds(firstToken, 0.5),
    first_token_p99: seconds(firstToken, 0.99),
    total_tokens: Math.round(counts.total_tokens),
    prompt_tokens: Math.round(counts.prompt_tokens),
    completion_tokens: Math.round(counts.completion_tokens),
    total_cost: cost(costs.total_cost),
    prompt_cost: cost(costs.prompt_cost),
    completion_cost: cost(costs.completion_cost),
    error_rate: counts.runs > 0 ? counts.errors / counts.runs : null,
  };
}

function seconds(sketch: Sketch, q: number): number | null {
  const micros = sketch.quantile(q);
  return micros === undefined ? null : Number((micros / 1e6).toPrecision(4));
}

/** On their runs, or on the projects themselves: what sums up an experiment. */
async function feedbackByKey(
  db: Queryable,
  numbers: readonly number[],
  on: 'runs' | 'projects',
): Promise<ReadonlyMap<number, Readonly<Record<string, unknown>>>> {
  const { rows } = await db.query<{ no: number; key: string; n: number; avg: number | null; stdev: number | null }>(sql`
    select project_no as no, key, count(*)::int as n, avg(score) as avg, stddev_samp(score) as stdev
    from muster.trace_feedback where project_no = any(${numbers}::int[]) and (run_id is null) = ${on === 'projects'} group by 1, 2 limit 10000`);
  const found = new Map<number, Record<string, unknown>>();
  for (const { no, key, ...stats } of rows) found.set(no, { ...found.get(no), [key]: { ...stats, values: {} } });
  return found;
}
