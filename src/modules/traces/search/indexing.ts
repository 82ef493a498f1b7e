import { Breather } from '../../../base/breather.ts';
import type { Database, Queryable, Transaction } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { inflate } from '../blobs/inflate.ts';
import { FeedReader, type FeedEntry } from '../feed/feed-reader.ts';
import { isMine, type FeedWork } from '../feed/feed-service.ts';
import { mergeable } from './merging.ts';
import { RUN_TYPES } from '../run/run-type.ts';
import { fieldWordsOf } from './field-words.ts';
import { extraOf, metadataIn, MOST_CHARACTERS, wordsOf, type SearchedTexts } from './run-text.ts';
import { mergeSegments, packSegment, type Document } from './segment.ts';
import { addSegment, loadSegment, removeSegments, segmentsOf, type Partition } from './segment-store.ts';
import { SEARCH_READER } from './unindexed.ts';

interface Row extends SearchedTexts {
  readonly run_id: string;
  readonly started: string;
  readonly project_no: number;
  readonly run_type: number;
  readonly model: string | null;
  readonly provider: string | null;
  readonly thread_id: string | null;
  readonly user_id: string | null;
  readonly prompt: string | null;
}

/** Read at once: of runs as long as they may be, some 100 MB. */
const CHUNK = 100;
/** Of one transaction: a segment of a size that the next merge need not wait for. */
const MOST_RUNS = 4_000;

/**
 * Indexes what the feed brings next, and moves the reader's place in the same transaction. Tells how many runs it dealt with; 0: there is
 * nothing new, or another process is at it.
 */
export async function indexNext(database: Database, feed: FeedReader): Promise<number> {
  if (!(await feed.hasMore())) return 0;
  return database.transaction(async (tx) => {
    if (!(await isMine(tx, SEARCH_READER))) return 0;
    const batch = await feed.take(500, MOST_RUNS, tx);
    if (batch === undefined) return 0;
    for (const { partition, runs } of byPartition(batch.entries))
      await indexRuns(tx, partition, await readDocuments(tx, partition, [...runs]));
    await feed.advance(tx, batch);
    return batch.runs;
  });
}

/** Keeps the index up to date. */
export function indexRunsOf(database: Database): FeedWork {
  const feed = new FeedReader(database, SEARCH_READER);
  return {
    done: 'indexed',
    atMostEveryMs: 1_000,
    // What it has not come to is looked at run by run in every search: half of its time, so that it keeps up with a thousand runs a second.
    rest: 1,
    step: async () => ({ isFull: (await indexNext(database, feed)) >= MOST_RUNS }),
  };
}

function byPartition(entries: readonly FeedEntry[]): readonly { readonly partition: Partition; readonly runs: Set<string> }[] {
  const partitions = new Map<string, { readonly partition: Partition; readonly runs: Set<string> }>();
  for (const { keepDays, day, runs } of entries) {
    const key = `${keepDays} ${day}`;
    const known = partitions.get(key) ?? { partition: { keepDays, day }, runs: new Set<string>() };
    for (const run of runs) known.runs.add(run);
    partitions.set(key, known);
  }
  return [...partitions.values()];
}

/** The runs of one partition, by words. Those that are gone are not among them. */
async function readDocuments(database: Queryable, { keepDays, day }: Partition, runIds: readonly string[]): Promise<readonly Document[]> {
  const documents: Document[] = [];
  const breather = new Breather();
  for (let at = 0; at < runIds.length; at += CHUNK) {
    const { rows } = await database.query<Row>(sql`
      select run_id, (extract(epoch from start_time) * 1000000)::int8::text as started, project_no, name, tags,
        run_type, model, provider, thread_id, user_id, prompt, left(inputs, ${MOST_CHARACTERS}) as inputs, left(outputs, ${MOST_CHARACTERS}) as outputs, left(error, ${MOST_CHARACTERS}) as error,
        left(extra, ${MOST_CHARACTERS}) as extra
      from muster.trace_runs
      where keep_days = ${keepDays} and day = ${day}::date and run_id = any(${runIds.slice(at, at + CHUNK)}::uuid[])`);
    const texts = await inflate(
      database,
      rows.map(({ inputs, outputs, error, extra }) => ({ keepDays, day, texts: [inputs, outputs, error, extra] })),
    );
    for (const [index, row] of rows.entries()) {
      const [inputs = null, outputs = null, error = null, extra = null] = texts[index] ?? [];
      documents.push({
        runId: row.run_id,
        startTime: Number(row.started),
        projectNo: row.project_no,
        words: documentWords(row, { name: row.name, tags: row.tags, inputs, outputs, error, extra }),
      });
      await breather.breathe();
    }
  }
  return documents;
}

function documentWords(row: Row, texts: SearchedTexts): Set<string> {
  const extra = extraOf(texts);
  const words = wordsOf(texts, extra);
  const fields = fieldWordsOf({
    name: row.name,
    runType: RUN_TYPES[row.run_type] ?? 'chain',
    model: row.model,
    provider: row.provider,
    threadId: row.thread_id,
    userId: row.user_id,
    prompt: row.prompt,
    tags: row.tags,
    metadata: metadataIn(extra),
  });
  for (const word of fields) words.add(word);
  return words;
}

/** Adds a segment with these runs, and merges where small ones have become many. In the transaction that moves the reader's place. */
async function indexRuns(tx: Transaction, partition: Partition, documents: readonly Document[]): Promise<void> {
  if (documents.length > 0) await addSegment(tx, partition, await packSegment(documents));
  for (;;) {
    const heads = await segmentsOf(tx, partition);
    // Those of before fields were indexed stay among themselves, so that the others' are kept.
    const chosen = mergeable(heads.filter(({ hasFields }) => hasFields)) ?? mergeable(heads.filter(({ hasFields }) => !hasFields));
    if (chosen === undefined) return;
    const loaded = [];
    for (const head of chosen) loaded.push(await loadSegment(tx, head));
    await removeSegments(
      tx,
      partition,
      chosen.map(({ segmentNo }) => segmentNo),
    );
    await addSegment(tx, partition, await mergeSegments(loaded.filter((segment) => segment !== undefined)));
  }
}
