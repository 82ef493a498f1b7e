import type { Queryable } from '../../../db/database.ts';
import { ByteCache } from './cache.ts';
import { SegmentFields, type FieldGroup } from './segment-fields.ts';
import { readBlocksOf, readFields, readRunsAt, segmentsOfDays, type SegmentHead } from './segment-store.ts';
import type { UnindexedRuns } from './unindexed.ts';

const CACHE_BYTES = 48 * 1024 ** 2;
/** Segments that are merged while they are read are read again as what they became; who never comes to an end reads the runs. */
const ATTEMPTS = 4;

/** Tells by the values of fields which runs to look at, where that is less than to read a day from its newest run on. */
export class FieldSearch {
  readonly #database: Queryable;
  readonly #unindexed: UnindexedRuns;
  readonly #open = new ByteCache<SegmentFields>(CACHE_BYTES);

  constructor(database: Queryable, unindexed: UnindexedRuns) {
    this.#database = database;
    this.#unindexed = unindexed;
  }

  /**
   * Tells of some days, as often as it is asked, the runs of each of which any may have a value of every group: no other has. A day that is not in the
   * answer must be read: many of its runs have them, or it is not known which. `limit`: as many runs as are wanted in the end.
   */
  lookUp(groups: readonly FieldGroup[], limit: number): (days: readonly string[]) => Promise<ReadonlyMap<string, readonly string[]>> {
    let unindexed: ReturnType<UnindexedRuns['byDay']> | undefined;
    // In this order: what is indexed between the two stands in both, and not in neither.
    return async (days) => this.#runsOf(days, groups, limit, await (unindexed ??= this.#unindexed.byDay(groups)));
  }

  async #runsOf(
    days: readonly string[],
    groups: readonly FieldGroup[],
    limit: number,
    unindexed: Awaited<ReturnType<UnindexedRuns['byDay']>>,
  ): Promise<ReadonlyMap<string, readonly string[]>> {
    if (unindexed === undefined) return new Map();
    const known = days.filter((day) => !unindexed.has(day) || unindexed.get(day) !== undefined);
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const indexed = await this.#indexed(known, groups, limit);
      if (indexed === undefined) continue;
      return new Map([...indexed].map(([day, runs]) => [day, [...new Set([...runs, ...(unindexed.get(day) ?? [])])]]));
    }
    return new Map();
  }

  /** Undefined where a segment was merged meanwhile. */
  async #indexed(
    days: readonly string[],
    groups: readonly FieldGroup[],
    limit: number,
  ): Promise<ReadonlyMap<string, readonly string[]> | undefined> {
    const heads = await segmentsOfDays(this.#database, days);
    const unknown = new Set(heads.filter(({ hasFields }) => !hasFields).map(({ day }) => day));
    const asked = heads.filter(({ day }) => !unknown.has(day));
    const places = await this.#places(asked, groups);
    if (places === undefined) return undefined;
    const counted = countByDay(asked, places);
    const worthIt = days.filter((day) => !unknown.has(day) && isRare(counted.get(day), limit));
    const within = asked.filter(({ day }) => worthIt.includes(day));
    const wanted = within.flatMap(({ segmentNo }) => (places.get(segmentNo) ?? []).map((at) => ({ segmentNo, at })));
    const runs = await readRunsAt(this.#database, within, wanted);
    if (runs.length < wanted.length) return undefined;
    const dayOf = new Map(within.map(({ segmentNo, day }) => [segmentNo, day]));
    const found = new Map<string, string[]>(worthIt.map((day) => [day, []]));
    for (const { segmentNo, runId } of runs) found.get(dayOf.get(segmentNo) ?? '')?.push(runId);
    return found;
  }

  /** By segment: the places of its runs that have a value of every group. */
  async #places(heads: readonly SegmentHead[], groups: readonly FieldGroup[]): Promise<ReadonlyMap<number, readonly number[]> | undefined> {
    const opened = await this.#opened(heads);
    if (opened === undefined) return undefined;
    const looks = heads.flatMap((head) => {
      const fields = opened.get(head.segmentNo);
      return fields === undefined ? [] : [{ head, fields, outlook: fields.outlook(groups, head.count) }];
    });
    const wanted = looks.flatMap(({ head, outlook }) =>
      outlook.kind === 'read' ? outlook.blocks.map((at) => ({ segmentNo: head.segmentNo, at })) : [],
    );
    const blocks = await readBlocksOf(this.#database, heads, wanted);
    const found = new Map<number, readonly number[]>();
    for (const { head, fields, outlook } of looks) {
      if (outlook.kind === 'all') found.set(head.segmentNo, [...Array(head.count).keys()]);
      if (outlook.kind !== 'read') continue;
      const read = blocks.get(head.segmentNo);
      if (read === undefined || read.size < outlook.blocks.length) return undefined;
      found.set(head.segmentNo, fields.postings.places(outlook.patterns, read));
    }
    return found;
  }

  async #opened(heads: readonly SegmentHead[]): Promise<ReadonlyMap<number, SegmentFields> | undefined> {
    const opened = new Map<number, SegmentFields>();
    const missing: SegmentHead[] = [];
    for (const head of heads) {
      const held = this.#open.get(String(head.segmentNo));
      if (held === undefined) missing.push(head);
      else opened.set(head.segmentNo, held);
    }
    for (const [segmentNo, stored] of await readFields(this.#database, missing)) {
      const fields = new SegmentFields(stored);
      this.#open.set(String(segmentNo), fields);
      opened.set(segmentNo, fields);
    }
    return opened.size < heads.length ? undefined : opened;
  }
}

interface Count {
  readonly matching: number;
  readonly runs: number;
}

function countByDay(heads: readonly SegmentHead[], places: ReadonlyMap<number, readonly number[]>): ReadonlyMap<string, Count> {
  const counts = new Map<string, Count>();
  for (const { day, segmentNo, count } of heads) {
    const { matching, runs } = counts.get(day) ?? { matching: 0, runs: 0 };
    counts.set(day, { matching: matching + (places.get(segmentNo)?.length ?? 0), runs: runs + count });
  }
  return counts;
}

const ALWAYS_WORTH_IT = 500;
const NEVER_WORTH_IT = 5_000;

/**
 * Pure. To look a run up costs about three times what reading the next one costs. Of n runs, of which m fit, some n / m × limit are read for a page, and at most n: so
 * looking up costs less where m² < n × limit / 3.
 */
export function isRare(count: Count | undefined, limit: number): boolean {
  const { matching, runs } = count ?? { matching: 0, runs: 0 };
  if (matching <= ALWAYS_WORTH_IT) return true;
  return matching <= NEVER_WORTH_IT && matching * matching * 3 < runs * limit;
}
