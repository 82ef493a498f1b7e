import { createHash, randomUUID } from 'node:crypto';
import { messageOf, MusterError } from '../../../base/errors.ts';
import type { Database } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import type { Dataset, Example } from '../datasets/dataset.ts';
import { inflate } from '../blobs/inflate.ts';
import type { Intake, NewFeedback } from '../intake/index.ts';
import { dottedOrderOf } from '../run/dotted-order.ts';
import type { Scores } from './comparison.ts';
import type { Score, Scorer } from './scorers.ts';
import type { Target } from './target.ts';

/** An experiment is a project that refers to a dataset: LangSmith's SDKs read it as one of theirs. */
export interface Experiment {
  readonly projectId: string;
  readonly projectNo: number;
  readonly name: string;
}

/** One example, run and scored. */
export interface Trial {
  readonly exampleId: string;
  readonly seconds: number;
  readonly error: string | null;
  readonly scores: readonly Score[];
}

/** The one of this name, made where it is not there. Throws CONFLICT where that is something else. */
export async function openExperiment(db: Database, dataset: Dataset, name: string, metadata: object): Promise<Experiment> {
  await db.query(sql`insert into muster.trace_projects (project_id, name, reference_dataset_id, extra)
    values (${randomUUID()}, ${name}, ${dataset.datasetId}, ${JSON.stringify({ metadata })}) on conflict (name) do nothing`);
  return experimentOf(db, dataset, name);
}

/** Throws NOT_FOUND, or CONFLICT where it is an experiment on another dataset, or none. */
export async function experimentOf(db: Database, dataset: Dataset, name: string): Promise<Experiment> {
  const row = await db.one<
    Experiment & { readonly datasetId: string | null }
  >(sql`select project_id as "projectId", project_no as "projectNo", name,
    reference_dataset_id as "datasetId" from muster.trace_projects where name = ${name} or project_id::text = ${name}`);
  if (row === undefined)
    throw new MusterError('NOT_FOUND', `there is no experiment ${name}`, { remedy: 'Name one that `muster eval` printed.' });
  if (row.datasetId !== dataset.datasetId)
    throw new MusterError('CONFLICT', `${name} is no experiment on ${dataset.name}`, {
      remedy: 'Choose another name, or the dataset it was made with.',
    });
  return row;
}

export async function closeExperiment(db: Database, { projectId }: Experiment): Promise<void> {
  await db.query(
    sql`update muster.trace_projects set ended_at = clock_timestamp(), modified_at = clock_timestamp() where project_id = ${projectId}`,
  );
}

/** What the experiment has already: an interrupted one goes on where it was. */
export async function trialsOf(db: Database, { projectNo }: Experiment): Promise<ReadonlyMap<string, Trial>> {
  const { rows } = await db.query<{
    exampleId: string;
    seconds: number;
    error: string | null;
    keepDays: number;
    day: string;
    scores: readonly Score[];
  }>(sql`
    select distinct on (r.reference_example_id) r.reference_example_id as "exampleId", extract(epoch from r.end_time - r.start_time)::float8 as seconds,
      r.error, r.keep_days as "keepDays", to_char(r.day, 'YYYY-MM-DD') as day,
      coalesce((select jsonb_agg(jsonb_build_object('key', f.key, 'score', f.score, 'because', coalesce(f.comment, '')) order by f.key)
        from muster.trace_feedback f where f.run_id = r.run_id and f.score is not null), '[]') as scores
    from muster.trace_runs r where r.project_no = ${projectNo} and r.reference_example_id is not null and r.parent_run_id is null and r.end_time is not null
    order by r.reference_example_id, r.start_time desc`);
  const errors = await inflate(
    db,
    rows.map(({ keepDays, day, error }) => ({ keepDays, day, texts: [error] })),
  );
  return new Map(
    rows.map(({ exampleId, seconds, scores }, index) => [
      exampleId,
      { exampleId, seconds, error: textOf(errors[index]?.[0] ?? null), scores },
    ]),
  );
}

export const scoresOf = (trials: Iterable<Trial>): Scores =>
  new Map([...trials].map(({ exampleId, scores }) => [exampleId, new Map(scores.map(({ key, score }) => [key, score]))]));

export interface TrialOptions {
  readonly intake: Pick<Intake, 'submit'>;
  readonly target: Target;
  readonly scorers: readonly Scorer[];
  readonly signal: AbortSignal;
  readonly now: () => number;
}

/** Gives one example to the target, scores what comes, and keeps both before it tells. A target that fails is an answer: its scores are missing. */
export async function runTrial(
  experiment: Experiment,
  example: Example,
  { intake, target, scorers, signal, now }: TrialOptions,
): Promise<Trial> {
  const start = now();
  const began = performance.now();
  let outputs: string | null = null;
  let error: string | null = null;
  try {
    outputs = await target({ id: example.exampleId, inputs: example.inputs }, signal);
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    error = messageOf(thrown);
  }
  const tookMs = performance.now() - began;
  const answered = { inputs: example.inputs, expected: example.outputs, outputs };
  const scores = scorers.flatMap((scorer) => scorer(answered) ?? []);
  const runId = runIdOf(experiment, example);
  const startTime = Math.round(start * 1_000);
  await intake.submit({
    source: 'langsmith',
    mayWrite: null,
    operations: [
      {
        kind: 'post',
        runId,
        project: { id: experiment.projectId },
        traceId: runId,
        dottedOrder: dottedOrderOf(null, startTime, runId),
        name: 'target',
        runType: 'chain',
        startTime,
        endTime: startTime + Math.max(1, Math.round(tookMs * 1_000)),
        inputs: example.inputs,
        outputs: outputs ?? undefined,
        error: error === null ? undefined : JSON.stringify(error),
        referenceExampleId: example.exampleId,
        extra: JSON.stringify({ metadata: { example_version: example.modifiedAt.toISOString() } }),
      },
    ],
    feedback: scores.map(({ key, score, because }): NewFeedback => ({
      feedbackId: idOf(`${runId}:${key}`),
      runId,
      traceId: runId,
      key,
      score,
      comment: because,
      source: 'api',
    })),
  });
  return { exampleId: example.exampleId, seconds: tookMs / 1_000, error, scores };
}

/** The same for the same example of an experiment: what is run again after a crash takes the place of what was. */
const runIdOf = ({ projectId }: Experiment, { exampleId }: Example): string => idOf(`${projectId}:${exampleId}`);

function idOf(name: string): string {
  const hex = createHash('sha1').update(`muster.eval:${name}`).digest('hex');
  const variant = ((Number.parseInt(hex.slice(16, 18), 16) & 0x3f) | 0x80).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(18, 20)}-${hex.slice(20, 32)}`;
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
