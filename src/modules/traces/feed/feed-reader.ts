import type { Database, Queryable, Transaction } from '../../../db/database.ts';
import { sql, type Sql } from '../../../db/sql.ts';

/** What one transaction of the intake changed, on one day of one class. */
export interface FeedEntry {
  readonly keepDays: number;
  /** `2026-11-26` */
  readonly day: string;
  readonly at: Date;
  /** Inserted or changed. */
  readonly runs: readonly string[];
  /** Of them, those whose end came with that transaction. */
  readonly completed: readonly string[];
}

export interface FeedBatch {
  readonly entries: readonly FeedEntry[];
  readonly runs: number;
  /** Where the reader stands once it has dealt with them. */
  readonly place: FeedPlace;
}

interface FeedPlace {
  readonly xid: string;
  readonly no: string;
}

interface FeedRow {
  readonly xid: string;
  readonly no: string;
  readonly keep_days: number;
  readonly day: string;
  readonly at: Date;
  /** Joined by commas: a driver's reader of arrays takes many times as long as a split, and ids are most of what a reader gets. */
  readonly runs: string;
  /** Null where all are. */
  readonly completed: string | null;
}

/**
 * Follows what the intake commits, each entry once: take, work, and advance in the transaction of the work. Nothing that commits late is
 * skipped, because only transactions older than every one that still runs are shown.
 */
export class FeedReader {
  readonly #db: Database;
  readonly name: string;

  constructor(db: Database, name: string) {
    this.#db = db;
    this.name = name;
  }

  /** Where the reader stands: behind nothing as long as it has read nothing. */
  get #standing(): Sql {
    return sql`(
      coalesce((select xid from muster.trace_cursors where reader = ${this.name}), '0'::xid8),
      coalesce((select no from muster.trace_cursors where reader = ${this.name}), 0))`;
  }

  /** Whether it is worth a transaction to look: one small question, which is nearly all that readers cost while nothing comes in. */
  async hasMore(): Promise<boolean> {
    const row = await this.#db.one<{ more: boolean }>(sql`
      select exists (select from muster.trace_feed
        where (xid, no) > ${this.#standing}) as more`);
    return row?.more === true;
  }

  /** The next entries, at most `limit` and about `mostRuns` runs of them; undefined where there is nothing new. With `db`, as a transaction sees them. */
  async take(limit = 100, mostRuns = 5_000, db: Queryable = this.#db): Promise<FeedBatch | undefined> {
    const { rows } = await db.query<FeedRow>(sql`
      select xid::text as xid, no::text as no, keep_days, to_char(day, 'YYYY-MM-DD') as day, at, array_to_string(runs, ',') as runs,
        case when cardinality(completed) < cardinality(runs) then array_to_string(completed, ',') end as completed
      from (
        select f.*, sum(cardinality(runs)) over (order by xid, no) - cardinality(runs) as before
        from (
          select * from muster.trace_feed
          where (xid, no) > ${this.#standing}
            and xid < pg_snapshot_xmin(pg_current_snapshot())
          order by xid, no limit ${limit}
        ) f
      ) f where before < ${mostRuns} order by f.xid, f.no`);
    const last = rows.at(-1);
    if (last === undefined) return undefined;
    const entries = rows.map(entryOf);
    return { entries, runs: entries.reduce((sum, { runs }) => sum + runs.length, 0), place: { xid: last.xid, no: last.no } };
  }

  /** Marks a batch as dealt with, in the transaction that did so: both happen, or neither. */
  async advance(tx: Transaction, { place }: Pick<FeedBatch, 'place'>): Promise<void> {
    await tx.query(sql`insert into muster.trace_cursors (reader, xid, no) values (${this.name}, ${place.xid}::xid8, ${place.no}::bigint)
      on conflict (reader) do update set xid = excluded.xid, no = excluded.no, updated_at = clock_timestamp()`);
  }

  /** How far the reader is behind: transactions that wait for it, and the age of the oldest in seconds. */
  async lag(): Promise<{ readonly entries: number; readonly seconds: number }> {
    const row = await this.#db.one<{ entries: number; seconds: number }>(sql`
      select count(*)::int as entries, coalesce(extract(epoch from clock_timestamp() - min(at)), 0)::float8 as seconds
      from (select at from muster.trace_feed
        where (xid, no) > ${this.#standing}
        order by xid, no limit 10000) waiting`);
    return row ?? { entries: 0, seconds: 0 };
  }
}

function entryOf({ keep_days: keepDays, day, at, runs: joined, completed }: FeedRow): FeedEntry {
  const runs = idsOf(joined);
  return { keepDays, day, at, runs, completed: completed === null ? runs : idsOf(completed) };
}

const idsOf = (joined: string): readonly string[] => (joined === '' ? [] : joined.split(','));
