import type { Queryable, Transaction } from '../../../db/database.ts';
import { sql, type Sql } from '../../../db/sql.ts';
import type { Micros } from '../run/operation.ts';
import { readRun, RUN_BYTES, type StoredSegment } from './segment.ts';

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
  /** Whether the fields of its runs can be looked up in it. */
  readonly hasFields: boolean;
}

export type Partition = Pick<SegmentKey, 'keepDays' | 'day'>;

interface HeadRow {
  readonly keep_days: number;
  readonly day: string;
  readonly segment_no: number;
  readonly runs_count: number;
  readonly newest: string;
  readonly oldest: string;
  readonly has_fields: boolean;
}

const HEAD = sql`keep_days, day::text, segment_no, runs_count, fields is not null as has_fields,
  (extract(epoch from newest) * 1000000)::int8::text as newest, (extract(epoch from oldest) * 1000000)::int8::text as oldest`;

const toHead = (row: HeadRow): SegmentHead => ({
  keepDays: row.keep_days,
  day: row.day,
  segmentNo: row.segment_no,
  count: row.runs_count,
  newest: Number(row.newest),
  oldest: Number(row.oldest),
  hasFields: row.has_fields,
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

/** All segments of some days. */
export async function segmentsOfDays(database: Queryable, days: readonly string[]): Promise<readonly SegmentHead[]> {
  const { rows } = await database.query<HeadRow>(sql`
    select ${HEAD} from muster.trace_search_segments where day = any(${days}::date[])`);
  return rows.map(toHead);
}

export async function segmentsOf(database: Queryable, { keepDays, day }: Partition): Promise<readonly SegmentHead[]> {
  const { rows } = await database.query<HeadRow>(sql`
    select ${HEAD} from muster.trace_search_segments where keep_days = ${keepDays} and day = ${day}::date order by segment_no`);
  return rows.map(toHead);
}

export type OpenedSegment = Pick<StoredSegment, 'runs' | 'fields' | 'words' | 'firsts'>;

/** What opening a segment takes. Undefined where it was merged away meanwhile. */
export async function readSegment(database: Queryable, { keepDays, day, segmentNo }: SegmentKey): Promise<OpenedSegment | undefined> {
  const { rows } = await database.query<OpenedSegment>(sql`
    select runs, fields, words, firsts from muster.trace_search_segments
    where segment_no = ${segmentNo} and keep_days = ${keepDays} and day = ${day}::date`);
  return rows[0];
}

/** The runs of a segment alone, as they are packed; none where it was merged away meanwhile. */
export async function readSegmentRuns(database: Queryable, { keepDays, day, segmentNo }: SegmentKey): Promise<Buffer> {
  const { rows } = await database.query<{ runs: Buffer }>(sql`
    select runs from muster.trace_search_segments where segment_no = ${segmentNo} and keep_days = ${keepDays} and day = ${day}::date`);
  return rows[0]?.runs ?? Buffer.alloc(0);
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

/** What is wanted of segments: blocks of their postings, or places of their runs. */
export type Wanted = readonly { readonly segmentNo: number; readonly at: number }[];

const unnested = (wanted: Wanted): Sql =>
  sql`unnest(${wanted.map(({ segmentNo }) => segmentNo)}::int8[], ${wanted.map(({ at }) => at)}::int[]) w(no, at)`;

/** The words of fields of some segments, by their number. Those that are gone are not among them. */
export async function readFields(
  database: Queryable,
  heads: readonly SegmentHead[],
): Promise<ReadonlyMap<number, { readonly fields: string; readonly firsts: Buffer }>> {
  if (heads.length === 0) return new Map();
  const { rows } = await database.query<{ segment_no: number; fields: string; firsts: Buffer }>(sql`
    select segment_no, fields, firsts from muster.trace_search_segments
    where segment_no = any(${heads.map(({ segmentNo }) => segmentNo)}::int8[]) and day = any(${daysOf(heads)}::date[]) and fields is not null`);
  return new Map(rows.map(({ segment_no, ...opened }) => [segment_no, opened]));
}

/** Blocks of several segments in one statement: by segment, then by block. */
export async function readBlocksOf(
  database: Queryable,
  heads: readonly SegmentHead[],
  wanted: Wanted,
): Promise<ReadonlyMap<number, ReadonlyMap<number, Buffer>>> {
  const found = new Map<number, Map<number, Buffer>>();
  if (wanted.length === 0) return found;
  const { rows } = await database.query<{ segment_no: number; block: number; data: Buffer }>(sql`
    select p.segment_no, p.block, p.data
    from ${unnested(wanted)} join muster.trace_search_postings p on p.segment_no = w.no and p.block = w.at and p.day = any(${daysOf(heads)}::date[])`);
  for (const { segment_no, block, data } of rows)
    found.set(segment_no, (found.get(segment_no) ?? new Map<number, Buffer>()).set(block, data));
  return found;
}

/** The ids of the runs at these places, each with its segment: only their bytes are read. */
export async function readRunsAt(
  database: Queryable,
  heads: readonly SegmentHead[],
  wanted: Wanted,
): Promise<readonly { readonly segmentNo: number; readonly runId: string }[]> {
  if (wanted.length === 0) return [];
  const { rows } = await database.query<{ segment_no: number; run: Buffer }>(sql`
    select s.segment_no, substring(s.runs from w.at * ${RUN_BYTES} + 1 for ${RUN_BYTES}) as run
    from ${unnested(wanted)} join muster.trace_search_segments s on s.segment_no = w.no and s.day = any(${daysOf(heads)}::date[])`);
  return rows.map(({ segment_no, run }) => ({ segmentNo: segment_no, runId: readRun(run, 0).runId }));
}

const daysOf = (heads: readonly SegmentHead[]): readonly string[] => [...new Set(heads.map(({ day }) => day))];

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
      insert into muster.trace_search_segments (keep_days, day, runs_count, newest, oldest, runs, fields, words, firsts)
      values (${keepDays}, ${day}::date, ${segment.count}, to_timestamp(${segment.newest / 1e6}), to_timestamp(${segment.oldest / 1e6}),
              ${segment.runs}, ${segment.fields}, ${segment.words}, ${segment.firsts})
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
