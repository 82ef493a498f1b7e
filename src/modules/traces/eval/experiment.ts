import { randomUUID } from 'node:crypto';
import { MusterError } from '../../../base/errors.ts';
import type { Database } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import type { Dataset } from '../datasets/dataset.ts';

/** An experiment is a project that refers to a dataset: LangSmith's SDKs read it as one of theirs. */
export interface Experiment {
  readonly projectId: string;
  readonly projectNo: number;
  readonly name: string;
}

/** The one of this name, made where it is not there. Throws CONFLICT where that is something else. */
export async function openExperiment(db: Database, dataset: Dataset, name: string, metadata: object): Promise<Experiment> {
  await db.query(sql`insert into muster.trace_projects (project_id, name, reference_dataset_id, extra)
    values (${randomUUID()}, ${name}, ${dataset.datasetId}, ${JSON.stringify({ metadata })}) on conflict (name) do nothing`);
  const experiment = await experimentOf(db, name);
  if (experiment.datasetId === dataset.datasetId) return experiment;
  throw new MusterError('CONFLICT', `${name} is no experiment on ${dataset.name}`, {
    remedy: 'Choose another name, or the dataset it was made with.',
  });
}

/** By name or id. Throws NOT_FOUND. */
export async function experimentOf(db: Database, name: string): Promise<Experiment & { readonly datasetId: string | null }> {
  const row = await db.one<
    Experiment & { readonly datasetId: string | null }
  >(sql`select project_id as "projectId", project_no as "projectNo", name,
    reference_dataset_id as "datasetId" from muster.trace_projects where name = ${name} or project_id::text = ${name}`);
  if (row !== undefined) return row;
  throw new MusterError('NOT_FOUND', `there is no experiment ${name}`, { remedy: '`muster experiments list <dataset>` lists them.' });
}

/** Two experiments and the dataset they share. Throws NOT_FOUND, or CONFLICT where they share none. */
export async function experimentsOn(
  db: Database,
  baseline: string,
  candidate: string,
): Promise<{ readonly datasetId: string; readonly baseline: Experiment; readonly candidate: Experiment }> {
  const [before, now] = [await experimentOf(db, baseline), await experimentOf(db, candidate)];
  if (before.datasetId !== null && before.datasetId === now.datasetId)
    return { datasetId: before.datasetId, baseline: before, candidate: now };
  throw notOnOneDataset();
}

export const notOnOneDataset = (): MusterError =>
  new MusterError('CONFLICT', 'they are no experiments on the same dataset', {
    remedy: '`muster experiments list <dataset>` lists those of one.',
  });

export async function closeExperiment(db: Database, { projectId }: Experiment): Promise<void> {
  await db.query(
    sql`update muster.trace_projects set ended_at = clock_timestamp(), modified_at = clock_timestamp() where project_id = ${projectId}`,
  );
}

export interface ExperimentSummary {
  readonly projectId: string;
  readonly name: string;
  readonly createdAt: Date;
  readonly endedAt: Date | null;
  /** That were run. */
  readonly examples: number;
  /** Of them, those on which every run failed. */
  readonly errors: number;
  readonly scores: readonly { readonly key: string; readonly n: number; readonly mean: number }[];
}

/** Those of a dataset, newest first; of `visible` projects only, where it is not null. */
export async function listExperiments(
  db: Database,
  datasetId: string,
  { limit, visible }: { readonly limit: number; readonly visible: readonly number[] | null },
): Promise<readonly ExperimentSummary[]> {
  const { rows } = await db.query<ExperimentSummary>(sql`
    select p.project_id as "projectId", p.name, p.created_at as "createdAt", p.ended_at as "endedAt", coalesce(r.examples, 0) as examples, coalesce(r.errors, 0) as errors,
      coalesce((select jsonb_agg(jsonb_build_object('key', key, 'n', n, 'mean', mean) order by key) from (
        select key, count(*)::int as n, avg(score)::float8 as mean from muster.trace_feedback f where f.project_no = p.project_no and f.score is not null group by key) s), '[]') as scores
    from (select * from muster.trace_projects where reference_dataset_id = ${datasetId}
        and (${visible}::int[] is null or project_no = any(${visible}::int[]))
      order by created_at desc limit ${limit}) p
    left join lateral (select count(distinct reference_example_id)::int as examples,
      (count(distinct reference_example_id) - count(distinct reference_example_id) filter (where status <> 2))::int as errors
      from muster.trace_runs r where r.project_no = p.project_no and r.parent_run_id is null) r on true
    order by p.created_at desc`);
  return rows;
}
