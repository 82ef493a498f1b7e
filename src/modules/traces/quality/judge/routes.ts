import { z } from 'zod';
import type { Api } from '../../../../http/api.ts';
import { principalOf, requireAllProjects } from '../../../../http/principal.ts';
import { Nothing, problems, text } from '../../../../http/schemas.ts';
import type { ModuleServices } from '../../../module.ts';
import { visibleProjects } from '../../figures/visible-projects.ts';
import { Evaluators, type Evaluator } from './evaluators.ts';
import { filterOf } from './wanted.ts';
import { whyQuiet } from './why-quiet.ts';

const Name = text(1, 63)
  .regex(/^[a-z0-9][a-z0-9_.-]*$/, 'lower-case letters, digits, _ . - only')
  .describe('Lower-case letters, digits, _ . -; the key of its scores');
const OfName = z.strictObject({ name: Name });

const GivenEvaluator = z
  .strictObject({
    prompt: text(1, 20_000).describe('The criteria, in words: what is a good answer, what a bad one'),
    model: text(1, 200).describe('Which model judges, as the gateway knows it'),
    scale: z
      .strictObject({ lowest: z.number(), highest: z.number() })
      .refine(({ lowest, highest }) => highest > lowest, 'ends where it begins')
      .default({ lowest: 0, highest: 1 })
      .describe('On which it answers; scores are kept as 0 to 1'),
    project: text(1, 512).nullable().default(null).describe('Whose runs; null: all but those of evaluators'),
    model_judged: text(1, 200).nullable().default(null).describe('Only runs of this model'),
    filter: text(1, 4_000)
      .nullable()
      .default(null)
      .describe('Only runs that fit it, in the filter language of LangSmith: and(has(tags,"beta"),gt(latency,2)); without search()'),
    share: z.number().min(0).max(1).default(0.01).describe('Of those runs; which ones, only the run decides'),
    budget_usd: z
      .number()
      .min(0)
      .max(100_000)
      .default(1)
      .describe('US dollars a day (UTC), by the price table; a model without a price costs nothing here'),
    budget_runs: z.number().int().min(0).max(1_000_000).default(500).describe('Calls a day'),
    enabled: z.boolean().default(true),
  })
  .meta({ id: 'GivenTraceEvaluator' });

const EvaluatorView = z
  .object({
    name: z.string(),
    prompt: z.string(),
    model: z.string(),
    scale: z.object({ lowest: z.number(), highest: z.number() }),
    project: z.string().nullable(),
    model_judged: z.string().nullable(),
    filter: z.string().nullable(),
    share: z.number(),
    budget_usd: z.number(),
    budget_runs: z.number(),
    enabled: z.boolean(),
    waiting: z.number().describe('Runs that wait to be judged'),
    quiet_because: z.string().nullable().describe('Why it has asked nothing today (UTC), where it has not'),
    today: z.object({
      calls: z.number(),
      scores: z.number(),
      errors: z.number().describe('No answer, or one that is no verdict'),
      left_out: z.number().describe('The budget was spent, or too much waited'),
      no_answer: z.number().describe('Taken up, and without an answer to judge: the run failed, said nothing, is too large or gone'),
      passed_over: z
        .object({ other_project: z.number(), other_model: z.number(), not_drawn: z.number(), not_fitting: z.number() })
        .describe('Completed runs of models that it is not set on, by what it is not set on: project, model, share or filter'),
      cost_usd: z.number(),
      last_error: z.string().nullable(),
    }),
    created_by: z.string(),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'TraceEvaluator', description: 'A model that judges runs of models' });

const view = ({ today, ...evaluator }: Evaluator) => ({
  name: evaluator.name,
  prompt: evaluator.prompt,
  model: evaluator.model,
  scale: { lowest: evaluator.lowest, highest: evaluator.highest },
  project: evaluator.project,
  model_judged: evaluator.modelJudged,
  filter: evaluator.filter,
  share: evaluator.share,
  budget_usd: evaluator.budgetUsd,
  budget_runs: evaluator.budgetRuns,
  enabled: evaluator.enabled,
  waiting: evaluator.waiting,
  quiet_because: whyQuiet({ ...evaluator, today }) ?? null,
  today: {
    calls: today.calls,
    scores: today.scores,
    errors: today.errors,
    left_out: today.leftOut,
    no_answer: today.noAnswer,
    passed_over: {
      other_project: today.passedOver.otherProject,
      other_model: today.passedOver.otherModel,
      not_drawn: today.passedOver.notDrawn,
      not_fitting: today.passedOver.notFitting,
    },
    cost_usd: today.cost,
    last_error: today.lastError,
  },
  created_by: evaluator.createdBy,
  created_at: evaluator.createdAt.toISOString(),
});

/** Models that judge. They see runs of all projects they are set on, so only keys of all projects manage them. */
export function addEvaluatorRoutes(app: Api, { state }: Pick<ModuleServices, 'state'>): void {
  const evaluators = new Evaluators(state.database);

  app.get(
    '/traces/evaluators',
    {
      config: { permission: 'traces:read' },
      schema: {
        tags: ['traces'],
        summary: 'List the models that judge',
        response: { 200: z.object({ items: z.array(EvaluatorView) }), ...problems() },
      },
    },
    async () => ({ items: (await evaluators.list()).map(view) }),
  );
  app.get(
    '/traces/evaluators/:name',
    {
      config: { permission: 'traces:read' },
      schema: { tags: ['traces'], summary: 'Show a model that judges', params: OfName, response: { 200: EvaluatorView, ...problems(404) } },
    },
    async (request) => view(await evaluators.get(request.params.name)),
  );
  app.put(
    '/traces/evaluators/:name',
    {
      config: { permission: 'traces:manage' },
      schema: {
        tags: ['traces'],
        summary: 'Let a model judge runs',
        params: OfName,
        body: GivenEvaluator,
        response: { 200: EvaluatorView, ...problems(404, 413) },
      },
    },
    async (request) => {
      requireAllProjects(principalOf(request));
      if (request.body.filter !== null) filterOf(request.body.filter);
      const { project, scale, model_judged: modelJudged, budget_usd: budgetUsd, budget_runs: budgetRuns, ...fields } = request.body;
      const [of] = project === null ? [] : await visibleProjects(request, state.database, [project]);
      const given = { ...fields, ...scale, projectNo: of?.no ?? null, modelJudged, budgetUsd, budgetRuns };
      return view(await evaluators.put(request.params.name, given, principalOf(request).subject));
    },
  );
  app.delete(
    '/traces/evaluators/:name',
    {
      config: { permission: 'traces:manage' },
      schema: {
        tags: ['traces'],
        summary: 'Let a model judge no more; its scores stay',
        params: OfName,
        response: { 204: Nothing, ...problems(404) },
      },
    },
    async (request, reply) => {
      requireAllProjects(principalOf(request));
      await evaluators.remove(request.params.name);
      return reply.code(204).send(null);
    },
  );
}
