import { messageOf } from '../../../base/errors.ts';
import type { Database } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import type { Example } from '../datasets/dataset.ts';
import { inflate } from '../blobs/inflate.ts';
import type { Intake, NewFeedback } from '../intake/index.ts';
import { dottedOrderOf } from '../run/dotted-order.ts';
import { namedUuid } from '../run/named-uuid.ts';
import type { RunOperation } from '../run/operation.ts';
import { RUN_TYPES } from '../run/run-type.ts';
import { mean } from './comparison.ts';
import type { Experiment } from './experiment.ts';
import type { Score, Scorer, Unscored } from './scorers/index.ts';
import { attempt, type Answer, type Patience, type Target } from './targets/index.ts';

/** One example, run and scored. Where an SDK ran it several times: the means of these. */
export interface Trial {
  readonly exampleId: string;
  /** What the target took. */
  readonly seconds: number;
  /** USD of the models' calls in its trace; null: nobody knows. */
  readonly cost: number | null;
  readonly error: string | null;
  readonly scores: readonly Pick<Score, 'key' | 'score'>[];
}

export interface TrialOptions {
  readonly intake: Pick<Intake, 'submit'>;
  readonly target: Target;
  readonly scorers: readonly Scorer[];
  readonly patience: Patience;
  readonly signal: AbortSignal;
  readonly now: () => number;
  /** It failed before: this is another run, beside that one. */
  readonly again?: boolean;
}

export interface Tried {
  readonly error: string | null;
  readonly unscored: readonly Unscored[];
  /** The run under which a gateway logged the model's call: it is written a moment later. */
  readonly loggedAs: string | undefined;
}

/** Gives one example to the target, scores what comes, and keeps both before it tells. A target that fails is an answer: its scores are missing. */
export async function runTrial(experiment: Experiment, example: Example, options: TrialOptions): Promise<Tried> {
  const { again = false, intake, now, patience, scorers, signal, target } = options;
  const { exampleId, inputs } = example;
  const begunAt = Math.round(now() * 1_000);
  // The same for the same example of an experiment: what is run again after a crash takes the place of what was.
  const runId = namedUuid(`muster.eval:${experiment.projectId}:${exampleId}${again ? `:${begunAt}` : ''}`);
  // What the target traces itself lies under the run, which therefore keeps this beginning, however often it is asked again.
  const dottedOrder = dottedOrderOf(null, begunAt, runId);
  const asked = { exampleId, inputs, trace: { dottedOrder, project: experiment.name } };
  const { answer, attempts, error: thrown, startedAt, tookMs } = await attempt(target, asked, signal, patience, now);
  const error = answer === undefined ? messageOf(thrown) : null;
  const answered = { exampleId, runId, inputs, expected: example.outputs, outputs: answer?.outputs ?? null };
  const given = (await Promise.all(scorers.map((scorer) => scorer(answered, signal)))).flat();
  const scores = given.filter((one) => 'score' in one);
  const endTime = Math.round(startedAt * 1_000) + Math.max(1, Math.round(tookMs * 1_000));
  const root: RunOperation = {
    kind: 'post',
    runId,
    project: { id: experiment.projectId },
    traceId: runId,
    dottedOrder,
    name: 'target',
    runType: 'chain',
    // Earlier attempts count for nothing: how fast a target answers is told by the one that did.
    startTime: attempts === 1 ? begunAt : Math.round(startedAt * 1_000),
    endTime,
    inputs,
    outputs: answer?.outputs,
    error: error === null ? undefined : JSON.stringify(error),
    referenceExampleId: exampleId,
    extra: JSON.stringify({ metadata: { example_version: example.modifiedAt.toISOString(), ...(attempts > 1 ? { attempts } : {}) } }),
  };
  await intake.submit({
    source: 'langsmith',
    mayWrite: null,
    operations: answer?.call === undefined ? [root] : [root, callOf(root, answer, answer.call)],
    feedback: scores.map(({ because, key, saidIn, score }): NewFeedback => ({
      feedbackId: namedUuid(`muster.eval:${runId}:${key}`),
      runId,
      traceId: runId,
      key,
      score,
      comment: because,
      source: saidIn === undefined ? 'api' : 'model',
      ...(saidIn === undefined ? {} : { extra: JSON.stringify({ source_run_id: saidIn }) }),
    })),
  });
  return { error, unscored: given.filter((one) => 'unscored' in one), loggedAs: answer?.loggedAs };
}

/** The call of a model that only we know of, as a run under the example's: so it has tokens and a price. */
function callOf(root: RunOperation, answer: Answer, { model, request }: NonNullable<Answer['call']>): RunOperation {
  const runId = namedUuid(`muster.eval:${root.runId}:call`);
  const { dottedOrder = '', endTime, project, startTime = 0, traceId } = root;
  return {
    kind: 'post',
    runId,
    project,
    traceId,
    parentRunId: root.runId,
    dottedOrder: `${dottedOrder}.${dottedOrderOf(null, startTime, runId)}`,
    name: model,
    runType: 'llm',
    startTime,
    endTime,
    inputs: request,
    outputs: answer.outputs,
    extra: JSON.stringify({ metadata: { ls_model_name: model } }),
  };
}

interface Row {
  readonly exampleId: string;
  readonly seconds: number;
  readonly cost: number | null;
  readonly error: string | null;
  readonly keepDays: number;
  readonly day: string;
  readonly scores: Trial['scores'];
}

const CALLS = [RUN_TYPES.indexOf('llm'), RUN_TYPES.indexOf('embedding')];

/** What the experiment has by now, whoever ran it: `muster eval`, or evaluate() of an SDK. */
export async function trialsOf(db: Database, { projectNo }: Pick<Experiment, 'projectNo'>): Promise<ReadonlyMap<string, Trial>> {
  const { rows } = await db.query<Row>(sql`
    with costs as (select trace_id, sum(total_cost)::float8 as cost from muster.trace_runs
      where project_no = ${projectNo} and run_type = any(${CALLS}::smallint[]) and total_cost is not null group by trace_id)
    select distinct on (r.reference_example_id, r.run_id) r.reference_example_id as "exampleId", extract(epoch from r.end_time - r.start_time)::float8 as seconds, c.cost,
      r.error, r.keep_days as "keepDays", to_char(r.day, 'YYYY-MM-DD') as day,
      coalesce((select jsonb_agg(jsonb_build_object('key', f.key, 'score', f.score) order by f.key)
        from muster.trace_feedback f where f.run_id = r.run_id and f.score is not null), '[]') as scores
    from muster.trace_runs r left join costs c on c.trace_id = r.trace_id
    where r.project_no = ${projectNo} and r.reference_example_id is not null and r.parent_run_id is null and r.end_time is not null
    order by r.reference_example_id, r.run_id, r.start_time desc`);
  const errors = await inflate(
    db,
    rows.map(({ keepDays, day, error }) => ({ keepDays, day, texts: [error] })),
  );
  const byExample = new Map<string, Trial[]>();
  rows.forEach(({ cost, exampleId, scores, seconds }, index) => {
    const trial = { exampleId, seconds, cost, scores, error: textOf(errors[index]?.[0] ?? null) };
    byExample.set(exampleId, [...(byExample.get(exampleId) ?? []), trial]);
  });
  return new Map([...byExample].map(([exampleId, trials]) => [exampleId, together(exampleId, trials)]));
}

/** Repetitions of one example: their means. It failed where all of them did. */
export function together(exampleId: string, trials: readonly Trial[]): Trial {
  const [only] = trials;
  if (only !== undefined && trials.length === 1) return only;
  const good = trials.filter(({ error }) => error === null);
  const costs = trials.flatMap(({ cost }) => cost ?? []);
  const scores = new Map<string, number[]>();
  for (const { key, score } of trials.flatMap((trial) => trial.scores)) scores.set(key, [...(scores.get(key) ?? []), score]);
  return {
    exampleId,
    seconds: mean((good.length > 0 ? good : trials).map(({ seconds }) => seconds)),
    cost: costs.length === 0 ? null : mean(costs),
    error: good.length > 0 ? null : (trials.at(-1)?.error ?? null),
    scores: [...scores].map(([key, of]) => ({ key, score: mean(of) })),
  };
}

function textOf(error: string | null): string | null {
  if (error === null) return null;
  try {
    const value: unknown = JSON.parse(error);
    return typeof value === 'string' ? value : error;
  } catch {
    return error;
  }
}
