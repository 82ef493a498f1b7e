import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { MusterError } from '../../../base/errors.ts';
import type { ModuleServices } from '../../module.ts';
import { baseOf } from '../langsmith/reads/show.ts';
import { bodyOf } from '../langsmith/write-routes.ts';
import { addExamples } from './add-examples.ts';
import type { Example } from './dataset.ts';
import { Datasets } from './datasets.ts';
import { Examples } from './examples.ts';
import { formOf } from './form.ts';
import { exampleText } from './langsmith-views.ts';
import { fieldsOf, readExampleParts, type SaidExample, type SaidExamples } from './multipart-examples.ts';
import { idOf, jsonBody, objectIn, QueryValues, wrong } from './query-values.ts';
import { visibleTo } from './visible.ts';

const door = (verb: 'read' | 'write', summary: string) => ({
  config: { permission: `traces:${verb}` as const },
  schema: { tags: ['langsmith'], summary },
});
const JSON_TYPE = 'application/json; charset=utf-8';
const MOST_IDS = 10_000;

/** Examples as LangSmith's SDKs send and read them. */
export function addExampleDoors(app: FastifyInstance, { state }: Pick<ModuleServices, 'state'>): void {
  const db = state.database;
  const datasets = new Datasets(db);
  const examples = new Examples(db);

  /** A form of examples, new or changed. */
  const take = async (request: FastifyRequest) => {
    const { dataset_id: id } = request.params as { dataset_id: string };
    const visible = await visibleTo(request, db);
    const { datasetId } = await datasets.get(idOf(id, 'dataset_id'), visible);
    const said = readExampleParts(await formOf(request));
    const asOf = await addExamples(db, examples, datasetId, said, visible);
    const ids = said.examples.map(({ exampleId }) => exampleId);
    return { count: ids.length, example_ids: ids, as_of: asOf.toISOString() };
  };
  app.post(
    '/langsmith/v1/platform/datasets/:dataset_id/examples',
    door('write', 'Adds examples, as the parts of a form'),
    async (request, reply) => reply.code(201).send(await take(request)),
  );
  app.patch('/langsmith/v1/platform/datasets/:dataset_id/examples', door('write', 'Changes examples, as the parts of a form'), take);

  app.patch(
    '/langsmith/v1/platform/datasets/:dataset_id/examples/metadata',
    door('write', 'Changes the splits of many examples'),
    async (request) => {
      const { dataset_id: id } = request.params as { dataset_id: string };
      const { datasetId } = await datasets.get(idOf(id, 'dataset_id'), await visibleTo(request, db));
      const said = objectIn(await bodyOf(request));
      const ids = idsIn(said['example_ids'], 'example_ids');
      for (const { split, remove } of splitOperations(said['operations'])) await examples.setSplit(datasetId, ids, split, remove);
      return { count: ids.length };
    },
  );

  app.post(
    '/langsmith/v1/platform/datasets/examples/delete',
    door('write', 'Deletes examples, for good where that is said'),
    async (request) => {
      const said = objectIn(await bodyOf(request));
      const removed = await examples.remove(
        idsIn(said['example_ids'], 'example_ids'),
        await visibleTo(request, db),
        said['hard_delete'] === true,
      );
      return { count: removed };
    },
  );

  /** One example, or many, as JSON: what older clients send. */
  const put = async (request: FastifyRequest, bodies: readonly Readonly<Record<string, unknown>>[]): Promise<readonly string[]> => {
    const visible = await visibleTo(request, db);
    const byDataset = new Map<string, SaidExample[]>();
    for (const body of bodies) {
      const dataset = body['dataset_id'] ?? body['dataset_name'];
      if (typeof dataset !== 'string') throw wrong('dataset_id', 'must be said');
      byDataset.set(dataset, [...(byDataset.get(dataset) ?? []), saidIn(body)]);
    }
    for (const [dataset, said] of byDataset)
      await addExamples(db, examples, (await datasets.get(dataset, visible)).datasetId, only(said), visible);
    return [...byDataset.values()].flat().map(({ exampleId }) => exampleId);
  };
  const readBack = async (request: FastifyRequest, ids: readonly string[]): Promise<string> => {
    const visible = await visibleTo(request, db);
    const found = await Promise.all(ids.map((id) => examples.get(id, visible)));
    return `[${(await texts(request, found)).join(',')}]`;
  };
  app.post('/langsmith/examples', door('write', 'Adds an example'), async (request, reply) => {
    const ids = await put(request, [objectIn(await bodyOf(request))]);
    return reply.type(JSON_TYPE).send((await readBack(request, ids)).slice(1, -1));
  });
  app.post('/langsmith/examples/bulk', door('write', 'Adds examples'), async (request, reply) => {
    const list = jsonBody(await bodyOf(request));
    if (!Array.isArray(list) || list.length > MOST_IDS || !list.every((item) => typeof item === 'object' && item !== null))
      throw wrong('the body', `is a list of up to ${MOST_IDS} examples`);
    return reply.type(JSON_TYPE).send(await readBack(request, await put(request, list as Record<string, unknown>[])));
  });

  app.get('/langsmith/examples', door('read', 'Lists examples'), async (request, reply) => {
    const query = new QueryValues(request);
    const visible = await visibleTo(request, db);
    const filter = query.text('filter');
    const ids = query.ids('id');
    const dataset = query.text('dataset');
    if (dataset === undefined && (ids === undefined || filter !== undefined))
      throw wrong('dataset', 'must be said, or id without a filter');
    const page = { limit: query.whole('limit', 100, 1_000), offset: query.whole('offset', 0, 10_000_000) };
    const datasetIds = dataset === undefined ? undefined : [(await datasets.get(dataset, visible)).datasetId];
    const found =
      datasetIds?.[0] === undefined
        ? await Promise.all((ids ?? []).slice(page.offset, page.offset + page.limit).map((id) => examples.get(id, visible)))
        : await examples.list({
            ...page,
            datasetId: datasetIds[0],
            ids,
            asOf: await asOfIn(query, datasetIds[0], datasets),
            splits: query.list('splits'),
            metadata: query.object('metadata'),
            filter,
          });
    return reply.type(JSON_TYPE).send(`[${(await texts(request, found)).join(',')}]`);
  });

  app.get('/langsmith/examples/count', door('read', 'Counts examples'), async (request) => {
    const query = new QueryValues(request);
    return (await datasets.get(query.text('dataset') ?? '', await visibleTo(request, db))).examples;
  });

  app.get('/langsmith/examples/:example_id', door('read', 'Reads an example'), async (request, reply) => {
    const { example_id: id } = request.params as { example_id: string };
    const found = await examples.get(idOf(id, 'example_id'), await visibleTo(request, db), new QueryValues(request).time('as_of'));
    const [text] = await texts(request, [found]);
    return reply.type(JSON_TYPE).send(text);
  });

  app.patch('/langsmith/examples/:example_id', door('write', 'Changes an example'), async (request) => {
    const { example_id: id } = request.params as { example_id: string };
    const visible = await visibleTo(request, db);
    const { datasetId, exampleId } = await examples.get(idOf(id, 'example_id'), visible);
    await addExamples(db, examples, datasetId, only([saidIn({ ...objectIn(await bodyOf(request)), id: exampleId })]), visible);
    return { message: 'updated' };
  });

  app.delete('/langsmith/examples/:example_id', door('write', 'Deletes an example'), async (request) => {
    const { example_id: id } = request.params as { example_id: string };
    const visible = await visibleTo(request, db);
    const { exampleId } = await examples.get(idOf(id, 'example_id'), visible);
    await examples.remove([exampleId], visible);
    return { message: 'deleted' };
  });
  app.delete('/langsmith/examples', door('write', 'Deletes examples'), async (request) => {
    const ids = new QueryValues(request).ids('example_ids') ?? [];
    return { count: await examples.remove(ids.slice(0, MOST_IDS), await visibleTo(request, db)) };
  });

  // An address that cannot be guessed is its own key: SDKs fetch it without theirs.
  app.get(
    '/langsmith/example-attachments/:token',
    {
      config: { permission: 'public' },
      schema: { tags: ['langsmith'], summary: 'The attachment of an example: its address is its key', security: [] },
    },
    async (request, reply) => {
      const found = await examples.attachment((request.params as { token: string }).token);
      if (found === undefined)
        throw new MusterError('NOT_FOUND', 'there is no such attachment', { remedy: 'Read the example again for its address.' });
      return reply
        .type(/^[\w.+-]+\/[\w.+-]+$/.test(found.mimeType) ? found.mimeType : 'application/octet-stream')
        .header('content-disposition', 'attachment')
        .header('x-content-type-options', 'nosniff')
        .send(found.body);
    },
  );

  const texts = async (request: FastifyRequest, found: readonly Example[]): Promise<readonly string[]> => {
    const held = await examples.attachments(found.map(({ exampleId }) => exampleId));
    return found.map((example) => {
      const own = held.filter(({ exampleId }) => exampleId === example.exampleId);
      return exampleText(example, example.datasetId.slice(0, 8), own, baseOf(request));
    });
  };
}

const only = (examples: readonly SaidExample[]): SaidExamples => ({ examples, attachments: [], attachmentOperations: new Map() });

/** An example as a JSON object says it. */
const saidIn = (body: Readonly<Record<string, unknown>>): SaidExample => ({
  usesRun: false,
  usesRunAttachments: false,
  ...fieldsOf(body),
  exampleId: body['id'] === undefined || body['id'] === null ? randomUUID() : idOf(body['id'], 'id'),
  inputs: body['inputs'] === undefined || body['inputs'] === null ? undefined : JSON.stringify(body['inputs']),
  outputs: body['outputs'] === undefined || body['outputs'] === null ? undefined : JSON.stringify(body['outputs']),
});

async function asOfIn(query: QueryValues, datasetId: string, datasets: Datasets): Promise<Date | undefined> {
  const text = query.text('as_of');
  if (text === undefined || text === 'latest') return undefined;
  return (await datasets.taggedAt(datasetId, text)) ?? query.time('as_of');
}

function idsIn(value: unknown, name: string): readonly string[] {
  if (!Array.isArray(value) || value.length > MOST_IDS) throw wrong(name, `is a list of up to ${MOST_IDS} ids`);
  return value.map((id) => idOf(id, name));
}

function splitOperations(value: unknown): readonly { readonly split: string; readonly remove: boolean }[] {
  if (!Array.isArray(value)) throw wrong('operations', 'is a list');
  return value.flatMap((given: unknown) => {
    const { key, operation, values } = (typeof given === 'object' && given !== null ? given : {}) as Record<string, unknown>;
    const verb = typeof operation === 'string' ? operation.toLowerCase() : '';
    if (key !== 'dataset_split' || (verb !== 'array_add' && verb !== 'array_remove') || !Array.isArray(values))
      throw wrong('operations', 'add to dataset_split (array_add) or take from it (array_remove)');
    return values
      .filter((split) => typeof split === 'string' && split !== '')
      .map((split: string) => ({ split, remove: verb === 'array_remove' }));
  });
}
