import { MusterError } from '../../../../base/errors.ts';
import type { Database, Queryable } from '../../../../db/database.ts';
import { raw, sql } from '../../../../db/sql.ts';
import type { PassedOver } from './wanted.ts';

export interface EvaluatorFields {
  readonly prompt: string;
  readonly model: string;
  readonly lowest: number;
  readonly highest: number;
  /** Whose runs; null: all projects. */
  readonly projectNo: number | null;
  /** Runs of this model only; null: of all. */
  readonly modelJudged: string | null;
  /** Only runs that fit it, in the filter language of LangSmith; null: all. */
  readonly filter: string | null;
  readonly share: number;
  /** US dollars a day (UTC). */
  readonly budgetUsd: number;
  /** Calls a day. */
  readonly budgetRuns: number;
  readonly enabled: boolean;
}

export interface Evaluator extends EvaluatorFields {
  readonly name: string;
  readonly project: string | null;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly today: {
    readonly calls: number;
    readonly scores: number;
    readonly errors: number;
    readonly leftOut: number;
    readonly noAnswer: number;
    readonly passedOver: PassedOver;
    readonly cost: number;
    readonly lastError: string | null;
  };
  readonly waiting: number;
}

/** The name of the judges' cursor. */
export const JUDGES_READER = 'quality:judges';

const MOST_EVALUATORS = 100;
const COLUMNS =
  raw(`e.name, e.prompt, e.model, e.lowest, e.highest, e.project_no as "projectNo", e.model_judged as "modelJudged", e.filter, e.share,
  e.budget_usd::float8 as "budgetUsd", e.budget_runs as "budgetRuns", e.enabled, e.created_by as "createdBy", e.created_at as "createdAt",
  (select p.name from muster.trace_projects p where p.project_no = e.project_no) as project,
  jsonb_build_object('calls', coalesce(d.calls, 0), 'scores', coalesce(d.scores, 0), 'errors', coalesce(d.errors, 0), 'leftOut', coalesce(d.left_out, 0),
    'noAnswer', coalesce(d.no_answer, 0), 'passedOver', jsonb_build_object('otherProject', coalesce(d.other_project, 0), 'otherModel', coalesce(d.other_model, 0),
      'notDrawn', coalesce(d.not_drawn, 0), 'notFitting', coalesce(d.not_fitting, 0)),
    'cost', coalesce(d.cost, 0)::float8, 'lastError', d.last_error) as today,
  (select count(*)::int from muster.trace_judgements j where j.evaluator = e.name) as waiting`);
const FROM = raw(
  `muster.trace_evaluators e left join muster.trace_evaluator_days d on d.evaluator = e.name and d.day = (clock_timestamp() at time zone 'UTC')::date`,
);

export class Evaluators {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async list(): Promise<readonly Evaluator[]> {
    return (await this.#db.query<Evaluator>(sql`select ${COLUMNS} from ${FROM} order by e.name`)).rows;
  }

  async get(name: string): Promise<Evaluator> {
    const row = await this.#db.one<Evaluator>(sql`select ${COLUMNS} from ${FROM} where e.name = ${name}`);
    if (row === undefined) throw noEvaluator(name);
    return row;
  }

  /** Made, or made into this. Throws TOO_LARGE where there are too many. */
  async put(name: string, fields: EvaluatorFields, by: string): Promise<Evaluator> {
    const { prompt, model, lowest, highest, projectNo, modelJudged, filter, share, budgetUsd, budgetRuns, enabled } = fields;
    const { count } = await this.#db.query(sql`
      insert into muster.trace_evaluators (name, prompt, model, lowest, highest, project_no, model_judged, filter, share, budget_usd, budget_runs, enabled, created_by)
      select ${name}, ${prompt}, ${model}, ${lowest}, ${highest}, ${projectNo}::int, ${modelJudged}::text, ${filter}::text, ${share}, ${budgetUsd}::numeric, ${budgetRuns}, ${enabled}, ${by}
      where exists (select from muster.trace_evaluators where name = ${name}) or (select count(*) from muster.trace_evaluators) < ${MOST_EVALUATORS}
      on conflict (name) do update set prompt = excluded.prompt, model = excluded.model, lowest = excluded.lowest, highest = excluded.highest,
        project_no = excluded.project_no, model_judged = excluded.model_judged, filter = excluded.filter, share = excluded.share, budget_usd = excluded.budget_usd,
        budget_runs = excluded.budget_runs, enabled = excluded.enabled, updated_at = clock_timestamp()`);
    if (count === 0)
      throw new MusterError('TOO_LARGE', `there are ${MOST_EVALUATORS} evaluators already`, { remedy: 'Delete some that nobody needs.' });
    // Judged is what comes from now on, not what still lies in the feed.
    if (enabled && share > 0)
      await this.#db.query(sql`insert into muster.trace_cursors (reader, xid, no)
        values (${JUDGES_READER}, pg_snapshot_xmin(pg_current_snapshot()), 0) on conflict (reader) do nothing`);
    return this.get(name);
  }

  async remove(name: string): Promise<void> {
    const { count } = await this.#db.query(sql`delete from muster.trace_evaluators where name = ${name}`);
    if (count === 0) throw noEvaluator(name);
  }
}

export type ActiveEvaluator = Pick<
  Evaluator,
  'name' | 'prompt' | 'model' | 'lowest' | 'highest' | 'projectNo' | 'modelJudged' | 'filter' | 'share'
>;

export async function activeEvaluators(db: Queryable): Promise<readonly ActiveEvaluator[]> {
  const { rows } = await db.query<ActiveEvaluator>(sql`select name, prompt, model, lowest, highest, project_no as "projectNo",
    model_judged as "modelJudged", filter, share from muster.trace_evaluators where enabled order by name`);
  return rows;
}

/** Whether anybody judges. Where nobody does, the judges have no place in the feed either, so that it waits for none. */
export async function hasEvaluators(db: Queryable): Promise<boolean> {
  const { rows } = await db.query<{ has: boolean }>(sql`
    with gone as (delete from muster.trace_cursors where reader = ${JUDGES_READER} and not exists (select from muster.trace_evaluators where enabled and share > 0))
    select exists (select from muster.trace_evaluators where enabled and share > 0) as has`);
  return rows[0]?.has === true;
}

const noEvaluator = (name: string): MusterError =>
  new MusterError('NOT_FOUND', `there is no evaluator ${name}`, { remedy: 'GET /api/v1/traces/evaluators lists those there are.' });
