import { randomUUID } from 'node:crypto';
import { MusterError } from '../../../base/errors.ts';
import type { Database } from '../../../db/database.ts';
import { sql, type Sql } from '../../../db/sql.ts';
import { recordOf, runColumns, type RunRecord, type RunRow } from '../reads/run-record.ts';
import type { Visible } from '../reads/run-store.ts';
import { there } from './queues.ts';

const MOST_ITEMS = 10_000;

/** A run in a queue. */
export interface QueuedRun {
  readonly itemId: string;
  readonly addedAt: Date;
  readonly reviewedAt: Date | null;
  readonly completedAt: Date | null;
  readonly completedBy: string | null;
  readonly run: RunRecord;
}

export type ReviewState = 'open' | 'completed';
export const MARKS = ['completed', 'open', 'skipped'] as const;
export type Mark = (typeof MARKS)[number];

interface ItemRow extends RunRow {
  readonly itemId: string;
  readonly addedAt: Date;
  readonly reviewedAt: Date | null;
  readonly completedAt: Date | null;
  readonly completedBy: string | null;
}

/** The runs of annotation queues, in the order in which they were added. */
export class QueuedRuns {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** What is in the queue already stays where it is. Throws TOO_LARGE where the queue is full. */
  async add(
    queueId: string,
    runs: readonly RunRecord[],
  ): Promise<readonly { readonly itemId: string; readonly runId: string; readonly addedAt: Date }[]> {
    const ids = runs.map(({ runId }) => runId);
    await this.#db.transaction(async (tx) => {
      await tx.query(sql`select from muster.trace_annotation_queues where queue_id = ${queueId} for update`);
      // Those whose runs have gone with their day make room.
      await tx.query(sql`delete from muster.trace_annotation_items i where i.queue_id = ${queueId} and not (${there(null)})`);
      await tx.query(sql`
        insert into muster.trace_annotation_items (item_id, queue_id, run_id, keep_days, day, project_no)
        select * from unnest(${runs.map(() => randomUUID())}::uuid[], ${runs.map(() => queueId)}::uuid[], ${ids}::uuid[],
          ${runs.map(({ keepDays }) => keepDays)}::smallint[], ${runs.map(({ day }) => day)}::date[], ${runs.map(({ projectNo }) => projectNo)}::int[])
        on conflict (queue_id, run_id) do nothing`);
      const { rows } = await tx.query<{ full: boolean }>(
        sql`select count(*) > ${MOST_ITEMS} as full from muster.trace_annotation_items where queue_id = ${queueId}`,
      );
      if (rows[0]?.full === true)
        throw new MusterError('TOO_LARGE', `a queue holds at most ${MOST_ITEMS} runs`, {
          remedy: 'Take out those that were looked at, or make another queue.',
        });
    });
    const { rows } = await this.#db.query<{ itemId: string; runId: string; addedAt: Date }>(sql`
      select item_id as "itemId", run_id as "runId", added_at as "addedAt" from muster.trace_annotation_items
      where queue_id = ${queueId} and run_id = any(${ids}::uuid[]) order by added_at, item_id`);
    return rows;
  }

  async list(
    queueId: string,
    visible: Visible,
    state: ReviewState | undefined,
    page: { readonly limit: number; readonly offset: number },
  ): Promise<readonly QueuedRun[]> {
    const { rows } = await this.#db.query<ItemRow>(sql`
      select i.item_id as "itemId", i.added_at as "addedAt", i.reviewed_at as "reviewedAt", i.completed_at as "completedAt",
        i.completed_by as "completedBy", ${runColumns('r')}
      from muster.trace_annotation_items i
      join muster.trace_runs r on r.run_id = i.run_id and r.keep_days = i.keep_days and r.day = i.day
      where i.queue_id = ${queueId} and (${visible}::int[] is null or i.project_no = any(${visible}::int[])) and ${inState(state)}
      order by i.added_at, i.item_id limit ${page.limit} offset ${page.offset}`);
    return rows.map(({ itemId, addedAt, reviewedAt, completedAt, completedBy, ...row }) => ({
      itemId,
      addedAt,
      reviewedAt,
      completedAt,
      completedBy,
      run: recordOf(row),
    }));
  }

  async count(queueId: string, visible: Visible, state?: ReviewState): Promise<number> {
    const row = await this.#db.one<{ count: number }>(sql`select count(*)::int as count from muster.trace_annotation_items i
      where i.queue_id = ${queueId} and ${there(visible)} and ${inState(state)}`);
    return row?.count ?? 0;
  }

  /** By the ids of the items or of the runs: clients know the one or the other. How many there were. */
  async remove(queueId: string, ids: readonly string[], visible: Visible): Promise<number> {
    const { count } = await this.#db.query(sql`delete from muster.trace_annotation_items i where i.queue_id = ${queueId}
      and (i.item_id = any(${ids}::uuid[]) or i.run_id = any(${ids}::uuid[])) and (${visible}::int[] is null or i.project_no = any(${visible}::int[]))`);
    return count;
  }

  /** Says that somebody looked at a run, and whether that was all. Whether there is such an item. */
  async review(
    itemId: string,
    visible: Visible,
    said: { readonly reviewedAt?: Date | undefined; readonly addedAt?: Date | undefined; readonly completedBy?: string | null | undefined },
  ): Promise<boolean> {
    const { reviewedAt = null, addedAt = null, completedBy } = said;
    const { count } = await this.#db.query(sql`update muster.trace_annotation_items i set
        reviewed_at = coalesce(${reviewedAt}::timestamptz, reviewed_at),
        added_at = coalesce(${addedAt}::timestamptz, added_at),
        completed_by = case when ${completedBy !== undefined} then ${completedBy ?? null} else completed_by end,
        completed_at = case when ${completedBy === undefined} then completed_at when ${completedBy === null} then null else clock_timestamp() end
      where i.item_id = ${itemId} and (${visible}::int[] is null or i.project_no = any(${visible}::int[]))`);
    return count > 0;
  }

  /** How many runs of each queue wait for review. */
  async waiting(queueIds: readonly string[], visible: Visible): Promise<ReadonlyMap<string, number>> {
    const { rows } = await this.#db.query<{ queueId: string; count: number }>(sql`
      select i.queue_id as "queueId", count(*)::int as count from muster.trace_annotation_items i
      where i.queue_id = any(${queueIds}::uuid[]) and i.completed_at is null and ${there(visible)} group by i.queue_id`);
    return new Map(rows.map(({ queueId, count }) => [queueId, count]));
  }

  /** What a reviewer did with a run: `skipped` puts it behind all others. Whether the queue holds it. */
  async mark(queueId: string, itemId: string, visible: Visible, as: Mark, by: string): Promise<boolean> {
    const { count } = await this.#db.query(sql`update muster.trace_annotation_items i set
        reviewed_at = clock_timestamp(),
        added_at = case when ${as === 'skipped'} then clock_timestamp() else added_at end,
        completed_at = case when ${as === 'completed'} then clock_timestamp() end,
        completed_by = case when ${as === 'completed'} then ${by} end
      where i.queue_id = ${queueId} and i.item_id = ${itemId} and ${there(visible)}`);
    return count > 0;
  }
}

const inState = (state: ReviewState | undefined): Sql =>
  state === undefined ? sql`true` : state === 'open' ? sql`i.completed_at is null` : sql`i.completed_at is not null`;
