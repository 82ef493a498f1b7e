import type { Queryable, Transaction } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import type { Micros } from '../run/operation.ts';
import type { StoredSegment } from './segment.ts';

/** Where a segment lies: in one partition, with the runs it speaks of. */
export interface SegmentKey {
  readonly keepDays: number;
  /** `2026-11-26` */
  readonly day: string;
  readonly segmentNo: number;
}

export interface SegmentHead extends SegmentKey {
  readonly count: number;
  readonly newest: Micros;
  readonly oldest: Micros;
}

export type Partition = Pick<SegmentKey, 'keepDays' | 'day'>;

interface HeadRow {
  readonly keep_days: number;
  readonly day: string;
  readonly segment_no: number;
  readonly runs_count: number;
  readonly newest: string;
  readonly oldest: string;
}

const HEAD = sql`keep_days, day::text, segment_no, runs_count,
  (extract(epoch from newest) * 1000000)::int8::text as newest, (extract(epoch from oldest) * 1000000)::int8::text as oldest`;

const toHead = (row: HeadRow): SegmentHead => ({
  keepDays: row.keep_days,
  day: row.day,
  segmentNo: row.segment_no,
  count: row.runs_count,
  newest: Number(row.newest),
  oldest: Number(row.oldest),
});

/** The segments that may hold runs begun in [from, to), newest first. */
export async function listSegments(
  database: Queryable,
  { from, to }: { readonly from: Micros; readonly to: Micros },
): Promise<readonly SegmentHead[]> {
  // A run lies in the partition of the day it began, or of a later one where its clock was off.
  const { rows } = await database.query<HeadRow>(sql`
    select ${HEAD} from muster.trace_search_segments
    where day >= to_timestamp(${from / 1e6})::date - 1
      and newest >= to_timestamp(${from / 1e6}) and oldest < to_timestamp(${to / 1e6})
    order by trace_search_segments.newest desc, segment_no desc`);
  return rows.map(toHead);
}

export async function segmentsOf(database: Queryable, { keepDays, day }: Partition): Promise<readonly SegmentHead[]> {
  const { rows } = await database.query<HeadRow>(sql`
    select ${HEAD} from muster.trace_search_segments where keep_days = ${keepDays} and day = ${day}::date order by segment_no`);
  return rows.map(toHead);
}

/** What opening a segment takes. Undefined where it was merged away meanwhile. */
export async function readSegment(
  database: Queryable,
  { keepDays, day, segmentNo }: SegmentKey,
): Promise<Pick<StoredSegment, 'runs' | 'words' | 'firsts'> | undefined> {
  const { rows } = await database.query<Pick<StoredSegment, 'runs' | 'words' | 'firsts'>>(sql`
    select runs, words, firsts from muster.trace_search_segments
    where segment_no = ${segmentNo} and keep_days = ${keepDays} and day = ${day}::date`);
  return rows[0];
}

/** Blocks of postings, by number. Fewer than asked for where the segment was merged away meanwhile. */
export async function readBlocks(
  database: Queryable,
  { keepDays, day, segmentNo }: SegmentKey,
  blocks: readonly number[] | 'all',
): Promise<ReadonlyMap<number, Buffer>> {
  const { rows } = await database.query<{ block: number; data: Buffer }>(sql`
    select block, data from muster.trace_search_postings
    where segment_no = ${segmentNo} and keep_days = ${keepDays} and day = ${day}::date
      and (${blocks === 'all'} or block = any(${blocks === 'all' ? [] : blocks}::int[]))
    order by block`);
  return new Map(rows.map(({ block, data }) => [block, data]));
}

/** All of a segment, to merge it. */
export async function loadSegment(database: Queryable, head: SegmentHead): Promise<StoredSegment | undefined> {
  const opened = await readSegment(database, head);
  if (opened === undefined) return undefined;
  const blocks = await readBlocks(database, head, 'all');
  return { ...opened, count: head.count, newest: head.newest, oldest: head.oldest, blocks: [...blocks.values()] };
}

export async function addSegment(tx: Transaction, { keepDays, day }: Partition, segment: StoredSegment): Promise<void> {
  await tx.query(sql`
    with added as (
      insert into muster.trace_search_segments (keep_days, day, runs_count, newest, oldest, runs, words, firsts)
      values (${keepDays}, ${day}::date, ${segment.count}, to_timestamp(${segment.newest / 1e6}), to_timestamp(${segment.oldest / 1e6}),
              ${segment.runs}, ${segment.words}, ${segment.firsts})
      returning segment_no)
    insert into muster.trace_search_postings (keep_days, day, segment_no, block, data)
    select ${keepDays}, ${day}::date, segment_no, (ordinality - 1)::int, data
    from added, unnest(${segment.blocks}::bytea[]) with ordinality as b (data, ordinality)`);
}

export async function removeSegments(tx: Transaction, { keepDays, day }: Partition, segmentNos: readonly number[]): Promise<void> {
  await tx.query(sql`
    with gone as (
      delete from muster.trace_search_postings where segment_no = any(${segmentNos}::int8[]) and keep_days = ${keepDays} and day = ${day}::date)
    delete from muster.trace_search_segments where segment_no = any(${segmentNos}::int8[]) and keep_days = ${keepDays} and day = ${day}::date`);
}
