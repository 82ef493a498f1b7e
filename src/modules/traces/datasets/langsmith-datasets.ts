import type { FastifyInstance } from 'fastify';
import { principalOf } from '../../../http/principal.ts';
import type { ModuleServices } from '../../module.ts';
import { bodyOf } from '../langsmith/write-routes.ts';
import { TENANT_ID } from '../langsmith/tenant.ts';
import type { Dataset } from './dataset.ts';
import { fieldsOf, LONGEST_NAME } from './dataset-fields.ts';
import { Datasets } from './datasets.ts';
import { Examples } from './examples.ts';
import { datasetView } from './langsmith-views.ts';
import { idOf, objectIn, QueryValues, timeOf, wrong } from './query-values.ts';
import { visibleTo } from './visible.ts';

const door = (verb: 'read' | 'write', summary: string) => ({
  config: { permission: `traces:${verb}` as const },
  schema: { tags: ['langsmith'], summary },
});

/** Datasets as LangSmith's SDKs make and read them. */
export function addDatasetDoors(app: FastifyInstance, { state }: Pick<ModuleServices, 'state'>): void {
  const db = state.database;
  const datasets = new Datasets(db);
  const examples = new Examples(db);
  const view = (dataset: Dataset) => datasetView(dataset, TENANT_ID);
  type WithId = { dataset_id: string };

  app.post('/langsmith/datasets', door('write', 'Makes a dataset'), async (request) => {
    const said = objectIn(await bodyOf(request));
    const { name, ...fields } = fieldsOf(said);
    if (name === undefined) throw wrong('name', 'must be said');
    const datasetId = said['id'] === undefined || said['id'] === null ? undefined : idOf(said['id'], 'id');
    return view(await datasets.create({ ...fields, name, datasetId }, principalOf(request).subject));
  });

  app.get('/langsmith/datasets', door('read', 'Lists datasets'), async (request) => {
    const query = new QueryValues(request);
    const found = await datasets.list(
      {
        ids: query.ids('id'),
        name: query.text('name'),
        nameContains: query.text('name_contains'),
        dataType: query.text('data_type') ?? query.text('datatype'),
        metadata: query.object('metadata'),
        limit: query.whole('limit', 100, 100),
        offset: query.whole('offset', 0, 1_000_000),
      },
      await visibleTo(request, db),
    );
    return found.map(view);
  });

  app.get('/langsmith/datasets/:dataset_id', door('read', 'Reads a dataset'), async (request) =>
    view(await datasets.get(idOf((request.params as WithId).dataset_id, 'dataset_id'), await visibleTo(request, db))),
  );

  const seen = async (request: Parameters<typeof visibleTo>[0]): Promise<Dataset> =>
    datasets.get(idOf((request.params as WithId).dataset_id, 'dataset_id'), await visibleTo(request, db));

  app.patch('/langsmith/datasets/:dataset_id', door('write', 'Changes a dataset'), async (request) => {
    const { datasetId } = await seen(request);
    return view(await datasets.change(datasetId, fieldsOf(objectIn(await bodyOf(request)))));
  });

  app.delete('/langsmith/datasets/:dataset_id', door('write', 'Deletes a dataset with its examples'), async (request) => {
    await datasets.remove((await seen(request)).datasetId);
    return { message: 'deleted' };
  });

  app.get('/langsmith/datasets/:dataset_id/versions', door('read', 'Lists the versions of a dataset'), async (request) => {
    const query = new QueryValues(request);
    const found = await datasets.versions((await seen(request)).datasetId, {
      limit: query.whole('limit', 100, 100),
      offset: query.whole('offset', 0, 1_000_000),
    });
    return found.map(({ asOf, tags }) => ({ as_of: asOf.toISOString(), tags }));
  });

  app.get('/langsmith/datasets/:dataset_id/version', door('read', 'Finds the version of a time or tag'), async (request) => {
    const query = new QueryValues(request);
    const { datasetId, modifiedAt } = await seen(request);
    const [tag, asOf] = [query.text('tag'), query.time('as_of')];
    const at = tag === undefined ? asOf : tag === 'latest' ? modifiedAt : await datasets.taggedAt(datasetId, tag);
    if (at === undefined)
      throw wrong(tag === undefined ? 'as_of or tag' : `the tag ${tag}`, tag === undefined ? 'must be said' : 'is none of this dataset');
    const versions = await datasets.versions(datasetId, { limit: 10_000, offset: 0 });
    const version = versions.find((one) => one.asOf.getTime() <= at.getTime());
    return { as_of: (version?.asOf ?? modifiedAt).toISOString(), tags: version?.tags ?? [] };
  });

  app.put('/langsmith/datasets/:dataset_id/tags', door('write', 'Tags a version'), async (request) => {
    const { datasetId } = await seen(request);
    const { as_of: asOf, tag } = objectIn(await bodyOf(request));
    if (typeof tag !== 'string' || tag === '' || tag.length > LONGEST_NAME)
      throw wrong('tag', `is a text of 1 to ${LONGEST_NAME} characters`);
    if (typeof asOf !== 'string') throw wrong('as_of', 'must be said');
    const at = timeOf(asOf, 'as_of');
    await datasets.tag(datasetId, tag, at);
    return { as_of: at.toISOString(), tags: [tag] };
  });

  app.get('/langsmith/datasets/:dataset_id/versions/diff', door('read', 'What changed between two versions'), async (request) => {
    const { datasetId } = await seen(request);
    const query = new QueryValues(request);
    const at = async (name: string): Promise<Date> => {
      const text = query.text(name);
      if (text === undefined) throw wrong(name, 'must be said');
      return (await datasets.taggedAt(datasetId, text)) ?? (text === 'latest' ? new Date() : timeOf(text, name));
    };
    return examples.difference(datasetId, await at('from_version'), await at('to_version'));
  });

  app.get('/langsmith/datasets/:dataset_id/splits', door('read', 'Lists the splits of a dataset'), async (request) =>
    examples.splits((await seen(request)).datasetId, new QueryValues(request).time('as_of')),
  );

  app.put('/langsmith/datasets/:dataset_id/splits', door('write', 'Puts examples into a split, or takes them out'), async (request) => {
    const { datasetId } = await seen(request);
    const { split_name: split, examples: ids, remove } = objectIn(await bodyOf(request));
    if (typeof split !== 'string' || split === '' || split.length > LONGEST_NAME) throw wrong('split_name', 'is a text');
    if (!Array.isArray(ids)) throw wrong('examples', 'is a list of ids');
    await examples.setSplit(
      datasetId,
      ids.map((id) => idOf(id, 'examples')),
      split,
      remove === true,
    );
    return examples.splits(datasetId);
  });
}
