import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { MusterError } from '../../../base/errors.ts';
import { sql } from '../../../db/sql.ts';
import type { ModuleServices } from '../../module.ts';
import { parsed, said, Uuid } from '../langsmith/reads/bodies.ts';
import { V1_FIELDS, v1Fields, v2Fields, type ShownRun } from '../langsmith/reads/run-fields.ts';
import { baseOf, showRuns } from '../langsmith/reads/show.ts';
import { selected, Selects, sendPage } from '../langsmith/reads/v2-routes.ts';
import { bodyOf } from '../langsmith/write-routes.ts';
import { sendJson } from '../reads/answers.ts';
import { listText, objectText } from '../reads/json-text.ts';
import { listProjects, type ProjectRecord } from '../reads/project-store.ts';
import type { RunRecord } from '../reads/run-record.ts';
import { listRunsOf } from '../reads/run-search.ts';
import type { JsonText } from '../run/operation.ts';
import { Datasets } from './datasets.ts';
import { Examples } from './examples.ts';
import { exampleText } from './langsmith-views.ts';
import { idOf, objectIn } from './query-values.ts';
import { visibleTo } from './visible.ts';

const MOST_EXPERIMENTS = 20;
const MOST_EXAMPLES = 100;
/** On one page: a hundred examples that were run twenty-five times. */
const MOST_RUNS = 2_500;
/** Whose examples are looked for. */
const MOST_FILTERED = 10_000;
/** So often an answer is filled with as many runs as fit into one. */
const MOST_FILLINGS = 4;

const Filters = said(z.record(Uuid, z.array(z.string().max(10_000)).max(20)));
const V1Body = z.object({
  session_ids: z.array(Uuid).min(1).max(MOST_EXPERIMENTS),
  offset: said(z.number().int().min(0).max(1_000_000)),
  limit: said(z.number().int().min(1)),
  filters: Filters,
});
const V2Body = z.object({
  experiment_ids: z.array(Uuid).min(1).max(MOST_EXPERIMENTS),
  example_ids: said(z.array(Uuid).max(1_000)),
  cursor: said(z.string().regex(/^\d{1,7}$/, 'is the next_cursor of a page before')),
  page_size: said(z.number().int().min(1)),
  filters: Filters,
  selects: Selects,
  sort: said(z.object({}).loose()),
});

interface Asked {
  readonly experimentIds: readonly string[];
  readonly exampleIds?: readonly string[] | undefined;
  readonly filters: Readonly<Record<string, readonly string[]>> | undefined;
  readonly offset: number;
  readonly limit: number;
  readonly fields: readonly string[];
  readonly asText: (shown: ShownRun) => JsonText;
}

const door = (summary: string) => ({ config: { permission: 'traces:read' as const }, schema: { tags: ['langsmith'], summary } });

/** What experiments made of the examples of their dataset, example by example: what a comparison is read from. */
export function addExperimentRunDoors(app: FastifyInstance, { state }: Pick<ModuleServices, 'state'>): void {
  const { database: db, secrets } = state;
  const datasets = new Datasets(db);
  const examples = new Examples(db);

  /** Which examples have runs in these experiments: those that fit, where a filter is given for one. */
  const exampleIdsOf = async (projects: readonly ProjectRecord[], filters: Asked['filters']): Promise<readonly string[]> => {
    const found = new Set<string>();
    const whole = projects.filter(({ projectId }) => filterOf(filters, projectId) === undefined).map(({ projectNo }) => projectNo);
    const { rows } = await db.query<{ id: string }>(sql`select distinct reference_example_id as id from muster.trace_runs
      where project_no = any(${whole}::int[]) and parent_run_id is null and reference_example_id is not null`);
    for (const { id } of rows) found.add(id);
    for (const project of projects.filter(({ projectNo }) => !whole.includes(projectNo)))
      for (const { referenceExampleId } of await runsOf(project, filters, undefined, MOST_FILTERED))
        if (referenceExampleId !== null) found.add(referenceExampleId);
    return [...found];
  };

  const runsOf = (
    { projectNo, projectId }: ProjectRecord,
    filters: Asked['filters'],
    referenceExamples: readonly string[] | undefined,
    limit: number,
  ): Promise<readonly RunRecord[]> =>
    listRunsOf(db, { projects: [projectNo], filters: { filter: filterOf(filters, projectId), referenceExamples, isRoot: true }, limit });

  const shownOf = async (
    request: FastifyRequest,
    runs: readonly RunRecord[],
    projects: readonly ProjectRecord[],
    fields: readonly string[],
  ): Promise<readonly ShownRun[]> => {
    const shown: ShownRun[] = [];
    for (let filling = 0; shown.length < runs.length; filling++) {
      if (filling === MOST_FILLINGS)
        throw new MusterError('INVALID_INPUT', 'the runs of so many examples do not fit into one answer', {
          remedy: 'Ask for fewer at a time.',
        });
      shown.push(...(await showRuns(runs.slice(shown.length), { db, secrets, base: baseOf(request), projects, fields })));
    }
    return shown;
  };

  /** A page of examples, each with its runs as `runs`, and whether there are more behind it. */
  async function page(request: FastifyRequest, asked: Asked): Promise<{ readonly items: readonly JsonText[]; readonly isLast: boolean }> {
    const visible = await visibleTo(request, db);
    const dataset = await datasets.get(idOf((request.params as { dataset_id: string }).dataset_id, 'dataset_id'), visible);
    const { datasetId } = dataset;
    const place = ({ projectId }: ProjectRecord): number => asked.experimentIds.indexOf(projectId);
    const projects = (await listProjects(db, visible, { ids: asked.experimentIds, referenceDatasetIds: [datasetId] })).toSorted(
      (a, b) => place(a) - place(b),
    );
    if (projects.length === 0)
      throw new MusterError('NOT_FOUND', `${asked.experimentIds.join(', ')} is no experiment on ${dataset.name}`, {
        remedy: '`muster experiments list <dataset>` lists those of one.',
      });
    const run = new Set(await exampleIdsOf(projects, asked.filters));
    const listed = await examples.list({
      datasetId,
      ids: asked.exampleIds === undefined ? [...run] : asked.exampleIds.filter((id) => run.has(id)),
      limit: asked.limit + 1,
      offset: asked.offset,
    });
    const held = listed.slice(0, asked.limit);
    const ids = held.map(({ exampleId }) => exampleId);
    // As the experiments were named, and each as it was run.
    const runs = (await Promise.all(projects.map((project) => runsOf(project, asked.filters, ids, MOST_RUNS)))).flatMap((of) =>
      of.toReversed(),
    );
    const shown = await shownOf(request, runs, projects, asked.fields);
    const attachments = await examples.attachments(ids);
    return {
      isLast: listed.length <= asked.limit,
      items: held.map((example) => {
        const { exampleId } = example;
        const own = attachments.filter((one) => one.exampleId === exampleId);
        const texts = shown.filter((one) => one.run.referenceExampleId === exampleId).map(asked.asText);
        return `${exampleText(example, datasetId.slice(0, 8), own, baseOf(request)).slice(0, -1)},"runs":${listText(texts)}}`;
      }),
    };
  }

  app.post(
    '/langsmith/datasets/:dataset_id/runs',
    door('Examples with what experiments made of them, as the first version reads them'),
    async (request, reply) => {
      const { session_ids: experimentIds, offset = 0, limit = MOST_EXAMPLES, filters } = parsed(V1Body, objectIn(await bodyOf(request)));
      const { items } = await page(request, {
        experimentIds,
        filters,
        offset,
        limit: Math.min(limit, MOST_EXAMPLES),
        fields: V1_FIELDS,
        asText: (shown) => objectText(v1Fields(shown, V1_FIELDS)),
      });
      return sendJson(reply, listText(items));
    },
  );

  app.post(
    '/langsmith/v2/datasets/:dataset_id/experiment-runs',
    door('Examples with what experiments made of them'),
    async (request, reply) => {
      const body = parsed(V2Body, objectIn(await bodyOf(request)));
      if (body.sort !== undefined)
        throw new MusterError('INVALID_INPUT', 'sort is not offered here', { remedy: 'Read the examples in their order, and sort them.' });
      const fields = selected(body.selects);
      // Which example a run is of is told by where it stands.
      const needed = [...new Set([...fields, 'REFERENCE_EXAMPLE_ID' as const])];
      const offset = Number(body.cursor ?? 0);
      const limit = Math.min(body.page_size ?? 20, MOST_EXAMPLES);
      const { items, isLast } = await page(request, {
        experimentIds: body.experiment_ids,
        exampleIds: body.example_ids,
        filters: body.filters,
        offset,
        limit,
        fields: needed,
        asText: (shown) => objectText(v2Fields(shown, fields)),
      });
      return sendPage(reply, listText(items), isLast ? null : String(offset + limit));
    },
  );
}

/** Several must all hold. */
function filterOf(filters: Asked['filters'], projectId: string): string | undefined {
  const given = filters?.[projectId] ?? [];
  return given.length < 2 ? given[0] : `and(${given.join(',')})`;
}
