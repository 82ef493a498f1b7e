import { z } from 'zod';
import type { Api } from '../../../http/api.ts';
import { problems, text } from '../../../http/schemas.ts';
import type { ModuleServices } from '../../module.ts';
import { Datasets } from '../datasets/index.ts';
import { visibleTo } from '../datasets/visible.ts';
import { visibleProjects } from '../figures/visible-projects.ts';
import { compare } from './comparison.ts';
import { experimentsOn, listExperiments } from './experiment.ts';
import { trialsOf } from './trial.ts';
import { comparisonView } from './views.ts';

const Name = text(1, 512);

const ExperimentView = z
  .object({
    project_id: z.string(),
    name: z.string(),
    created_at: z.iso.datetime(),
    ended_at: z.iso.datetime().nullable(),
    examples: z.number().describe('That were run'),
    errors: z.number().describe('Of them, those on which every run failed'),
    scores: z.array(z.object({ key: z.string(), n: z.number(), mean: z.number() })),
  })
  .meta({ id: 'TraceExperiment', description: 'A project whose runs refer to the examples of a dataset' });

const Interval = z.tuple([z.number(), z.number()]).nullable().describe('In which the difference lies with 95 % confidence');
const DifferenceView = z.object({
  n: z.number().describe('Examples that both have'),
  baseline: z.number(),
  candidate: z.number(),
  difference: z.number(),
  interval: Interval,
});
const ComparisonView = z
  .object({
    dataset_id: z.string(),
    baseline: z.string(),
    candidate: z.string(),
    keys: z.array(
      DifferenceView.extend({
        key: z.string(),
        wins: z.number(),
        losses: z.number(),
        ties: z.number(),
        verdict: z
          .enum(['better', 'worse', 'unclear', 'same'])
          .describe('better and worse: at least 6 examples changed, and the interval excludes 0'),
      }),
    ),
    latency: DifferenceView.nullable().describe('Seconds an example, of those that failed in neither'),
    cost: DifferenceView.nullable().describe('USD an example, of those whose cost is known in both'),
    failures: z.object({ baseline: z.number(), candidate: z.number() }),
    regressions: z
      .array(z.object({ example_id: z.string(), key: z.string(), from: z.number(), to: z.number() }))
      .describe('The worst first'),
    examples: z
      .array(
        z.object({
          example_id: z.string(),
          changes: z.array(z.object({ key: z.string(), from: z.number(), to: z.number() })),
          seconds: z.tuple([z.number(), z.number()]).describe('Before, now'),
          cost: z.tuple([z.number().nullable(), z.number().nullable()]),
          failed: z.tuple([z.boolean(), z.boolean()]),
        }),
      )
      .describe('Those that lost most first'),
  })
  .meta({ id: 'TraceComparison' });

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
      const found = await listExperiments(db, datasetId, { limit: request.query.limit, visible });
      return {
        items: found.map(({ createdAt, endedAt, projectId, scores, ...row }) => ({
          ...row,
          project_id: projectId,
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
        querystring: z.strictObject({
          baseline: Name,
          candidate: Name,
          limit: z.coerce.number().int().min(0).max(10_000).default(200).describe('So many of `examples`'),
        }),
        response: { 200: ComparisonView, ...problems(404, 409) },
      },
    },
    async (request) => {
      const named = request.query;
      // Whoever may not see them is told what is told of those that are not there.
      await visibleProjects(request, db, [named.baseline, named.candidate]);
      const { baseline, candidate, datasetId } = await experimentsOn(db, named.baseline, named.candidate);
      const comparison = compare(await trialsOf(db, baseline), await trialsOf(db, candidate));
      return {
        dataset_id: datasetId,
        baseline: baseline.name,
        candidate: candidate.name,
        ...comparisonView(comparison, named.limit),
      };
    },
  );
}
