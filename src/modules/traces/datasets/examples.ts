import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { MusterError } from '../../../base/errors.ts';
import type { Database, Queryable } from '../../../db/database.ts';
import { raw, sql } from '../../../db/sql.ts';
import { AS_RUN, exampleCondition } from './example-filter.ts';
import { BASE_SPLIT, type Example, type ExampleFields, type NewAttachment, type Visible } from './dataset.ts';
import { addSources, noDataset } from './datasets.ts';
import { storableJson } from '../json/storable.ts';

const NONE = sql``;
const EVERY = sql`true`;
const MOST_EXAMPLES = 1_000_000;

const COLUMNS =
  raw(`e.example_id as "exampleId", e.dataset_id as "datasetId", e.inputs, e.outputs, e.metadata, e.splits, e.source_run_id as "sourceRunId",
  e.created_at as "createdAt", e.from_time as "modifiedAt"`);

export interface ExampleQuery {
  readonly datasetId: string;
  readonly ids?: readonly string[] | undefined;
  /** The version: as it was at that time. */
  readonly asOf?: Date | undefined;
  readonly splits?: readonly string[] | undefined;
  /** What its metadata must hold. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  /** In the filter language of runs, as far as examples have its fields. */
  readonly filter?: string | undefined;
  readonly limit: number;
  readonly offset: number;
}

/** One change of a dataset: it becomes one version, or none of it. */
export interface ExampleChange {
  readonly examples?: readonly ExampleFields[] | undefined;
  readonly attachments?: readonly NewAttachment[] | undefined;
  /** By example: which attachments stay, and under which other names. */
  readonly attachmentOperations?: ReadonlyMap<string, AttachmentOperations> | undefined;
  /** The projects whose runs these examples were. */
  readonly projectNos?: readonly number[] | undefined;
}

export interface AttachmentOperations {
  readonly rename: Readonly<Record<string, string>>;
  readonly retain: readonly string[];
}

export interface AttachmentPlace {
  readonly exampleId: string;
  readonly name: string;
  readonly mimeType: string;
  readonly token: string;
}

interface Current extends Example {
  readonly ordinal: number;
}

/** The examples of datasets, in versions. */
export class Examples {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** In the order in which they were added. */
  async list(query: ExampleQuery): Promise<readonly Example[]> {
    const { filter } = query;
    const { rows } = await this.#db.query<Example>(sql`select ${COLUMNS} from muster.trace_examples e
      ${filter === undefined ? NONE : AS_RUN}
      where e.dataset_id = ${query.datasetId}
        and ${query.asOf === undefined ? sql`e.until_time is null` : sql`e.from_time <= ${query.asOf} and (e.until_time is null or e.until_time > ${query.asOf})`}
        and (${query.ids ?? null}::uuid[] is null or e.example_id = any(${query.ids ?? null}::uuid[]))
        and (${query.splits ?? null}::text[] is null or e.splits && ${query.splits ?? null}::text[])
        and (${query.metadata === undefined ? null : storableJson(query.metadata)}::jsonb is null
          or e.metadata @> ${query.metadata === undefined ? null : storableJson(query.metadata)}::jsonb)
        and ${filter === undefined ? EVERY : exampleCondition(filter)}
      order by e.ordinal limit ${query.limit} offset ${query.offset}`);
    return rows;
  }

  async get(exampleId: string, visible: Visible, asOf?: Date): Promise<Example> {
    const row = await this.#db
      .one<Example>(sql`select ${COLUMNS} from muster.trace_examples e join muster.trace_datasets d using (dataset_id)
      where e.example_id = ${exampleId} and ${visible === null ? sql`true` : sql`d.project_nos <@ ${visible}::int[]`}
        and ${asOf === undefined ? sql`e.until_time is null` : sql`e.from_time <= ${asOf} and (e.until_time is null or e.until_time > ${asOf})`}`);
    if (row === undefined) throw noExample(exampleId);
    return row;
  }

  /**
   * Adds examples, and changes those that are there: what is sent again changes nothing. Answers when the version began that holds them.
   * Throws NOT_FOUND; CONFLICT where an id is taken by another dataset.
   */
  put(datasetId: string, change: ExampleChange): Promise<Date> {
    return this.#db.transaction(async (tx) => {
      const examples = change.examples ?? [];
      const [at, current] = [await begin(tx, datasetId), await currentOf(tx, datasetId, examples)];
      const versions = examples.flatMap((fields) => {
        const before = current.get(fields.exampleId);
        const next = merged(datasetId, fields, before, at);
        return before !== undefined && isSame(before, next) ? [] : [next];
      });
      await close(
        tx,
        versions.map(({ exampleId }) => exampleId),
        at,
      );
      await insert(tx, versions, at);
      await putAttachments(tx, datasetId, change);
      await addSources(tx, datasetId, change.projectNos ?? []);
      if (versions.length > 0) await tx.query(sql`update muster.trace_datasets set modified_at = ${at} where dataset_id = ${datasetId}`);
      return at;
    });
  }

  /** Those that are to have a split, or no longer to have it; an example without any has `base`. */
  async setSplit(datasetId: string, ids: readonly string[], split: string, remove: boolean): Promise<Date> {
    const held = await this.list({ datasetId, ids, limit: ids.length, offset: 0 });
    return this.put(datasetId, {
      examples: held.map(({ exampleId, splits }) => {
        const others = splits.filter((one) => one !== split);
        const kept = remove ? others : [...others.filter((one) => one !== BASE_SPLIT), split];
        return { exampleId, splits: kept.length === 0 ? [BASE_SPLIT] : kept };
      }),
    });
  }

  /** Ends them; older versions still show them. `forGood`: no version does. */
  async remove(ids: readonly string[], visible: Visible, forGood = false): Promise<number> {
    const { rows } = await this.#db.query<{ datasetId: string }>(sql`select distinct e.dataset_id as "datasetId"
      from muster.trace_examples e join muster.trace_datasets d using (dataset_id)
      where e.example_id = any(${ids}::uuid[]) and ${visible === null ? sql`true` : sql`d.project_nos <@ ${visible}::int[]`} order by 1`);
    let removed = 0;
    for (const { datasetId } of rows)
      removed += await this.#db.transaction(async (tx) => {
        const at = await begin(tx, datasetId);
        const { count } = await tx.query(sql`update muster.trace_examples set until_time = ${at}
          where dataset_id = ${datasetId} and example_id = any(${ids}::uuid[]) and until_time is null`);
        if (forGood) {
          await tx.query(sql`delete from muster.trace_examples where dataset_id = ${datasetId} and example_id = any(${ids}::uuid[])`);
          await tx.query(
            sql`delete from muster.trace_example_attachments where dataset_id = ${datasetId} and example_id = any(${ids}::uuid[])`,
          );
        }
        await tx.query(sql`update muster.trace_datasets set modified_at = ${at} where dataset_id = ${datasetId}`);
        return count;
      });
    return removed;
  }

  async splits(datasetId: string, asOf?: Date): Promise<readonly string[]> {
    const { rows } = await this.#db.query<{ split: string }>(sql`select distinct unnest(splits) as split from muster.trace_examples e
      where dataset_id = ${datasetId}
        and ${asOf === undefined ? sql`e.until_time is null` : sql`e.from_time <= ${asOf} and (e.until_time is null or e.until_time > ${asOf})`}
      order by 1`);
    return rows.map(({ split }) => split);
  }

  /** The ids of those that came, changed and went between two versions. */
  async difference(datasetId: string, from: Date, to: Date) {
    const row = await this.#db.one<{ added: readonly string[]; modified: readonly string[]; removed: readonly string[] }>(sql`
      with at as (select example_id, from_time, from_time <= ${from} and (until_time is null or until_time > ${from}) as before,
          from_time <= ${to} and (until_time is null or until_time > ${to}) as after
        from muster.trace_examples where dataset_id = ${datasetId}),
      ids as (select example_id, bool_or(before) as before, bool_or(after) as after,
          max(from_time) filter (where before) is distinct from max(from_time) filter (where after) as changed from at group by example_id)
      select coalesce(array_agg(example_id) filter (where not before and after), '{}') as added,
        coalesce(array_agg(example_id) filter (where before and after and changed), '{}') as modified,
        coalesce(array_agg(example_id) filter (where before and not after), '{}') as removed from ids`);
    return { examples_added: row?.added ?? [], examples_modified: row?.modified ?? [], examples_removed: row?.removed ?? [] };
  }

  async attachments(ids: readonly string[]): Promise<readonly AttachmentPlace[]> {
    const { rows } = await this.#db.query<AttachmentPlace>(sql`select example_id as "exampleId", name, mime_type as "mimeType", token
      from muster.trace_example_attachments where example_id = any(${ids}::uuid[]) order by example_id, name`);
    return rows;
  }

  async attachment(token: string): Promise<{ readonly mimeType: string; readonly body: Buffer } | undefined> {
    return this.#db.one(sql`select mime_type as "mimeType", body from muster.trace_example_attachments where token = ${token}`);
  }
}

/** Locks the dataset, so that its versions follow one another; a version is at least a millisecond after the one before. */
async function begin(tx: Queryable, datasetId: string): Promise<Date> {
  const { rows } = await tx.query<{ at: Date }>(sql`with held as materialized (
      select modified_at from muster.trace_datasets where dataset_id = ${datasetId} for update)
    select greatest(date_trunc('milliseconds', clock_timestamp()), modified_at + interval '1 millisecond') as at from held`);
  const [row] = rows;
  if (row === undefined) throw noDataset(datasetId);
  return row.at;
}

async function currentOf(tx: Queryable, datasetId: string, examples: readonly ExampleFields[]): Promise<ReadonlyMap<string, Current>> {
  const ids = examples.map(({ exampleId }) => exampleId);
  const { rows } = await tx.query<Current>(sql`select ${COLUMNS}, e.ordinal from muster.trace_examples e
    where e.example_id = any(${ids}::uuid[]) and e.until_time is null`);
  const foreign = rows.find((row) => row.datasetId !== datasetId);
  if (foreign !== undefined)
    throw new MusterError('CONFLICT', `the example ${foreign.exampleId} belongs to another dataset`, { remedy: 'Give it another id.' });
  const { rows: count } = await tx.query<{ n: number }>(
    sql`select count(*)::int as n from muster.trace_examples where dataset_id = ${datasetId} and until_time is null`,
  );
  if ((count[0]?.n ?? 0) + examples.length - rows.length > MOST_EXAMPLES)
    throw new MusterError('TOO_LARGE', `a dataset holds ${MOST_EXAMPLES} examples at most`, { remedy: 'Use several datasets.' });
  return new Map(rows.map((row) => [row.exampleId, row]));
}

type Version = Omit<Current, 'ordinal' | 'modifiedAt'> & { readonly ordinal: number | null };

function merged(datasetId: string, fields: ExampleFields, before: Current | undefined, at: Date): Version {
  return {
    exampleId: fields.exampleId,
    datasetId,
    inputs: fields.inputs ?? before?.inputs ?? '{}',
    outputs: fields.outputs === undefined ? (before?.outputs ?? null) : fields.outputs,
    metadata: fields.metadata ?? before?.metadata ?? {},
    splits: fields.splits ?? before?.splits ?? [BASE_SPLIT],
    sourceRunId: fields.sourceRunId ?? before?.sourceRunId ?? null,
    createdAt: before?.createdAt ?? fields.createdAt ?? at,
    ordinal: before?.ordinal ?? null,
  };
}

const isSame = (a: Current, b: Version): boolean =>
  a.inputs === b.inputs &&
  a.outputs === b.outputs &&
  a.sourceRunId === b.sourceRunId &&
  isDeepStrictEqual(a.metadata, JSON.parse(storableJson(b.metadata))) &&
  a.splits.join('\n') === b.splits.join('\n');

const close = (tx: Queryable, ids: readonly string[], at: Date) =>
  tx.query(sql`update muster.trace_examples set until_time = ${at} where example_id = any(${ids}::uuid[]) and until_time is null`);

const insert = (tx: Queryable, versions: readonly Version[], at: Date) =>
  tx.query(sql`insert into muster.trace_examples
      (example_id, from_time, dataset_id, ordinal, inputs, outputs, metadata, splits, source_run_id, created_at)
    select v.example_id, ${at}::timestamptz, v.dataset_id, coalesce(v.ordinal, nextval('muster.trace_example_ordinals')), v.inputs, v.outputs, v.metadata::jsonb,
      array(select jsonb_array_elements_text(v.splits::jsonb)), v.source_run_id, v.created_at
    from unnest(${versions.map((v) => v.exampleId)}::uuid[], ${versions.map((v) => v.datasetId)}::uuid[], ${versions.map((v) => v.ordinal)}::bigint[],
      ${versions.map((v) => v.inputs)}::text[], ${versions.map((v) => v.outputs)}::text[], ${versions.map((v) => storableJson(v.metadata))}::text[],
      ${versions.map((v) => storableJson(v.splits))}::text[], ${versions.map((v) => v.sourceRunId)}::uuid[], ${versions.map((v) => v.createdAt)}::timestamptz[])
      with ordinality as v(example_id, dataset_id, ordinal, inputs, outputs, metadata, splits, source_run_id, created_at, place)
    order by v.place`);

async function putAttachments(tx: Queryable, datasetId: string, { attachments = [], attachmentOperations }: ExampleChange): Promise<void> {
  for (const [exampleId, { rename, retain }] of attachmentOperations ?? []) {
    const kept = [...retain, ...Object.keys(rename)];
    await tx.query(sql`delete from muster.trace_example_attachments
      where example_id = ${exampleId} and dataset_id = ${datasetId} and not name = any(${kept}::text[])`);
    for (const [from, to] of Object.entries(rename))
      await tx.query(sql`update muster.trace_example_attachments set name = ${to}
        where example_id = ${exampleId} and dataset_id = ${datasetId} and name = ${from}`);
  }
  for (const { exampleId, name, mimeType, body } of attachments)
    await tx.query(sql`insert into muster.trace_example_attachments (example_id, name, dataset_id, mime_type, body, token)
      values (${exampleId}, ${name}, ${datasetId}, ${mimeType}, ${body}, ${randomBytes(24).toString('base64url')})
      on conflict (example_id, name) do update set mime_type = excluded.mime_type, body = excluded.body, token = excluded.token`);
}

export const noExample = (id: string): MusterError =>
  new MusterError('NOT_FOUND', `there is no example ${id}`, { remedy: 'It may have been deleted: ask with as_of for how it was.' });
