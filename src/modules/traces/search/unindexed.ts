import { Breather } from '../../../base/breather.ts';
import type { Queryable } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { inflate } from '../blobs/inflate.ts';
import type { SearchQuery } from './query.ts';
import { UNREAD_METADATA } from './field-words.ts';
import { MOST_CHARACTERS } from './run-text.ts';
import type { FieldGroup } from './segment-fields.ts';
import type { Partition } from './segment-store.ts';
import { UnindexedRun, type LargeTexts } from './unindexed-run.ts';

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
 * What was committed since the index was last written: it is looked at as well, so that what was acknowledged is found. It is kept, entry of the feed by
 * entry, as long as the index has not come to it: under ingest two searches read a run once and not twice. What changes a run writes an entry of its
 * own, so what is kept of the newest entry of a run is the run as it is.
 */
export class UnindexedRuns {
  readonly #database: Queryable;
  #kept = new Map<string, readonly UnindexedRun[]>();

  constructor(database: Queryable) {
    this.#database = database;
  }

  /** The newest of them, in no order. */
  async newest(): Promise<readonly UnindexedRun[]> {
    return this.#runsOf(await newestEntries(this.#database));
  }

  /** Of some of them, those whose texts hold what is looked for. */
  async holding(runs: readonly UnindexedRun[], query: SearchQuery): Promise<ReadonlySet<UnindexedRun>> {
    const found = new Set<UnindexedRun>();
    const look = (run: UnindexedRun): void => void (run.holds(query) && found.add(run));
    for (const run of runs) if (run.isRead) look(run);
    await this.#withTexts(
      runs.filter(({ isRead }) => !isRead),
      look,
    );
    return found;
  }

  /**
   * Those that may have a value of every group, by day; undefined for a day on which there are more than are looked at one by one. Undefined for all:
   * nobody knows on how many days there are such.
   */
  async byDay(groups: readonly FieldGroup[]): Promise<ReadonlyMap<string, readonly string[] | undefined> | undefined> {
    const entries = await newestEntries(this.#database);
    const found = new Map<string, string[] | undefined>(entries.map(({ day }) => [day, []]));
    let runs = (await this.#runsOf(entries)).filter((run) => run.mayHave(groups));
    if (groups.some((group) => group.includes(UNREAD_METADATA))) {
      await this.#withTexts(
        runs.filter(({ knowsMetadata }) => !knowsMetadata),
        () => undefined,
      );
      runs = runs.filter((run) => run.mayHave(groups));
    }
    for (const { run } of runs) found.get(run.day)?.push(run.runId);
    const isAll = entries.length < MOST_ENTRIES && entries.reduce((sum, entry) => sum + entry.runs.length, 0) < MOST_RUNS;
    return isAll ? found : this.#withDaysBehind(entries, found);
  }

  /** Says of which days not all entries were listed. */
  async #withDaysBehind(
    listed: readonly Entry[],
    found: Map<string, readonly string[] | undefined>,
  ): Promise<ReadonlyMap<string, readonly string[] | undefined> | undefined> {
    const { rows } = await this.#database.query<{ day: string; entries: number }>(sql`
      select to_char(day, 'YYYY-MM-DD') as day, count(*)::int as entries
      from (select f.day from muster.trace_feed f where ${BEHIND_INDEX} order by f.xid, f.no limit ${MOST_COUNTED}) f group by 1`);
    if (rows.reduce((sum, row) => sum + row.entries, 0) >= MOST_COUNTED) return undefined;
    for (const { day, entries } of rows) if (entries > listed.filter((entry) => entry.day === day).length) found.set(day, undefined);
    return found;
  }

  /** Each run once, as its newest entry has it. */
  async #runsOf(entries: readonly Entry[]): Promise<readonly UnindexedRun[]> {
    const before = this.#kept;
    const read = new Map<string, readonly UnindexedRun[]>();
    for (const of of byPartition(entries.filter(({ key }) => !before.has(key))))
      for (const [key, runs] of await readFields(this.#database, of)) read.set(key, runs);
    const runsOf = (key: string): readonly UnindexedRun[] => before.get(key) ?? read.get(key) ?? [];
    this.#kept = new Map(entries.map(({ key }) => [key, runsOf(key)]));
    const newest = new Map<string, UnindexedRun>();
    for (const { key } of entries) for (const run of runsOf(key)) if (!newest.has(run.run.runId)) newest.set(run.run.runId, run);
    return [...newest.values()];
  }

  /** Reads texts, a part at a time, and keeps them as far as there is room. What is gone meanwhile is not read. */
  async #withTexts(runs: readonly UnindexedRun[], look: (run: UnindexedRun) => void): Promise<void> {
    let room = KEPT_CHARACTERS;
    for (const kept of this.#kept.values()) for (const { characters } of kept) room -= characters;
    const breather = new Breather();
    for (const of of byPartition(runs.map((run) => ({ run, keepDays: run.run.keepDays, day: run.run.day })))) {
      for (let rest = of.map(({ run }) => run); rest.length > 0;) {
        const done = await readSomeTexts(this.#database, rest);
        for (const run of rest.slice(0, done)) {
          look(run);
          room -= run.characters;
          if (room < 0) run.forget();
          await breather.breathe();
        }
        rest = rest.slice(done);
      }
    }
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

function byPartition<Item extends Partition>(items: readonly Item[]): readonly (readonly Item[])[] {
  const partitions = new Map<string, Item[]>();
  for (const item of items) {
    const key = `${item.keepDays} ${item.day}`;
    const known = partitions.get(key);
    if (known === undefined) partitions.set(key, [item]);
    else known.push(item);
  }
  return [...partitions.values()];
}

interface FieldsRow {
  readonly run_id: string;
  readonly started: string;
  readonly project_no: number;
  readonly run_type: number;
  readonly name: string | null;
  readonly model: string | null;
  readonly provider: string | null;
  readonly thread_id: string | null;
  readonly user_id: string | null;
  readonly prompt: string | null;
  readonly tags: readonly string[] | null;
}

/** The runs of entries of one partition without their texts, by the entry. */
async function readFields(database: Queryable, entries: readonly Entry[]): Promise<ReadonlyMap<string, readonly UnindexedRun[]>> {
  const [place] = entries;
  if (place === undefined) return new Map();
  const { keepDays, day } = place;
  const { rows } = await database.query<FieldsRow>(sql`
    select r.run_id, (extract(epoch from r.start_time) * 1000000)::int8::text as started, r.project_no, r.run_type, r.name, r.model, r.provider,
      r.thread_id, r.user_id, r.prompt, r.tags
    from muster.trace_runs r
    where r.keep_days = ${keepDays} and r.day = ${day}::date and r.run_id = any(${[...new Set(entries.flatMap(({ runs }) => runs))]}::uuid[])`);
  const found = new Map(
    rows.map((row) => {
      const { name, model, provider, thread_id: threadId, user_id: userId, prompt, tags, run_type: runTypeNo } = row;
      const run = { runId: row.run_id, startTime: Number(row.started), projectNo: row.project_no, keepDays, day };
      return [row.run_id, new UnindexedRun(run, { name, model, provider, threadId, userId, prompt, tags, runTypeNo })];
    }),
  );
  return new Map(entries.map(({ key, runs }) => [key, runs.flatMap((runId) => found.get(runId) ?? [])]));
}

interface TextsRow extends LargeTexts {
  readonly n: number;
  readonly there: number;
}

/** Reads the texts of the first of these runs of one partition, as many as fit into what may be read at once; tells of how many. */
async function readSomeTexts(database: Queryable, runs: readonly UnindexedRun[]): Promise<number> {
  const [first] = runs;
  if (first === undefined) return 0;
  const { keepDays, day } = first.run;
  const { rows } = await database.query<TextsRow>(sql`
    select n, there, left(inputs, ${MOST_CHARACTERS}) as inputs, left(outputs, ${MOST_CHARACTERS}) as outputs, left(error, ${MOST_CHARACTERS}) as error,
      left(extra, ${MOST_CHARACTERS}) as extra
    from (
      select r.*, k.n::int as n, (count(*) over ())::int as there, sum(size.bytes) over (order by k.n) - size.bytes as before
      from unnest(${runs.map(({ run }) => run.runId)}::uuid[]) with ordinality k(id, n)
      join muster.trace_runs r on r.run_id = k.id and r.keep_days = ${keepDays} and r.day = ${day}::date,
      lateral (select coalesce(octet_length(r.inputs), 0) + coalesce(octet_length(r.outputs), 0) + coalesce(octet_length(r.error), 0)
        + coalesce(octet_length(r.extra), 0) as bytes) size
    ) r where before < ${READ_BYTES} order by n`);
  const texts = await inflate(
    database,
    rows.map(({ inputs, outputs, error, extra }) => ({ keepDays, day, texts: [inputs, outputs, error, extra] })),
  );
  for (const [index, { n }] of rows.entries()) {
    const [inputs = null, outputs = null, error = null, extra = null] = texts[index] ?? [];
    runs[n - 1]?.read({ inputs, outputs, error, extra });
  }
  const isAll = rows.length === (rows[0]?.there ?? 0);
  return isAll ? runs.length : (rows.at(-1)?.n ?? runs.length);
}
