import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { MusterError } from '../../../base/errors.ts';
import { sql } from '../../../db/sql.ts';
import { principalOf } from '../../../http/principal.ts';
import type { ModuleServices } from '../../module.ts';
import { TENANT_ID } from '../langsmith/tenant.ts';
import { bodyOf } from '../langsmith/write-routes.ts';
import { Datasets } from './datasets.ts';
import { parsed } from './langsmith-views.ts';
import { idOf, objectIn, QueryValues, wrong } from './query-values.ts';
import { visibleTo } from './visible.ts';

const LONGEST_NAME = 512;
const MOST_EXPERIMENTS = 100;

interface Row {
  readonly id: string;
  readonly datasetId: string;
  readonly name: string;
  readonly description: string | null;
  readonly extra: string | null;
  readonly createdAt: Date;
  readonly experiments: readonly { readonly id: string; readonly name: string }[];
  readonly stats: Readonly<Record<string, { readonly n: number; readonly avg: number | null }>>;
}

/** Comparative experiments: which ones were compared pair by pair. */
export function addComparativeDoors(app: FastifyInstance, { state }: Pick<ModuleServices, 'state'>): void {
  const db = state.database;
  const datasets = new Datasets(db);

  const list = async (datasetId: string, ids: readonly string[] | undefined, page: { readonly limit: number; readonly offset: number }) => {
    const { rows } = await db.query<Row>(sql`
      select c.comparative_id as id, c.dataset_id as "datasetId", c.name, c.description, c.extra, c.created_at as "createdAt",
        coalesce((select jsonb_agg(jsonb_build_object('id', p.project_id, 'name', p.name) order by array_position(c.experiment_ids, p.project_id))
          from muster.trace_projects p where p.project_id = any(c.experiment_ids)), '[]') as experiments,
        coalesce((select jsonb_object_agg(key, jsonb_build_object('n', n, 'avg', avg)) from (
          select f.key, count(*)::int as n, avg(f.score) as avg
          from muster.trace_feedback f join muster.trace_projects p using (project_no)
          where p.project_id = any(c.experiment_ids) and f.extra like '%' || c.comparative_id::text || '%' group by f.key) s), '{}') as stats
      from muster.trace_comparatives c
      where c.dataset_id = ${datasetId} and (${ids ?? null}::uuid[] is null or c.comparative_id = any(${ids ?? null}::uuid[]))
      order by c.created_at desc, c.comparative_id limit ${page.limit} offset ${page.offset}`);
    return rows.map(view);
  };

  const doorOf = (verb: 'read' | 'write', summary: string) => ({
    config: { permission: `traces:${verb}` as const },
    schema: { tags: ['langsmith'], summary },
  });

  app.post('/langsmith/datasets/comparative', doorOf('write', 'Makes a comparison of experiments, pair by pair'), async (request) => {
    const said = objectIn(await bodyOf(request));
    const { description, experiment_ids: experiments, extra, name, reference_dataset_id: dataset } = said;
    if (!Array.isArray(experiments) || experiments.length === 0 || experiments.length > MOST_EXPERIMENTS)
      throw wrong('experiment_ids', `is a list of 1 to ${MOST_EXPERIMENTS} ids`);
    const ids = experiments.map((id) => idOf(id, 'experiment_ids'));
    const visible = await visibleTo(request, db);
    const { rows } = await db.query<{ datasetId: string | null }>(sql`select reference_dataset_id as "datasetId" from muster.trace_projects
      where project_id = any(${ids}::uuid[]) and (${visible}::int[] is null or project_no = any(${visible}::int[]))`);
    const datasetId = typeof dataset === 'string' ? idOf(dataset, 'reference_dataset_id') : (rows[0]?.datasetId ?? undefined);
    if (datasetId === undefined || rows.length < new Set(ids).size || rows.some((row) => row.datasetId !== datasetId))
      throw new MusterError('INVALID_INPUT', 'they are no experiments on one dataset', {
        remedy: 'Name experiments that evaluate() made on it.',
      });
    await datasets.get(datasetId, visible);
    const id = said['id'] === undefined || said['id'] === null ? randomUUID() : idOf(said['id'], 'id');
    const textIn = (value: unknown): string | null =>
      typeof value === 'string' ? value.replaceAll('\u0000', '').slice(0, LONGEST_NAME) : null;
    await db.query(sql`insert into muster.trace_comparatives (comparative_id, dataset_id, name, description, extra, experiment_ids, created_by)
      values (${id}, ${datasetId}, ${textIn(name) ?? id}, ${textIn(description)}, ${JSON.stringify(extra ?? {}).replaceAll('\\u0000', '')}, ${ids}::uuid[],
        ${principalOf(request).subject}) on conflict (comparative_id) do nothing`);
    const [made] = await list(datasetId, [id], { limit: 1, offset: 0 });
    if (made === undefined) throw new MusterError('CONFLICT', 'this id belongs to a comparison on another dataset');
    return made;
  });

  app.get(
    '/langsmith/datasets/:dataset_id/comparative',
    doorOf('read', 'Lists comparisons of experiments, pair by pair'),
    async (request) => {
      const { datasetId } = await datasets.get(
        idOf((request.params as { dataset_id: string }).dataset_id, 'dataset_id'),
        await visibleTo(request, db),
      );
      const query = new QueryValues(request);
      return list(datasetId, query.ids('id'), { limit: query.whole('limit', 100, 100), offset: query.whole('offset', 0, 1_000_000) });
    },
  );
}

const view = ({ createdAt, datasetId, description, experiments, extra, id, name, stats }: Row) => ({
  id,
  name,
  description,
  tenant_id: TENANT_ID,
  created_at: createdAt.toISOString(),
  modified_at: createdAt.toISOString(),
  reference_dataset_id: datasetId,
  extra: parsed(extra),
  experiments_info: experiments,
  feedback_stats: stats,
});
