import { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { MusterError } from '../../../base/errors.ts';
import { raw, sql, type Sql } from '../../../db/sql.ts';
import type { Api } from '../../../http/api.ts';
import { principalOf } from '../../../http/principal.ts';
import { JsonObject, Limit, Nothing, problems, text, Time } from '../../../http/schemas.ts';
import type { ModuleServices } from '../../module.ts';
import { visibleProjects } from '../figures/visible-projects.ts';
import { MOST_BODY_BYTES } from '../langsmith/decompress.ts';
import { conditionOf, parseFilter } from '../reads/index.ts';
import type { Dataset, Example } from './dataset.ts';
import { Datasets, metadataOf } from './datasets.ts';
import { Examples } from './examples.ts';
import { parsed } from './langsmith-views.ts';
import { byRunIds, contentOf } from './run-content.ts';
import { FORMATS, headerOf, lineOf, readExamples } from './tables.ts';
import { namedUuid } from '../run/named-uuid.ts';
import { visibleTo } from './visible.ts';

const Name = text(1, 512);
const OfDataset = z.strictObject({ dataset: Name.describe('By name or id') });

const DatasetView = z
  .object({
    dataset_id: z.string(),
    name: z.string(),
    description: z.string().nullable(),
    metadata: JsonObject,
    examples: z.number(),
    experiments: z.number(),
    created_at: z.iso.datetime(),
    modified_at: z.iso.datetime().describe('Its version: pass it as as_of to see the examples as they were'),
  })
  .meta({ id: 'TraceDataset', description: 'Examples of what goes in and what should come out' });
const datasetView = (dataset: Dataset) => ({
  dataset_id: dataset.datasetId,
  name: dataset.name,
  description: dataset.description,
  metadata: metadataOf(dataset.extra),
  examples: dataset.examples,
  experiments: dataset.sessions,
  created_at: dataset.createdAt.toISOString(),
  modified_at: dataset.modifiedAt.toISOString(),
});

const ExampleView = z
  .object({
    example_id: z.string(),
    inputs: z.unknown(),
    outputs: z.unknown(),
    metadata: JsonObject,
    splits: z.array(z.string()),
    source_run_id: z.string().nullable(),
    created_at: z.iso.datetime(),
    modified_at: z.iso.datetime(),
  })
  .meta({ id: 'TraceExample' });
const exampleView = (example: Example) => ({
  example_id: example.exampleId,
  inputs: parsed(example.inputs),
  outputs: parsed(example.outputs),
  metadata: { ...example.metadata },
  splits: [...example.splits],
  source_run_id: example.sourceRunId,
  created_at: example.createdAt.toISOString(),
  modified_at: example.modifiedAt.toISOString(),
});

const FromRuns = z.strictObject({
  run_ids: z.array(z.guid()).min(1).max(1_000).optional(),
  project: Name.optional().describe('With filter, or alone: its newest runs'),
  filter: text(1, 10_000).optional().describe('In the language of LangSmith'),
  from: Time.optional(),
  to: Time.optional(),
  limit: z.number().int().min(1).max(1_000).default(100),
  split: text(1, 200).optional(),
  with_outputs: z.boolean().default(true).describe('Whether what the run answered is what should come'),
});

const PAGE = 500;
const CONTENT_TYPES = { jsonl: 'application/x-ndjson', csv: 'text/csv; charset=utf-8' };

/** Datasets below /api/v1. */
export function addDatasetRoutes(app: Api, { state }: Pick<ModuleServices, 'state'>): void {
  const db = state.database;
  const datasets = new Datasets(db);
  const examples = new Examples(db);
  const seen = async (request: FastifyRequest<{ Params: { dataset: string } }>): Promise<Dataset> =>
    datasets.get(request.params.dataset, await visibleTo(request, db));

  app.get(
    '/traces/datasets',
    {
      config: { permission: 'traces:read' },
      schema: {
        tags: ['datasets'],
        summary: 'List datasets, newest first',
        querystring: z.strictObject({
          name_contains: Name.optional(),
          limit: Limit,
          offset: z.coerce.number().int().min(0).max(1_000_000).default(0),
        }),
        response: { 200: z.object({ items: z.array(DatasetView) }), ...problems() },
      },
    },
    async (request) => {
      const { name_contains: nameContains, limit, offset } = request.query;
      return { items: (await datasets.list({ nameContains, limit, offset }, await visibleTo(request, db))).map(datasetView) };
    },
  );
  app.post(
    '/traces/datasets',
    {
      config: { permission: 'traces:write' },
      schema: {
        tags: ['datasets'],
        summary: 'Make a dataset',
        body: z.strictObject({ name: Name, description: text(0, 10_000).optional(), metadata: JsonObject.optional() }),
        response: { 201: DatasetView, ...problems(409, 413) },
      },
    },
    async (request, reply) => {
      const { name, description, metadata } = request.body;
      const extra = metadata === undefined ? undefined : JSON.stringify({ metadata });
      return reply.code(201).send(datasetView(await datasets.create({ name, description, extra }, principalOf(request).subject)));
    },
  );
  app.get(
    '/traces/datasets/:dataset',
    {
      config: { permission: 'traces:read' },
      schema: { tags: ['datasets'], summary: 'Show a dataset', params: OfDataset, response: { 200: DatasetView, ...problems(404) } },
    },
    async (request) => datasetView(await seen(request)),
  );
  app.delete(
    '/traces/datasets/:dataset',
    {
      config: { permission: 'traces:write' },
      schema: {
        tags: ['datasets'],
        summary: 'Delete a dataset with its examples',
        params: OfDataset,
        response: { 204: Nothing, ...problems(404) },
      },
    },
    async (request, reply) => {
      await datasets.remove((await seen(request)).datasetId);
      return reply.code(204).send(null);
    },
  );
  app.get(
    '/traces/datasets/:dataset/examples',
    {
      config: { permission: 'traces:read' },
      schema: {
        tags: ['datasets'],
        summary: 'List the examples of a dataset',
        params: OfDataset,
        querystring: z.strictObject({
          split: text(1, 200).optional(),
          as_of: Time.optional().describe('As they were at that time'),
          limit: Limit,
          offset: z.coerce.number().int().min(0).max(1_000_000).default(0),
        }),
        response: { 200: z.object({ items: z.array(ExampleView) }), ...problems(404) },
      },
    },
    async (request) => {
      const { split, as_of: asOf, limit, offset } = request.query;
      const { datasetId } = await seen(request);
      const page = {
        datasetId,
        splits: split === undefined ? undefined : [split],
        asOf: asOf === undefined ? undefined : new Date(asOf),
        limit,
        offset,
      };
      return { items: (await examples.list(page)).map(exampleView) };
    },
  );
  app.delete(
    '/traces/datasets/:dataset/examples/:example_id',
    {
      config: { permission: 'traces:write' },
      schema: {
        tags: ['datasets'],
        summary: 'Delete an example; older versions still show it',
        params: OfDataset.extend({ example_id: z.guid() }),
        response: { 204: Nothing, ...problems(404) },
      },
    },
    async (request, reply) => {
      const visible = await visibleTo(request, db);
      const { datasetId } = await seen(request);
      const held = await examples.get(request.params.example_id, visible);
      if (held.datasetId !== datasetId) throw new MusterError('NOT_FOUND', `there is no such example in ${request.params.dataset}`);
      await examples.remove([held.exampleId], visible);
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/traces/datasets/:dataset/from-runs',
    {
      config: { permission: 'traces:write' },
      schema: {
        tags: ['datasets'],
        summary: 'Make examples of runs, by their ids or by a filter; a run becomes one example however often it is added',
        params: OfDataset,
        body: FromRuns,
        response: { 200: z.object({ examples: z.number(), as_of: z.iso.datetime() }), ...problems(404) },
      },
    },
    async (request) => {
      const { datasetId } = await seen(request);
      const { split, with_outputs: withOutputs, limit } = request.body;
      const runs = await contentOf(db, await whichRuns(request, request.body), await visibleTo(request, db), limit);
      const asOf = await examples.put(datasetId, {
        examples: runs.toReversed().map(({ runId, inputs, outputs }) => ({
          exampleId: exampleIdOf(datasetId, runId),
          inputs: inputs ?? '{}',
          outputs: withOutputs ? outputs : null,
          splits: split === undefined ? undefined : [split],
          sourceRunId: runId,
        })),
        projectNos: [...new Set(runs.map(({ projectNo }) => projectNo))],
      });
      return { examples: runs.length, as_of: asOf.toISOString() };
    },
  );

  const whichRuns = async (
    request: FastifyRequest,
    { run_ids: ids, project, filter, from, to }: z.output<typeof FromRuns>,
  ): Promise<Sql> => {
    if (ids !== undefined) return byRunIds(ids);
    if (project === undefined)
      throw new MusterError('INVALID_INPUT', 'it is not said which runs', {
        remedy: 'Name run_ids, or a project with or without a filter.',
      });
    const [of] = await visibleProjects(request, db, [project]);
    const fits = filter === undefined ? sql`true` : conditionOf(parseFilter(filter), 'r', () => sql`false`);
    return sql`r.project_no = ${of?.no ?? 0} and ${fits}
      and r.start_time >= to_timestamp(${(from ?? Date.now() - 30 * 86_400_000) / 1_000}) and r.start_time < to_timestamp(${(to ?? Date.now() + 60_000) / 1_000})
      and ${filter === undefined ? raw('r.parent_run_id is null') : raw('true')}`;
  };

  app.get(
    '/traces/datasets/:dataset/export',
    {
      config: { permission: 'traces:read' },
      schema: {
        tags: ['datasets'],
        summary: 'The examples as JSON Lines or CSV',
        params: OfDataset,
        querystring: z.strictObject({ format: z.enum(FORMATS).default('jsonl'), as_of: Time.optional() }),
        response: problems(404),
      },
    },
    async (request, reply) => {
      const { datasetId } = await seen(request);
      const { format, as_of: at } = request.query;
      const asOf = at === undefined ? undefined : new Date(at);
      async function* lines(): AsyncGenerator<string> {
        yield headerOf(format);
        for (let offset = 0; ; offset += PAGE) {
          const page = await examples.list({ datasetId, asOf, limit: PAGE, offset });
          if (page.length === 0) return;
          yield page.map((example) => lineOf(format, example)).join('');
        }
      }
      return reply
        .type(CONTENT_TYPES[format])
        .header('content-disposition', `attachment; filename="examples.${format}"`)
        .send(Readable.from(lines()) as never); // a stream goes past the serializer that the schema types
    },
  );

  void app.register(async (plain) => {
    const scope = plain.withTypeProvider<ZodTypeProvider>();
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(
      '*',
      { parseAs: 'string', bodyLimit: MOST_BODY_BYTES },
      async (_request: FastifyRequest, body: string) => body,
    );
    scope.post(
      '/traces/datasets/:dataset/import',
      {
        config: { permission: 'traces:write' },
        schema: {
          tags: ['datasets'],
          summary: 'Add examples from JSON Lines or CSV, the body as it is in the file',
          params: OfDataset,
          querystring: z.strictObject({
            format: z.enum(FORMATS).default('jsonl'),
            inputs: text(1, 2_000).optional().describe('Columns that are inputs, with commas, where a table holds plain values'),
            outputs: text(1, 2_000).optional().describe('Columns that are outputs'),
          }),
          response: { 200: z.object({ examples: z.number(), as_of: z.iso.datetime() }), ...problems(404, 413) },
        },
      },
      async (request) => {
        const { datasetId } = await datasets.get(request.params.dataset, await visibleTo(request, db));
        const { format, inputs, outputs } = request.query;
        const body = typeof request.body === 'string' ? request.body : '';
        const read = readExamples(format, body, { inputs: inputs?.split(','), outputs: outputs?.split(',') });
        const asOf = await examples.put(datasetId, { examples: read });
        return { examples: read.length, as_of: asOf.toISOString() };
      },
    );
  });
}

/** A run is one example of a dataset. */
const exampleIdOf = (datasetId: string, runId: string): string => namedUuid(`muster.example:${datasetId}:${runId}`);
