import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { MusterError } from '../../../base/errors.ts';
import { sql } from '../../../db/sql.ts';
import { principalOf } from '../../../http/principal.ts';
import type { ModuleServices } from '../../module.ts';
import { baseOf } from '../langsmith/reads/show.ts';
import { TENANT_ID } from '../langsmith/tenant.ts';
import type { Dataset } from './dataset.ts';
import { Datasets, isUuid } from './datasets.ts';
import { Examples } from './examples.ts';
import { datasetView, exampleText } from './langsmith-views.ts';
import { idOf, QueryValues } from './query-values.ts';
import { visibleTo } from './visible.ts';

const JSON_TYPE = 'application/json; charset=utf-8';
const door = (verb: 'read' | 'write', summary: string) => ({
  config: { permission: `traces:${verb}` as const },
  schema: { tags: ['langsmith'], summary },
});
const open = (summary: string) => ({
  config: { permission: 'public' as const },
  schema: { tags: ['langsmith'], summary, security: [] },
});

/** Datasets that somebody shares: who has the token reads them without a key, and clones them into another server. */
export function addSharedDatasetDoors(app: FastifyInstance, { state }: Pick<ModuleServices, 'state'>): void {
  const db = state.database;
  const datasets = new Datasets(db);
  const examples = new Examples(db);

  const seen = async (request: FastifyRequest): Promise<Dataset> =>
    datasets.get(idOf((request.params as { dataset_id: string }).dataset_id, 'dataset_id'), await visibleTo(request, db));
  const tokenOf = async (datasetId: string): Promise<string | undefined> =>
    (await db.one<{ token: string }>(sql`select token from muster.trace_dataset_shares where dataset_id = ${datasetId}`))?.token;
  const view = (datasetId: string, token: string | undefined) =>
    token === undefined ? null : { dataset_id: datasetId, share_token: token };

  app.put('/langsmith/datasets/:dataset_id/share', door('write', 'Shares a dataset: who has the token may read it'), async (request) => {
    const { datasetId } = await seen(request);
    await db.query(sql`insert into muster.trace_dataset_shares (dataset_id, token, created_by)
      values (${datasetId}, ${randomUUID()}, ${principalOf(request).subject}) on conflict (dataset_id) do nothing`);
    return view(datasetId, await tokenOf(datasetId));
  });
  app.get(
    '/langsmith/datasets/:dataset_id/share',
    door('read', 'The token by which a dataset is shared; null: it is not'),
    async (request, reply) => {
      const { datasetId } = await seen(request);
      return reply.type(JSON_TYPE).send(JSON.stringify(view(datasetId, await tokenOf(datasetId))));
    },
  );
  app.delete('/langsmith/datasets/:dataset_id/share', door('write', 'Shares a dataset no more'), async (request, reply) => {
    const { datasetId } = await seen(request);
    await db.query(sql`delete from muster.trace_dataset_shares where dataset_id = ${datasetId}`);
    return reply.code(204).send();
  });

  const shared = async (request: FastifyRequest): Promise<Dataset> => {
    const { token } = request.params as { token: string };
    const row = isUuid(token)
      ? await db.one<{ id: string }>(sql`select dataset_id as id from muster.trace_dataset_shares where token = ${token}`)
      : undefined;
    if (row === undefined)
      throw new MusterError('NOT_FOUND', 'no dataset is shared by this token', { remedy: 'Ask who shared it for a new one.' });
    return datasets.get(row.id, null);
  };

  app.get('/langsmith/public/:token/datasets', open('A shared dataset'), async (request) => datasetView(await shared(request), TENANT_ID));
  app.get('/langsmith/public/:token/examples', open('The examples of a shared dataset'), async (request, reply) => {
    const { datasetId } = await shared(request);
    const query = new QueryValues(request);
    const found = await examples.list({
      datasetId,
      ids: query.ids('id'),
      limit: query.whole('limit', 100, 1_000),
      offset: query.whole('offset', 0, 10_000_000),
    });
    const held = await examples.attachments(found.map(({ exampleId }) => exampleId));
    const texts = found.map((example) => {
      const own = held.filter(({ exampleId }) => exampleId === example.exampleId);
      // Of which run it was is nobody's business who only has the token.
      return exampleText({ ...example, sourceRunId: null }, datasetId.slice(0, 8), own, baseOf(request));
    });
    return reply.type(JSON_TYPE).send(`[${texts.join(',')}]`);
  });
  app.get(
    '/langsmith/public/:token/examples/count',
    open('Counts the examples of a shared dataset'),
    async (request) => (await shared(request)).examples,
  );
  // The link that SDKs make of the token: a browser is shown what they read.
  app.get('/public/:token/d', open('A shared dataset, for people'), async (request, reply) => {
    await shared(request);
    return reply.redirect(`/langsmith/public/${(request.params as { token: string }).token}/examples`);
  });
}
