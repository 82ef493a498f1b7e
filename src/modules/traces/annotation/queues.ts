import { MusterError } from '../../../base/errors.ts';
import type { Database } from '../../../db/database.ts';
import { sql, type Sql } from '../../../db/sql.ts';
import type { JsonText } from '../run/operation.ts';
import type { Visible } from '../reads/run-store.ts';

const MOST_QUEUES = 1_000;

/** Runs that people are to look at, with what they are asked. */
export interface AnnotationQueue {
  readonly queueId: string;
  readonly name: string;
  readonly description: string | null;
  readonly rubricInstructions: string | null;
  /** A list: which keys of feedback are asked for. */
  readonly rubricItems: JsonText;
  /** An object: what else clients said. */
  readonly extra: JsonText | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** Of those that may be seen. */
  readonly runs: number;
}

/** What is undefined was not said. */
export interface QueueFields {
  readonly name?: string | undefined;
  readonly description?: string | null | undefined;
  readonly rubricInstructions?: string | null | undefined;
  readonly rubricItems?: JsonText | undefined;
  readonly extra?: JsonText | undefined;
}

const columns = (visible: Visible): Sql => sql`q.queue_id as "queueId", q.name, q.description,
  q.rubric_instructions as "rubricInstructions", q.rubric_items as "rubricItems", q.extra, q.created_at as "createdAt",
  q.updated_at as "updatedAt", (select count(*)::int from muster.trace_annotation_items i where i.queue_id = q.queue_id and ${there(visible)}) as runs`;

/** An item that may be seen, and whose run has not gone with its day. */
export const there = (visible: Visible): Sql => sql`(${visible}::int[] is null or i.project_no = any(${visible}::int[]))
  and exists (select from muster.trace_runs r where r.run_id = i.run_id and r.keep_days = i.keep_days and r.day = i.day)`;

export class AnnotationQueues {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Throws CONFLICT where the name or the id is taken, TOO_LARGE where there are too many. */
  async create(queueId: string, fields: QueueFields & { readonly name: string }, createdBy: string): Promise<AnnotationQueue> {
    const made = await this.#db.one(sql`
      insert into muster.trace_annotation_queues (queue_id, name, description, rubric_instructions, rubric_items, extra, created_by)
      select ${queueId}::uuid, ${fields.name}, ${fields.description ?? null}, ${fields.rubricInstructions ?? null}, ${fields.rubricItems ?? '[]'},
        ${fields.extra ?? null}, ${createdBy}
      where (select count(*) from muster.trace_annotation_queues) < ${MOST_QUEUES}
      on conflict do nothing returning queue_id`);
    if (made !== undefined) return this.get(queueId, null);
    const taken = await this.#db.one(sql`select from muster.trace_annotation_queues where queue_id = ${queueId} or name = ${fields.name}`);
    throw taken === undefined
      ? new MusterError('TOO_LARGE', `there are ${MOST_QUEUES} annotation queues already`, { remedy: 'Delete some that nobody needs.' })
      : isTaken(fields.name);
  }

  async list(
    filter: {
      readonly ids?: readonly string[] | undefined;
      readonly name?: string | undefined;
      readonly nameContains?: string | undefined;
    },
    visible: Visible,
    page: { readonly limit: number; readonly offset: number },
  ): Promise<readonly AnnotationQueue[]> {
    const { ids = null, name = null, nameContains = null } = filter;
    const { rows } = await this.#db.query<AnnotationQueue>(sql`select ${columns(visible)} from muster.trace_annotation_queues q
      where (${ids}::uuid[] is null or q.queue_id = any(${ids}::uuid[])) and (${name}::text is null or q.name = ${name})
        and (${nameContains}::text is null or strpos(lower(q.name), lower(${nameContains})) > 0)
      order by q.created_at desc, q.queue_id limit ${page.limit} offset ${page.offset}`);
    return rows;
  }

  /** Those that a run is in. */
  async holding(runId: string, visible: Visible): Promise<readonly AnnotationQueue[]> {
    const { rows } = await this.#db.query<AnnotationQueue>(sql`select ${columns(visible)} from muster.trace_annotation_queues q
      where exists (select from muster.trace_annotation_items i where i.queue_id = q.queue_id and i.run_id = ${runId} and ${there(visible)})
      order by q.created_at desc, q.queue_id`);
    return rows;
  }

  /** Throws NOT_FOUND. */
  async get(queueId: string, visible: Visible): Promise<AnnotationQueue> {
    const found = await this.#db.one<AnnotationQueue>(
      sql`select ${columns(visible)} from muster.trace_annotation_queues q where q.queue_id = ${queueId}`,
    );
    if (found === undefined) throw noQueue(queueId);
    return found;
  }

  /** Throws NOT_FOUND; CONFLICT where the new name is taken. */
  async change(queueId: string, fields: QueueFields): Promise<AnnotationQueue> {
    const said = (value: unknown): boolean => value !== undefined;
    const { count } = await this.#db.query(sql`update muster.trace_annotation_queues q set
        name = coalesce(${fields.name ?? null}, name),
        description = case when ${said(fields.description)} then ${fields.description ?? null} else description end,
        rubric_instructions = case when ${said(fields.rubricInstructions)} then ${fields.rubricInstructions ?? null} else rubric_instructions end,
        rubric_items = coalesce(${fields.rubricItems ?? null}, rubric_items),
        updated_at = date_trunc('milliseconds', clock_timestamp())
      where queue_id = ${queueId}
        and not exists (select from muster.trace_annotation_queues other where other.name = ${fields.name ?? null} and other.queue_id <> q.queue_id)`);
    const found = await this.get(queueId, null);
    if (count === 0) throw isTaken(fields.name ?? '');
    return found;
  }

  /** With its list of runs; the runs stay. Throws NOT_FOUND. */
  async remove(queueId: string): Promise<void> {
    const { count } = await this.#db.query(sql`delete from muster.trace_annotation_queues where queue_id = ${queueId}`);
    if (count === 0) throw noQueue(queueId);
  }
}

const isTaken = (name: string): MusterError =>
  new MusterError('CONFLICT', `there is an annotation queue ${name} already, or one of this id`, {
    remedy: 'Choose another name, or use that one.',
  });

export const noQueue = (queueId: string): MusterError =>
  new MusterError('NOT_FOUND', `there is no annotation queue ${queueId}`, {
    remedy: 'Look at `listAnnotationQueues()` for those there are.',
  });
