import { z } from 'zod';
import type { Api } from '../../../http/api.ts';
import { problems, text, Time } from '../../../http/schemas.ts';
import { isoTime } from '../../../http/time.ts';
import type { ModuleServices } from '../../module.ts';
import { RUN_TYPES } from '../run/run-type.ts';
import { ask, type Asked } from './ask.ts';
import { askSeries, SERIES_METRICS, type SeriesMetric } from './ask-series.ts';
import { FigureView } from './figure-view.ts';
import { GROUPS } from './from-rollups.ts';
import { ORDERS } from './read-figures.ts';
import { visibleProjects } from './visible-projects.ts';

const DAY_MS = 86_400_000;
const Value = text(1, 512);

const Filters = {
  project: z
    .union([Value, z.array(Value).max(100)])
    .optional()
    .describe('By name or id, also several; default: all'),
  from: Time.optional().describe('By the start of the runs. Default: a day before `to`'),
  to: Time.optional().describe('Default: now'),
  run_type: z.enum(RUN_TYPES).optional(),
  model: Value.optional(),
  name: Value.optional(),
  prompt: Value.optional(),
  user: Value.optional(),
  tag: Value.optional(),
  is_root: z.enum(['true']).optional().describe('Roots only: how many traces, how long they took, and what they cost in all'),
};

const StatsQuery = z.strictObject({
  ...Filters,
  filter: text(1, 10_000).optional().describe('In the language of LangSmith; answered from the runs themselves'),
  group_by: z.enum(GROUPS).optional(),
  order_by: z.enum(ORDERS).default('runs').describe('What the largest groups are the largest by'),
  limit: z.coerce.number().int().min(1).max(500).default(50).describe('Groups at most'),
});

const SeriesQuery = z.strictObject({
  ...Filters,
  group_by: z.enum(GROUPS.filter((group) => group !== 'thread') as [Exclude<(typeof GROUPS)[number], 'thread'>]).optional(),
  order_by: z.enum(ORDERS).default('runs'),
  limit: z.coerce.number().int().min(1).max(50).default(10).describe('Groups at most'),
  metrics: text(1, 500)
    .default('runs')
    .transform((list, ctx) => {
      const names = list.split(',').map((name) => name.trim());
      if (names.every((name): name is SeriesMetric => (SERIES_METRICS as readonly string[]).includes(name))) return names;
      ctx.addIssue({ code: 'custom', message: `holds a metric that there is not; there are ${SERIES_METRICS.join(', ')}` });
      return z.NEVER;
    })
    .describe(`Some of ${SERIES_METRICS.join(', ')}, with commas`),
  points: z.coerce.number().int().min(1).max(1_000).default(60).describe('About so many steps'),
});

const Provenance = z.object({
  source: z.enum(['rollups', 'runs']).describe('rollups: of what was added up of all runs; runs: of the newest 50,000 runs that match'),
  counted_up_to: z.iso.datetime().nullable().describe('Every run that ended before is counted; null: none waits'),
  lag_seconds: z.number().describe('How long the oldest run waits that is not counted yet'),
  percentile_error: z.number().describe('A percentile is off by this share at most'),
  counted_runs: z.number().describe('Runs that were really seen'),
  is_estimate: z.boolean().describe('A client or a project samples: what was left out was added by its rate'),
  unpriced_runs: z.number().describe('Calls whose cost nobody knows'),
  is_truncated: z.boolean().describe('There were more runs, or groups, than were looked at'),
});

const GroupView = z.object({
  group: z.string().nullable().describe('null: of all; or of the values for which there was no room'),
  ...FigureView.shape,
});

const StatsView = z.object({
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  total: FigureView,
  items: z.array(GroupView),
  groups: z.number().describe('How many groups there are'),
  provenance: Provenance,
});

const SeriesView = z.object({
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  step_ms: z.number(),
  items: z.array(
    z.object({
      group: z.string().nullable(),
      metric: z.string(),
      points: z.array(z.tuple([z.number(), z.number().nullable()])).describe('Milliseconds since 1970 where a step begins, and its value'),
      runs_query: z.string().nullable().describe('With from= and to= of a step, GET /api/v1/traces/runs lists the runs behind a point'),
    }),
  ),
  provenance: Provenance,
});

type FilterValues = Pick<z.output<typeof StatsQuery>, keyof typeof Filters>;

const askedOf = ({ from, to, project: _, is_root, ...values }: FilterValues, now: number): Pick<Asked, 'from' | 'to' | 'now' | 'where'> => {
  const end = to ?? now;
  const { run_type, model, name, prompt, user, tag } = values;
  const given = Object.entries({ run_type, model, name, prompt, user, tag, trace: is_root === undefined ? undefined : 'root' });
  return { from: from ?? end - DAY_MS, to: end, now, where: Object.fromEntries(given.filter(([, value]) => value !== undefined)) };
};

const namesOf = (project: string | readonly string[] | undefined): readonly string[] | undefined =>
  typeof project === 'string' ? [project] : project;

/** What conversations add up to. */
export function addFigureRoutes(app: Api, { state: { database } }: Pick<ModuleServices, 'state'>): void {
  app.get(
    '/traces/stats',
    {
      config: { permission: 'traces:read' },
      schema: {
        tags: ['traces'],
        summary: 'Tell counts, latency, tokens and cost of runs, in all and by group',
        querystring: StatsQuery,
        response: { 200: StatsView, ...problems(404) },
      },
    },
    async (request) => {
      const { query } = request;
      const projects = await visibleProjects(request, database, namesOf(query.project));
      const answer = await ask(database, {
        ...askedOf(query, Date.now()),
        projects,
        filter: query.filter,
        groupBy: query.group_by ?? null,
        order: query.order_by,
        most: query.limit,
      });
      return { ...answer, from: isoTime(answer.from), to: isoTime(answer.to) };
    },
  );

  app.get(
    '/traces/series',
    {
      config: { permission: 'traces:read' },
      schema: {
        tags: ['traces'],
        summary: 'Tell the same over time, for charts, with the way to the runs behind each point',
        querystring: SeriesQuery,
        response: { 200: SeriesView, ...problems(404) },
      },
    },
    async (request) => {
      const { query } = request;
      const projects = await visibleProjects(request, database, namesOf(query.project));
      const answer = await askSeries(database, {
        ...askedOf(query, Date.now()),
        projects,
        groupBy: query.group_by ?? null,
        order: query.order_by,
        most: query.limit,
        metrics: query.metrics,
        points: query.points,
      });
      return { ...answer, from: isoTime(answer.from), to: isoTime(answer.to) };
    },
  );
}
