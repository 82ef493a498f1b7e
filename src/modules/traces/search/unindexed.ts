import { Breather } from '../../../base/breather.ts';
import type { Queryable } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { inflate } from '../blobs/inflate.ts';
import { holds, type SearchQuery } from './query.ts';
import { foldedTextOf, MOST_CHARACTERS, type SearchedTexts } from './run-text.ts';
import type { IndexedRun } from './segment.ts';
import type { Partition } from './segment-store.ts';

/** Under which name the index keeps its place in the feed. */
export const SEARCH_READER = 'search';

/** Runs that are looked at because the index has not come to them; of more than these the newest. */
const MOST_RUNS = 3_000;
const MOST_ENTRIES = 1_000;
/** Read at once, as it lies there. */
const READ_BYTES = 8 * 1024 ** 2;
/** Of folded text that is kept for the next search. */
const KEPT_CHARACTERS = 16 * 1024 ** 2;

/** A run by its place, with its text as it is compared. */
interface FoldedRun extends IndexedRun, Partition {
  readonly folded: string;
}

/** What one transaction of the intake brought, on one day of one class. */
interface Entry extends Partition {
  readonly key: string;
  readonly runs: readonly string[];
}

/**
 * What was committed since the index was last written: it is searched as well, so that what was acknowledged is found. Its folded text is kept, entry of
 * the feed by entry, as long as the index has not come to it: under ingest two searches read a run once and not twice. What changes a run writes an
 * entry of its own, so what is kept of the newest entry of a run is the run as it is.
 */
export class UnindexedRuns {
  readonly #database: Queryable;
  #kept = new Map<string, readonly FoldedRun[]>();

  constructor(database: Queryable) {
    this.#database = database;
  }

  /** Those that hold what is looked for, in no order. */
  async matching(query: SearchQuery): Promise<readonly (IndexedRun & Partition)[]> {
    const entries = await newestEntries(this.#database);
    const before = this.#kept;
    const missing = entries.filter(({ key }) => !before.has(key));
    const read = new Map<string, readonly FoldedRun[]>();
    for (const of of byPartition(missing)) for (const [key, runs] of await this.#read(of)) read.set(key, runs);
    this.#kept = withinRoom(entries, (key) => before.get(key) ?? read.get(key));
    const seen = new Set<string>();
    const found: FoldedRun[] = [];
    for (const { key } of entries) {
      for (const run of before.get(key) ?? read.get(key) ?? []) {
        if (seen.has(run.runId)) continue;
        seen.add(run.runId);
        if (holds(query, run.folded)) found.push(run);
      }
    }
    return found;
  }

  /** The runs of entries of one partition, by the entry. */
  async #read(entries: readonly Entry[]): Promise<ReadonlyMap<string, readonly FoldedRun[]>> {
    const [place] = entries;
    if (place === undefined) return new Map();
    const folded = new Map<string, FoldedRun>();
    const breather = new Breather();
    let rest = [...new Set(entries.flatMap(({ runs }) => runs))];
    while (rest.length > 0) {
      const { rows, done } = await readSome(this.#database, place, rest);
      rest = rest.slice(done);
      for (const row of rows) {
        folded.set(row.runId, { ...row.place, runId: row.runId, folded: foldedTextOf(row.texts) });
        await breather.breathe();
      }
    }
    return new Map(entries.map(({ key, runs }) => [key, runs.flatMap((runId) => folded.get(runId) ?? [])]));
  }
}

/** Entries of the feed that the index has not come to, newest first. */
async function newestEntries(database: Queryable): Promise<readonly Entry[]> {
  const { rows } = await database.query<Entry>(sql`
    with place as (
      select coalesce(c.xid, '0') as xid, coalesce(c.no, 0) as no
      from (select) always left join muster.trace_cursors c on c.reader = ${SEARCH_READER})
    select f.xid::text || ' ' || f.no as key, f.keep_days as "keepDays", to_char(f.day, 'YYYY-MM-DD') as day, f.runs::text[] as runs
    from muster.trace_feed f, place p
    where f.xid >= p.xid and (f.xid > p.xid or f.no > p.no)
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
  runsOf: (key: string) => readonly FoldedRun[] | undefined,
): Map<string, readonly FoldedRun[]> {
  const kept = new Map<string, readonly FoldedRun[]>();
  let room = KEPT_CHARACTERS;
  for (const { key } of entries) {
    const runs = runsOf(key) ?? [];
    room -= runs.reduce((sum, { folded }) => sum + folded.length, 0);
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
    rows: rows.map((row, index) => {
      const [inputs = null, outputs = null, error = null, extra = null] = texts[index] ?? [];
      return {
        runId: row.run_id,
        place: { startTime: Number(row.started), projectNo: row.project_no, keepDays, day },
        texts: { name: row.name, tags: row.tags, inputs, outputs, error, extra },
      };
    }),
  };
}
