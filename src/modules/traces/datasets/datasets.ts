import { randomUUID } from 'node:crypto';
import { MusterError } from '../../../base/errors.ts';
import type { Database, Queryable } from '../../../db/database.ts';
import { raw, sql, type Sql } from '../../../db/sql.ts';
import type { Dataset, DatasetFields, Visible } from './dataset.ts';

const MOST_DATASETS = 10_000;

const COLUMNS =
  raw(`d.dataset_id as "datasetId", d.name, d.description, d.data_type as "dataType", d.extra, d.inputs_schema as "inputsSchema",
  d.outputs_schema as "outputsSchema", d.created_at as "createdAt", d.modified_at as "modifiedAt",
  (select count(*)::int from muster.trace_examples e where e.dataset_id = d.dataset_id and e.until_time is null) as examples,
  (select count(*)::int from muster.trace_projects p where p.reference_dataset_id = d.dataset_id) as sessions,
  (select max(p.created_at) from muster.trace_projects p where p.reference_dataset_id = d.dataset_id) as "lastSessionAt"`);

export interface DatasetQuery {
  readonly ids?: readonly string[] | undefined;
  readonly name?: string | undefined;
  readonly nameContains?: string | undefined;
  readonly dataType?: string | undefined;
  /** What its metadata must hold. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  readonly limit: number;
  readonly offset: number;
}

export class Datasets {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Throws CONFLICT where the name is taken, TOO_LARGE where there are too many. */
  async create(
    fields: DatasetFields & { readonly name: string; readonly datasetId?: string | undefined },
    createdBy: string,
  ): Promise<Dataset> {
    const id = fields.datasetId ?? randomUUID();
    const made = await this.#db.one(sql`
      insert into muster.trace_datasets (dataset_id, name, description, data_type, extra, inputs_schema, outputs_schema, created_by)
      select ${id}, ${fields.name}, ${fields.description ?? null}, ${fields.dataType ?? 'kv'}, ${fields.extra ?? null},
        ${fields.inputsSchema ?? null}, ${fields.outputsSchema ?? null}, ${createdBy}
      where (select count(*) from muster.trace_datasets) < ${MOST_DATASETS}
      on conflict do nothing returning dataset_id`);
    const found = await this.#one(sql`d.dataset_id = ${id}`, null);
    if (made !== undefined && found !== undefined) return found;
    throw (await this.#one(sql`d.name = ${fields.name}`, null)) === undefined && found === undefined
      ? new MusterError('TOO_LARGE', `there are ${MOST_DATASETS} datasets already`, { remedy: 'Delete some that nobody needs.' })
      : new MusterError('CONFLICT', `there is a dataset ${fields.name} already`, { remedy: 'Choose another name, or use that one.' });
  }

  async list(query: DatasetQuery, visible: Visible): Promise<readonly Dataset[]> {
    const { rows } = await this.#db.query<Dataset>(sql`select ${COLUMNS} from muster.trace_datasets d
      where ${seenBy(visible)}
        and (${query.ids ?? null}::uuid[] is null or d.dataset_id = any(${query.ids ?? null}::uuid[]))
        and (${query.name ?? null}::text is null or d.name = ${query.name ?? null})
        and (${query.nameContains ?? null}::text is null or strpos(lower(d.name), lower(${query.nameContains ?? null})) > 0)
        and (${query.dataType ?? null}::text is null or d.data_type = ${query.dataType ?? null})
      order by d.created_at desc, d.dataset_id limit ${query.metadata === undefined ? query.limit : MOST_DATASETS}
      offset ${query.metadata === undefined ? query.offset : 0}`);
    if (query.metadata === undefined) return rows;
    const wanted = Object.entries(query.metadata);
    return rows
      .filter(({ extra }) => wanted.every(([key, value]) => JSON.stringify(metadataOf(extra)[key]) === JSON.stringify(value)))
      .slice(query.offset, query.offset + query.limit);
  }

  /** By id or name. Throws NOT_FOUND, also where it may not be seen. */
  async get(idOrName: string, visible: Visible): Promise<Dataset> {
    if (idOrName.includes('\u0000')) throw noDataset(idOrName);
    const found =
      (isUuid(idOrName) ? await this.#one(sql`d.dataset_id = ${idOrName}`, visible) : undefined) ??
      (await this.#one(sql`d.name = ${idOrName}`, visible));
    if (found === undefined) throw noDataset(idOrName);
    return found;
  }

  /** Throws NOT_FOUND; CONFLICT where the new name is taken. */
  async change(datasetId: string, fields: DatasetFields): Promise<Dataset> {
    const taken =
      fields.name === undefined ? undefined : await this.#one(sql`d.name = ${fields.name} and d.dataset_id <> ${datasetId}`, null);
    if (taken !== undefined)
      throw new MusterError('CONFLICT', `there is a dataset ${fields.name} already`, { remedy: 'Choose another name.' });
    const set = (said: unknown): boolean => said !== undefined;
    await this.#db.query(sql`update muster.trace_datasets set
        name = case when ${set(fields.name)} then ${fields.name ?? null} else name end,
        description = case when ${set(fields.description)} then ${fields.description ?? null} else description end,
        extra = case when ${set(fields.extra)} then ${fields.extra ?? null} else extra end,
        inputs_schema = case when ${set(fields.inputsSchema)} then ${fields.inputsSchema ?? null} else inputs_schema end,
        outputs_schema = case when ${set(fields.outputsSchema)} then ${fields.outputsSchema ?? null} else outputs_schema end
      where dataset_id = ${datasetId}`);
    return this.get(datasetId, null);
  }

  /** With its examples in all versions. Experiments stay: they are projects. */
  async remove(datasetId: string): Promise<void> {
    await this.#db.query(sql`delete from muster.trace_datasets where dataset_id = ${datasetId}`);
  }

  async tag(datasetId: string, tag: string, asOf: Date): Promise<void> {
    await this.#db.query(sql`insert into muster.trace_dataset_tags (dataset_id, tag, as_of) values (${datasetId}, ${tag}, ${asOf})
      on conflict (dataset_id, tag) do update set as_of = excluded.as_of`);
  }

  async taggedAt(datasetId: string, tag: string): Promise<Date | undefined> {
    const row = await this.#db.one<{ asOf: Date }>(
      sql`select as_of as "asOf" from muster.trace_dataset_tags where dataset_id = ${datasetId} and tag = ${tag}`,
    );
    return row?.asOf;
  }

  /** The versions: every moment at which its examples changed, newest first, with the tags that mean each: those of the time until the next. */
  async versions(datasetId: string, page: { readonly limit: number; readonly offset: number }) {
    const { rows } = await this.#db.query<{ asOf: Date; tags: readonly string[] }>(sql`
      select at as "asOf", coalesce((select array_agg(tag order by tag) from muster.trace_dataset_tags t where t.dataset_id = ${datasetId}
        and t.as_of >= at and (t.as_of < next or next is null)), '{}') as tags
      from (select at, lead(at) over (order by at) as next from (
        select from_time as at from muster.trace_examples where dataset_id = ${datasetId}
        union select until_time from muster.trace_examples where dataset_id = ${datasetId} and until_time is not null
      ) moments) versions order by at desc limit ${page.limit} offset ${page.offset}`);
    return rows;
  }

  async #one(where: Sql, visible: Visible): Promise<Dataset | undefined> {
    return this.#db.one<Dataset>(sql`select ${COLUMNS} from muster.trace_datasets d where ${where} and ${seenBy(visible)}`);
  }
}

const seenBy = (visible: Visible): Sql => (visible === null ? sql`true` : sql`d.project_nos <@ ${visible}::int[]`);

/** What was said of where its examples come from. In the transaction that adds them. */
export async function addSources(tx: Queryable, datasetId: string, projectNos: readonly number[]): Promise<void> {
  if (projectNos.length === 0) return;
  await tx.query(sql`update muster.trace_datasets
    set project_nos = (select array_agg(distinct no order by no) from unnest(project_nos || ${projectNos}::int[]) no) where dataset_id = ${datasetId}`);
}

export const isUuid = (text: string): boolean => /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(text);

export function metadataOf(extra: string | null): Readonly<Record<string, unknown>> {
  try {
    const { metadata } = (extra === null ? {} : JSON.parse(extra)) as { metadata?: unknown };
    return typeof metadata === 'object' && metadata !== null ? (metadata as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

export const noDataset = (name: string): MusterError =>
  new MusterError('NOT_FOUND', `there is no dataset ${name}`, { remedy: '`GET /api/v1/traces/datasets` lists those there are.' });
