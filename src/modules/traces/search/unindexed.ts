import { Breather } from '../../../base/breather.ts';
import type { Queryable } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { inflate } from '../blobs/inflate.ts';
import type { SearchQuery } from './query.ts';
import { MOST_CHARACTERS, type SearchedTexts } from './run-text.ts';
import type { Partition } from './segment-store.ts';
import { UnindexedRun } from './unindexed-run.ts';

/** Under which name the index keeps its place in the feed. */
export const SEARCH_READER = 'search';

/** Runs that are looked at because the index has not come to them; of more than these the newest. */
const MOST_RUNS = 3_000;
const MOST_ENTRIES = 1_000;
/** Entries whose days are counted where there are more than that. */
const MOST_COUNTED = 20_000;
/** Read at once, as it lies there. */
const READ_BYTES = 8 * 1024 ** 2;
/** Of texts that are kept for the next search. */
const KEPT_CHARACTERS = 24 * 1024 ** 2;

/** Entries of the feed, `f`, that the index has not come to. */
const BEHIND_INDEX = sql`(f.xid, f.no) > (
  coalesce((select xid from muster.trace_cursors where reader = ${SEARCH_READER}), '0'::xid8),
  coalesce((select no from muster.trace_cursors where reader = ${SEARCH_READER}), 0))`;

/** What one transaction of the intake brought, on one day of one class. */
interface Entry extends Partition {
  readonly key: string;
  readonly runs: readonly string[];
}

/**
 * What was committed since the index was last written: it is searched as well, so that what was acknowledged is found. Its text is kept, entry of
 * the feed by entry, as long as the index has not come to it: under ingest two searches read a run once and not twice. What changes a run writes an
 * entry of its own, so what is kept of the newest entry of a run is the run as it is.
 */
export class UnindexedRuns {
  readonly #database: Queryable;
  #kept = new Map<string, readonly UnindexedRun[]>();

  constructor(database: Queryable) {
    this.#database = database;
  }

  /** Those that may hold what is looked for, in no order. */
  async matching(query: SearchQuery): Promise<readonly UnindexedRun[]> {
    const entries = await newestEntries(this.#database);
    const before = this.#kept;
    const missing = entries.filter(({ key }) => !before.has(key));
    const read = new Map<string, readonly UnindexedRun[]>();
    for (const of of byPartition(missing)) for (const [key, runs] of await this.#read(of)) read.set(key, runs);
    this.#kept = withinRoom(entries, (key) => before.get(key) ?? read.get(key));
    const seen = new Set<string>();
    const found: UnindexedRun[] = [];
    const breather = new Breather();
    for (const { key } of entries) {
      for (const unindexed of before.get(key) ?? read.get(key) ?? []) {
        const { runId } = unindexed.run;
        if (seen.has(runId)) continue;
        seen.add(runId);
        if (unindexed.mayHold(query)) found.push(unindexed);
      }
      await breather.breathe();
    }
    return found;
  }

  /**
   * Which they are, by day; undefined for a day on which there are more than are looked at one by one. Undefined for all: nobody knows on how many days
   * there are such.
   */
  async byDay(): Promise<ReadonlyMap<string, readonly string[] | undefined> | undefined> {
    const entries = await newestEntries(this.#database);
    const found = new Map<string, readonly string[] | undefined>();
    for (const { day, runs } of entries) found.set(day, [...(found.get(day) ?? []), ...runs]);
    const isAll = entries.length < MOST_ENTRIES && entries.reduce((sum, { runs }) => sum + runs.length, 0) < MOST_RUNS;
    if (isAll) return found;
    const { rows } = await this.#database.query<{ day: string; entries: number }>(sql`
      select to_char(day, 'YYYY-MM-DD') as day, count(*)::int as entries
      from (select f.day from muster.trace_feed f where ${BEHIND_INDEX} order by f.xid, f.no limit ${MOST_COUNTED}) f group by 1`);
    if (rows.reduce((sum, row) => sum + row.entries, 0) >= MOST_COUNTED) return undefined;
    const listed = new Map<string, number>();
    for (const { day } of entries) listed.set(day, (listed.get(day) ?? 0) + 1);
    for (const row of rows) if (row.entries > (listed.get(row.day) ?? 0)) found.set(row.day, undefined);
    return found;
  }

  /** The runs of entries of one partition, by the entry. */
  async #read(entries: readonly Entry[]): Promise<ReadonlyMap<string, readonly UnindexedRun[]>> {
    const [place] = entries;
    if (place === undefined) return new Map();
    const held = new Map<string, UnindexedRun>();
    let rest = [...new Set(entries.flatMap(({ runs }) => runs))];
    while (rest.length > 0) {
      const { runs, done } = await readSome(this.#database, place, rest);
      rest = rest.slice(done);
      for (const run of runs) held.set(run.run.runId, run);
    }
    return new Map(entries.map(({ key, runs }) => [key, runs.flatMap((runId) => held.get(runId) ?? [])]));
  }
}

/** Entries of the feed that the index has not come to, newest first. */
async function newestEntries(database: Queryable): Promise<readonly Entry[]> {
  const { rows } = await database.query<Entry>(sql`
    select f.xid::text || ' ' || f.no as key, f.keep_days as "keepDays", to_char(f.day, 'YYYY-MM-DD') as day, f.runs::text[] as runs
    from muster.trace_feed f where ${BEHIND_INDEX}
    order by f.xid desc, f.no desc limit ${MOST_ENTRIES}`);
  let runs = 0;
  const tooMany = rows.findIndex((entry) => (runs += entry.runs.length) > MOST_RUNS);
  return tooMany === -1 ? rows : rows.slice(0, Math.max(1, tooMany));
}

function byPartition(entries: readonly Entry[]): readonly (readonly Entry[])[] {
  const partitions = new Map<string, Entry[]>();
  for (const entry of entries) {
    const key = `${entry.keepDays} ${entry.day}`;
    partitions.set(key, [...(partitions.get(key) ?? []), entry]);
  }
  return [...partitions.values()];
}

/** The newest entries, as far as their text is worth its memory. */
function withinRoom(
  entries: readonly Entry[],
  runsOf: (key: string) => readonly UnindexedRun[] | undefined,
): Map<string, readonly UnindexedRun[]> {
  const kept = new Map<string, readonly UnindexedRun[]>();
  let room = KEPT_CHARACTERS;
  for (const { key } of entries) {
    const runs = runsOf(key) ?? [];
    room -= runs.reduce((sum, { characters }) => sum + characters, 0);
    if (room < 0) break;
    kept.set(key, runs);
  }
  return kept;
}

interface Row extends SearchedTexts {
  readonly run_id: string;
  readonly started: string;
  readonly project_no: number;
  readonly n: number;
  readonly there: number;
}

/** The first of these runs, as many as fit into what may be read at once; `done`: how many of the given were dealt with. */
async function readSome(database: Queryable, { keepDays, day }: Partition, runIds: readonly string[]) {
  const { rows } = await database.query<Row>(sql`
    select run_id, (extract(epoch from start_time) * 1000000)::int8::text as started, project_no, n, there, name, tags,
      left(inputs, ${MOST_CHARACTERS}) as inputs, left(outputs, ${MOST_CHARACTERS}) as outputs, left(error, ${MOST_CHARACTERS}) as error,
      left(extra, ${MOST_CHARACTERS}) as extra
    from (
      select r.*, k.n::int as n, (count(*) over ())::int as there, sum(size.bytes) over (order by k.n) - size.bytes as before
      from unnest(${runIds}::uuid[]) with ordinality k(id, n)
      join muster.trace_runs r on r.run_id = k.id and r.keep_days = ${keepDays} and r.day = ${day}::date,
      lateral (select coalesce(octet_length(r.inputs), 0) + coalesce(octet_length(r.outputs), 0) + coalesce(octet_length(r.error), 0)
        + coalesce(octet_length(r.extra), 0) as bytes) size
    ) r where before < ${READ_BYTES} order by n`);
  const texts = await inflate(
    database,
    rows.map(({ inputs, outputs, error, extra }) => ({ keepDays, day, texts: [inputs, outputs, error, extra] })),
  );
  const isAll = rows.length === (rows[0]?.there ?? 0);
  return {
    done: isAll ? runIds.length : (rows.at(-1)?.n ?? runIds.length),
    runs: rows.map((row, index) => {
      const [inputs = null, outputs = null, error = null, extra = null] = texts[index] ?? [];
      return new UnindexedRun(
        { runId: row.run_id, startTime: Number(row.started), projectNo: row.project_no, keepDays, day },
        { name: row.name, tags: row.tags, inputs, outputs, error, extra },
      );
    }),
  };
}
