import type { Queryable } from '../../../db/database.ts';
import { sql, type Sql } from '../../../db/sql.ts';

export const SCORE_SOURCES = ['heuristic', 'model', 'api', 'app'] as const;
export type ScoreSource = (typeof SCORE_SOURCES)[number];

export interface ScoreQuery {
  readonly projectNos: readonly number[];
  readonly key?: string | undefined;
  readonly source?: ScoreSource | undefined;
  /** Milliseconds since 1970; whole hours count, for rules. */
  readonly from: number;
  readonly to: number;
}

export interface ScoreFigure {
  readonly projectNo: number;
  readonly key: string;
  readonly source: string;
  readonly n: number;
  readonly mean: number;
  /** Of a rule: verdicts `fail`. Of anybody else: scores below 0.5. */
  readonly failures: number;
}

/** Rules count by the hour; what people and judges said is counted from their feedback. */
const scoresOf = ({ projectNos, key, source, from, to }: ScoreQuery): Sql => sql`
  select project_no, key, 'heuristic' as source, hour as at, n, sum, failures from muster.trace_score_hours
  where ${source === undefined || source === 'heuristic'} and project_no = any(${projectNos}::int[]) and key <> '' and n > 0 and (${key ?? null}::text is null or key = ${key ?? null})
    and hour > to_timestamp(${from} / 1000.0) - interval '1 hour' and hour < to_timestamp(${to} / 1000.0)
  union all
  select project_no, key, source, created_at, 1, score, (score < 0.5)::int from muster.trace_feedback
  where source <> 'heuristic' and (${source ?? null}::text is null or source = ${source ?? null}) and project_no = any(${projectNos}::int[])
    and (${key ?? null}::text is null or key = ${key ?? null}) and score is not null
    and created_at >= to_timestamp(${from} / 1000.0) and created_at < to_timestamp(${to} / 1000.0)`;

export async function readScores(db: Queryable, query: ScoreQuery): Promise<readonly ScoreFigure[]> {
  const { rows } = await db.query<ScoreFigure>(sql`
    select project_no as "projectNo", key, source, sum(n)::float8 as n, sum(sum) / sum(n) as mean, sum(failures)::float8 as failures
    from (${scoresOf(query)}) scores group by 1, 2, 3 order by sum(failures)::float8 / sum(n) desc, sum(n) desc limit 500`);
  return rows;
}

export interface ScorePoint extends ScoreFigure {
  /** Where its step begins. */
  readonly at: number;
}

export async function readScoreSeries(db: Queryable, query: ScoreQuery, stepMs: number): Promise<readonly ScorePoint[]> {
  const { rows } = await db.query<ScorePoint>(sql`
    select project_no as "projectNo", key, source, floor(extract(epoch from at) * 1000 / ${stepMs})::float8 * ${stepMs} as at, sum(n)::float8 as n,
      sum(sum) / sum(n) as mean, sum(failures)::float8 as failures
    from (${scoresOf(query)}) scores group by 1, 2, 3, 4 order by 1, 2, 3, 4 limit 50000`);
  return rows;
}

/** What the rules did with the runs of an hour range. Of the key '' `judged` is what they left out. */
export interface Coverage {
  readonly key: string;
  readonly judged: number;
  readonly skipped: number;
}

export async function readCoverage(
  db: Queryable,
  { projectNos, from, to }: Pick<ScoreQuery, 'projectNos' | 'from' | 'to'>,
): Promise<readonly Coverage[]> {
  const { rows } =
    await db.query<Coverage>(sql`select key, sum(n)::float8 as judged, sum(skipped)::float8 as skipped from muster.trace_score_hours
    where project_no = any(${projectNos}::int[]) and hour > to_timestamp(${from} / 1000.0) - interval '1 hour' and hour < to_timestamp(${to} / 1000.0)
    group by key order by key`);
  return rows;
}
