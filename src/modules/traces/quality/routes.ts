import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Api } from '../../../http/api.ts';
import { principalOf } from '../../../http/principal.ts';
import { problems, text, Time } from '../../../http/schemas.ts';
import type { ModuleServices } from '../../module.ts';
import { visibleProjects } from '../figures/visible-projects.ts';
import { ALL_PROJECTS, putJudging, readJudging, RULE_KEYS, type Judging, type RuleKey } from './judging.ts';
import { readCoverage, readScores, readScoreSeries, SCORE_SOURCES, type Coverage, type ScoreFigure } from './scores.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const Name = text(1, 512);

const ScoresQuery = z.strictObject({
  project: z
    .union([Name, z.array(Name).max(100)])
    .optional()
    .describe('By name or id, also several; default: all'),
  key: text(1, 200).optional(),
  source: z.enum(SCORE_SOURCES).optional().describe('heuristic: rules; model: judges; api and app: programs and people'),
  from: Time.optional().describe('Default: a day before `to`'),
  to: Time.optional().describe('Default: now'),
});
const SeriesQuery = ScoresQuery.extend({
  points: z.coerce.number().int().min(1).max(1_000).default(60).describe('About so many steps, of whole hours'),
});

const Score = { project: z.string(), key: z.string(), source: z.string() };
const ScoreView = z
  .object({
    ...Score,
    n: z.number(),
    mean: z.number().describe('1 is good, for rules and judges'),
    failures: z.number().describe('Verdicts fail of a rule; scores below 0.5 of anybody else'),
    failure_share: z.number(),
  })
  .meta({ id: 'TraceScore' });
const ScoresView = z.object({ from: z.iso.datetime(), to: z.iso.datetime(), items: z.array(ScoreView) });
const ScoreSeriesView = z.object({
  step_ms: z.number(),
  items: z.array(
    z.object({
      ...Score,
      points: z
        .array(z.tuple([z.number(), z.number(), z.number(), z.number()]))
        .describe('Where a step begins, scores, mean, share of failures'),
    }),
  ),
});

const Key = z.enum(RULE_KEYS as readonly [RuleKey, ...RuleKey[]]);
const JudgingBody = z.strictObject({
  share: z.number().min(0).max(1).default(1).describe('Of the completed runs of models; which ones, only the run decides'),
  checks: z
    .array(Key)
    .max(RULE_KEYS.length)
    .default([...RULE_KEYS]),
  keep_passes: z.boolean().default(false).describe('Whether a pass becomes feedback of its run, too; it is counted in any case'),
});
const JudgingView = JudgingBody.meta({ id: 'TraceJudging', description: 'Which runs are judged by rules, and by which' });
const JudgedView = JudgingView.extend({
  last_day: z
    .object({
      left_out: z.number().describe('Runs that no rule looked at: the share, or more than a step judges'),
      rules: z.array(
        z.object({
          key: Key,
          judged: z.number(),
          nothing_to_judge: z.number().describe('Runs it looked at that hold nothing it could judge'),
        }),
      ),
    })
    .describe('What they did with the runs that completed within a day, by whole hours'),
}).meta({ id: 'TraceJudged' });
const OfProject = z.strictObject({ project: Name.optional().describe('Default: where a project says nothing for itself') });

/** Scores over time, and what is judged by rules. */
export function addQualityRoutes(app: Api, { state }: Pick<ModuleServices, 'state'>): void {
  const db = state.database;

  const ask = async (request: FastifyRequest, { project, key, source, from, to: until }: z.output<typeof ScoresQuery>) => {
    const projects = await visibleProjects(request, db, project === undefined ? undefined : [project].flat());
    const to = until ?? Date.now();
    return {
      query: { projectNos: projects.map(({ no }) => no), key, source, from: from ?? to - DAY_MS, to },
      names: new Map(projects.map(({ no, name }) => [no, name])),
    };
  };

  app.get(
    '/traces/scores',
    {
      config: { permission: 'traces:read' },
      schema: {
        tags: ['traces'],
        summary: 'Scores by project, key and source, worst first',
        querystring: ScoresQuery,
        response: { 200: ScoresView, ...problems(404) },
      },
    },
    async (request) => {
      const { query, names } = await ask(request, request.query);
      const items = (await readScores(db, query)).map(({ projectNo, key, source, n, mean, failures }) => ({
        project: names.get(projectNo) ?? '',
        key,
        source,
        n,
        mean,
        failures,
        failure_share: failures / n,
      }));
      return { from: new Date(query.from).toISOString(), to: new Date(query.to).toISOString(), items };
    },
  );

  app.get(
    '/traces/scores/series',
    {
      config: { permission: 'traces:read' },
      schema: {
        tags: ['traces'],
        summary: 'Scores over time',
        querystring: SeriesQuery,
        response: { 200: ScoreSeriesView, ...problems(404) },
      },
    },
    async (request) => {
      const { query, names } = await ask(request, request.query);
      const stepMs = Math.max(1, Math.round((query.to - query.from) / request.query.points / HOUR_MS)) * HOUR_MS;
      const series = new Map<string, { project: string; key: string; source: string; points: [number, number, number, number][] }>();
      for (const point of await readScoreSeries(db, query, stepMs)) {
        const of = series.get(seriesOf(point)) ?? {
          project: names.get(point.projectNo) ?? '',
          key: point.key,
          source: point.source,
          points: [],
        };
        of.points.push([point.at, point.n, point.mean, point.failures / point.n]);
        series.set(seriesOf(point), of);
      }
      return { step_ms: stepMs, items: [...series.values()] };
    },
  );

  const noOf = async (request: FastifyRequest, project: string | undefined): Promise<number> =>
    project === undefined ? ALL_PROJECTS : ((await visibleProjects(request, db, [project]))[0]?.no ?? ALL_PROJECTS);

  app.get(
    '/traces/judging',
    {
      config: { permission: 'traces:read' },
      schema: {
        tags: ['traces'],
        summary: 'Which runs are judged by rules',
        querystring: OfProject,
        response: { 200: JudgedView, ...problems(404) },
      },
    },
    async (request) => {
      const { project } = request.query;
      const projects = await visibleProjects(request, db, project === undefined ? undefined : [project]);
      const [to, projectNos] = [Date.now(), projects.map(({ no }) => no)];
      const judging = (await readJudging(db))(project === undefined ? ALL_PROJECTS : (projectNos[0] ?? ALL_PROJECTS));
      return { ...view(judging), last_day: lastDay(judging, await readCoverage(db, { projectNos, from: to - DAY_MS, to })) };
    },
  );
  app.put(
    '/traces/judging',
    {
      config: { permission: 'traces:manage' },
      schema: {
        tags: ['traces'],
        summary: 'Says which runs are judged by rules',
        querystring: OfProject,
        body: JudgingBody,
        response: { 200: JudgingView, ...problems(404) },
      },
    },
    async (request) => {
      const { share, checks, keep_passes: keepPasses } = request.body;
      await putJudging(db, await noOf(request, request.query.project), { share, checks, keepPasses }, principalOf(request).subject);
      return request.body;
    },
  );
}

const view = ({ share, checks, keepPasses }: Judging) => ({ share, checks: [...checks], keep_passes: keepPasses });
const lastDay = ({ checks }: Judging, coverage: readonly Coverage[]) => {
  const of = (key: string): Coverage | undefined => coverage.find((each) => each.key === key);
  return {
    left_out: of('')?.judged ?? 0,
    rules: checks.map((key) => ({ key, judged: of(key)?.judged ?? 0, nothing_to_judge: of(key)?.skipped ?? 0 })),
  };
};
const seriesOf = ({ projectNo, key, source }: ScoreFigure): string => `${projectNo} ${source} ${key}`;
