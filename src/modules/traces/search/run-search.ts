import type { Queryable } from '../../../db/database.ts';
import type { Micros } from '../run/operation.ts';
import { ByteCache } from './cache.ts';
import { OpenSegment } from './open-segment.ts';
import { FieldSearch } from './field-search.ts';
import type { SearchQuery } from './query.ts';
import type { FieldGroup } from './segment-fields.ts';
import { newestFirst, readRun, RUN_BYTES, type IndexedRun } from './segment.ts';
import { listSegments, readBlocks, readSegment, type Partition, type SegmentHead } from './segment-store.ts';
import type { UnindexedRun } from './unindexed-run.ts';
import { UnindexedRuns } from './unindexed.ts';

const CACHE_BYTES = 96 * 1024 ** 2;
/** Handed on at once: enough that reading them is one statement, few enough that the first page comes soon. */
const BATCH = 200;
/** Of runs that are not indexed, so many are read first: what many hold stands in those. Then more at once. */
const FIRST_READ = 100;
const MOST_READ = 1_600;

/** A run that may hold what is looked for. Its text decides: see holds(). */
export interface Candidate extends IndexedRun, Partition {}

export interface SearchScope {
  /** Numbers of projects; null: all. */
  readonly projects: ReadonlySet<number> | null;
  /** Begun at or after this. */
  readonly from: Micros;
  /** Begun before this. */
  readonly to: Micros;
  /** Only what comes after this one in the list: it was the last on the page before. */
  readonly after?: Pick<IndexedRun, 'startTime' | 'runId'> | undefined;
  /** Only such as may have a value of every group. */
  readonly fields?: readonly FieldGroup[] | undefined;
}

/** Looks runs up by words. Segments never change, so a process keeps the words of those it used last. */
export class RunSearch {
  readonly #database: Queryable;
  readonly #unindexed: UnindexedRuns;
  readonly #open = new ByteCache<OpenSegment>(CACHE_BYTES);
  readonly fields: FieldSearch;

  constructor(database: Queryable) {
    this.#database = database;
    this.#unindexed = new UnindexedRuns(database);
    this.fields = new FieldSearch(database, this.#unindexed);
  }

  /**
   * Candidates, newest first, in batches; each run once. Reads no further than the caller does: a search for what is frequent ends with the first
   * page, one for what is rare looks at every segment's words and little else.
   */
  async *candidates(query: SearchQuery, scope: SearchScope): AsyncGenerator<readonly Candidate[]> {
    const seen = new Set<string>();
    const looked = new Set<number>();
    const unlooked = async (): Promise<SegmentHead[]> =>
      (await listSegments(this.#database, scope)).filter(({ segmentNo }) => !looked.has(segmentNo));
    // In this order: what is indexed between the two stands in both, and not in neither.
    const unindexed = new Map<Candidate, UnindexedRun>();
    for (const run of await this.#unindexed.newest()) {
      if (isWithin(run.run, scope) && run.mayHave(scope.fields ?? [])) unindexed.set(run.run, run);
    }
    let waiting: Candidate[] = [...unindexed.keys()].toSorted(newestFirst);
    let segments = await unlooked();
    for (;;) {
      const segment = segments.shift();
      // What waits and is newer than all that the next segment can hold is in its place.
      const horizon = segment?.newest ?? Number.NEGATIVE_INFINITY;
      const ready = waiting.filter(({ startTime }) => startTime > horizon);
      waiting = waiting.filter(({ startTime }) => startTime <= horizon);
      for (let at = 0, size = FIRST_READ; at < ready.length; at += size, size = Math.min(size * 4, MOST_READ)) {
        const some = ready.slice(at, at + size).filter(({ runId }) => !seen.has(runId));
        const fresh = some.flatMap((run) => unindexed.get(run) ?? []);
        const holding = await this.#unindexed.holding(fresh, query);
        const found = some.filter((run) => {
          const known = unindexed.get(run);
          return known === undefined || holding.has(known);
        });
        for (let from = 0; from < found.length; from += BATCH) {
          const batch = found.slice(from, from + BATCH).filter(({ runId }) => !seen.has(runId));
          for (const { runId } of batch) seen.add(runId);
          if (batch.length > 0) yield batch;
        }
      }
      if (segment === undefined) return;
      const found = await this.#look(segment, query, scope);
      if (found === undefined) segments = await unlooked();
      else {
        looked.add(segment.segmentNo);
        waiting = [...waiting, ...found].toSorted(newestFirst);
      }
    }
  }

  /** Undefined where it was merged with others since it was listed: its runs stand in the new one. */
  async #look(head: SegmentHead, query: SearchQuery, scope: SearchScope): Promise<readonly Candidate[] | undefined> {
    const segment = await this.#opened(head);
    if (segment === undefined) return undefined;
    const outlook = segment.outlook(query.patterns, scope.fields);
    if (outlook.kind === 'none') return [];
    let places: readonly number[];
    if (outlook.kind === 'all') places = Array.from({ length: segment.runs.length / RUN_BYTES }, (_, place) => place);
    else {
      const blocks = await readBlocks(this.#database, head, outlook.blocks);
      if (blocks.size < outlook.blocks.length) return undefined;
      places = segment.places(outlook.patterns, blocks);
    }
    return places
      .map((place): Candidate => ({ ...readRun(segment.runs, place), keepDays: head.keepDays, day: head.day }))
      .filter((run) => isWithin(run, scope));
  }

  async #opened(head: SegmentHead): Promise<OpenSegment | undefined> {
    const key = String(head.segmentNo);
    const held = this.#open.get(key);
    if (held !== undefined) return held;
    const stored = await readSegment(this.#database, head);
    if (stored === undefined) return undefined;
    const segment = new OpenSegment(stored);
    this.#open.set(key, segment);
    return segment;
  }
}

function isWithin(run: IndexedRun, { projects, from, to, after }: SearchScope): boolean {
  if (projects !== null && !projects.has(run.projectNo)) return false;
  if (run.startTime < from || run.startTime >= to) return false;
  return after === undefined || newestFirst(after as IndexedRun, run) < 0;
}
