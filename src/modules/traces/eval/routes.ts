import { z } from 'zod';
import { MusterError } from '../../../base/errors.ts';
import { sql } from '../../../db/sql.ts';
import type { Api } from '../../../http/api.ts';
import { problems, text } from '../../../http/schemas.ts';
import type { ModuleServices } from '../../module.ts';
import { Datasets } from '../datasets/index.ts';
import { visibleTo } from '../datasets/visible.ts';
import { visibleProjects } from '../figures/visible-projects.ts';
import { compare } from './comparison.ts';
import { scoresOf, trialsOf } from './experiment.ts';

const Name = text(1, 512);

const ExperimentView = z
  .object({
    project_id: z.string(),
    name: z.string(),
    created_at: z.iso.datetime(),
    ended_at: z.iso.datetime().nullable(),
    examples: z.number().describe('That were run'),
    errors: z.number(),
    scores: z.array(z.object({ key: z.string(), n: z.number(), mean: z.number() })),
  })
  .meta({ id: 'TraceExperiment', description: 'A project whose runs refer to the examples of a dataset' });

const ComparisonView = z
  .object({
    dataset_id: z.string(),
    baseline: z.string(),
    candidate: z.string(),
    keys: z.array(
      z.object({
        key: z.string(),
        n: z.number().describe('Examples that both have'),
        baseline: z.number(),
        candidate: z.number(),
        difference: z.number(),
        interval: z.tuple([z.number(), z.number()]).nullable().describe('In which the difference lies with 95 % confidence'),
        wins: z.number(),
        losses: z.number(),
        ties: z.number(),
        verdict: z.enum(['better', 'worse', 'unclear', 'same']),
      }),
    ),
    regressions: z
      .array(z.object({ example_id: z.string(), key: z.string(), from: z.number(), to: z.number() }))
      .describe('The worst first'),
  })
  .meta({ id: 'TraceComparison' });

interface Row {
  readonly project_id: string;
  readonly name: string;
  readonly createdAt: Date;
  readonly endedAt: Date | null;
  readonly examples: number;
  readonly errors: number;
  readonly scores: readonly { readonly key: string; readonly n: number; readonly mean: number }[];
}

/** Experiments of a dataset, whether `muster eval` or an SDK made them, and how two of them compare. */
export function addExperimentRoutes(app: Api, { state }: Pick<ModuleServices, 'state'>): void {
  const db = state.database;
  const datasets = new Datasets(db);

  app.get(
    '/traces/datasets/:dataset/experiments',
    {
      config: { permission: 'traces:read' },
      schema: {
        tags: ['datasets'],
        summary: 'List the experiments of a dataset, newest first',
        params: z.strictObject({ dataset: Name }),
        querystring: z.strictObject({ limit: z.coerce.number().int().min(1).max(100).default(20) }),
        response: { 200: z.object({ items: z.array(ExperimentView) }), ...problems(404) },
      },
    },
    async (request) => {
      const visible = await visibleTo(request, db);
      const { datasetId } = await datasets.get(request.params.dataset, visible);
      const { rows } = await db.query<Row>(sql`
        select p.project_id, p.name, p.created_at as "createdAt", p.ended_at as "endedAt", coalesce(r.examples, 0) as examples, coalesce(r.errors, 0) as errors,
          coalesce((select jsonb_agg(jsonb_build_object('key', key, 'n', n, 'mean', mean) order by key) from (
            select key, count(*)::int as n, avg(score)::float8 as mean from muster.trace_feedback f where f.project_no = p.project_no and f.score is not null group by key) s), '[]') as scores
        from (select * from muster.trace_projects where reference_dataset_id = ${datasetId}
            and (${visible}::int[] is null or project_no = any(${visible}::int[]))
          order by created_at desc limit ${request.query.limit}) p
        left join lateral (select count(distinct reference_example_id)::int as examples, count(*) filter (where status = 2)::int as errors
          from muster.trace_runs r where r.project_no = p.project_no and r.parent_run_id is null) r on true
        order by p.created_at desc`);
      return {
        items: rows.map(({ createdAt, endedAt, scores, ...row }) => ({
          ...row,
          scores: [...scores],
          created_at: createdAt.toISOString(),
          ended_at: endedAt?.toISOString() ?? null,
        })),
      };
    },
  );

  app.get(
    '/traces/experiments/compare',
    {
      config: { permission: 'traces:read' },
      schema: {
        tags: ['datasets'],
        summary: 'Compare two experiments on the same dataset, example by example',
        querystring: z.strictObject({ baseline: Name, candidate: Name }),
        response: { 200: ComparisonView, ...problems(404, 409) },
      },
    },
    async (request) => {
      const named = [request.query.baseline, request.query.candidate];
      const projects = await visibleProjects(request, db, named);
      const { rows } = await db.query<{
        no: number;
        datasetId: string | null;
      }>(sql`select project_no as no, reference_dataset_id as "datasetId"
        from muster.trace_projects where project_no = any(${projects.map(({ no }) => no)}::int[])`);
      const [baseline, candidate] = named.map((name) => {
        const project = projects.find((one) => one.name === name || one.id === name);
        return {
          projectId: project?.id ?? '',
          projectNo: project?.no ?? 0,
          name: project?.name ?? name,
          datasetId: rows.find(({ no }) => no === project?.no)?.datasetId ?? null,
        };
      });
      if (baseline === undefined || baseline.datasetId === null || baseline.datasetId !== candidate?.datasetId)
        throw new MusterError('CONFLICT', 'they are no experiments on the same dataset', {
          remedy: 'GET /api/v1/traces/datasets/{name}/experiments lists those of one.',
        });
      const { keys, regressions } = compare(
        scoresOf((await trialsOf(db, baseline)).values()),
        scoresOf((await trialsOf(db, candidate)).values()),
      );
      return {
        dataset_id: baseline.datasetId,
        baseline: baseline.name,
        candidate: candidate.name,
        keys: keys.map(({ interval, ...key }) => ({ ...key, interval: interval === null ? null : ([...interval] as [number, number]) })),
        regressions: regressions.map(({ exampleId, ...one }) => ({ example_id: exampleId, ...one })),
      };
    },
  );
}
