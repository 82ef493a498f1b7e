import { Breather } from '../../../base/breather.ts';
import type { Database, Transaction } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import type { FeedEntry, FeedReader } from '../feed/feed-reader.ts';
import { isMine } from '../feed/feed-service.ts';
import { tierOf, type Prices } from '../prices/index.ts';
import { bucketOf, count, countPrice, grainsOf, isCallOf, usageOf } from './counted-run.ts';
import { DIMENSIONS, GRAINS, KEPT_DAYS, OTHER, ROOM } from './dimension.ts';
import { addStored, readValues, writeTallies } from './figure-rows.ts';
import { readRuns, writePrices, type LatePrice, type RunRow } from './run-rows.ts';
import { keyOf, Tallies, type Place, type Room } from './tally.ts';

const ENTRIES_AT_ONCE = 400;
const RUNS_AT_ONCE = 20_000;
/** By one statement: its answer is parsed in one go, and whoever else has something to do waits. */
const READ_AT_ONCE = 500;
const MOST_ROOMS = 3_000;
const ATTEMPTS = 3;

/** What a step did. */
export interface Counted {
  /** Runs counted. */
  readonly runs: number;
  /** Runs that got a price only now. */
  readonly priced: number;
  /** There may be more to count at once. */
  readonly isFull: boolean;
}

const NOTHING: Counted = { runs: 0, priced: 0, isFull: false };

/**
 * Counts every completed run once: the figures and the place in the feed change in one transaction. Any number of processes may try; one counts,
 * the others find the lock taken.
 */
export class FigureKeeper {
  readonly #db: Database;
  readonly #feed: FeedReader;
  readonly #prices: Prices;
  /** Which values have a row. It holds as long as nobody else moved the cursor. */
  #rooms = new Map<string, Set<string>>();
  #place = '';

  constructor(db: Database, feed: FeedReader, prices: Prices) {
    this.#db = db;
    this.#feed = feed;
    this.#prices = prices;
  }

  /** Counts what is next in the feed. */
  async step(): Promise<Counted> {
    if (!(await this.#feed.hasMore())) return NOTHING;
    try {
      return await this.#db.transaction((tx) => this.#count(tx), { attempts: ATTEMPTS });
    } catch (error) {
      this.#rooms.clear();
      throw error;
    }
  }

  /** Drops rows that are too old. Returns how many. */
  async prune(): Promise<number> {
    let rows = 0;
    for (const grain of GRAINS) {
      const { count: dropped } = await this.#db.query(sql`
        delete from muster.trace_figures where grain = ${grain} and bucket < clock_timestamp() - make_interval(days => ${KEPT_DAYS[grain]})`);
      rows += dropped;
    }
    return rows;
  }

  async #count(tx: Transaction): Promise<Counted> {
    if (!(await isMine(tx, 'figures'))) return NOTHING;
    await this.#forgetWhereAnotherCounted(tx);
    const batch = await this.#feed.take(ENTRIES_AT_ONCE, RUNS_AT_ONCE, tx);
    if (batch === undefined) return NOTHING;
    const counts: ToCount[] = [];
    let priced = 0;
    for (const part of byPartition(batch.entries)) {
      const late = await this.#read(tx, part, batch.place.xid, counts);
      if (late.length > 0) await writePrices(tx, part.keepDays, part.day, late);
      priced += late.length;
    }
    await this.#openRooms(tx, counts);
    await this.#write(tx, counts);
    await this.#feed.advance(tx, batch);
    this.#place = `${batch.place.xid} ${batch.place.no}`;
    const runs = counts.filter(({ isNew }) => isNew).length;
    return { runs, priced, isFull: batch.entries.length >= ENTRIES_AT_ONCE || batch.runs >= RUNS_AT_ONCE };
  }

  async #forgetWhereAnotherCounted(tx: Transaction): Promise<void> {
    const { rows } = await tx.query<{ place: string }>(
      sql`select xid::text || ' ' || no::text as place from muster.trace_cursors where reader = ${this.#feed.name}`,
    );
    if (rows[0]?.place !== this.#place || this.#rooms.size > MOST_ROOMS) this.#rooms.clear();
  }

  /** Reads what is to be counted of one partition; returns the prices that runs lacked and that can be told now. */
  async #read(tx: Transaction, part: Part, xid: string, counts: ToCount[]): Promise<readonly LatePrice[]> {
    const minutesFrom = (part.at - KEPT_DAYS[60] * 86_400_000) * 1_000;
    const late: LatePrice[] = [];
    const breather = new Breather();
    const { keepDays, day, completed, changed } = part;
    const ids = [...completed, ...changed];
    for (let at = 0; at < ids.length; at += READ_AT_ONCE)
      for (const run of await readRuns(tx, { keepDays, day, runIds: ids.slice(at, at + READ_AT_ONCE), xid })) {
        const price = this.#latePrice(run);
        const isNew = completed.has(run.runId);
        if (price !== undefined) late.push(price);
        if (isNew || price !== undefined) counts.push({ run: price === undefined ? run : withPrice(run, price), isNew, minutesFrom });
        await breather.breathe();
      }
    return late;
  }

  /** The model may come with the beginning of a run and what it used with its end: only together they have a price. */
  #latePrice(run: RunRow): LatePrice | undefined {
    if (run.totalCost !== null || run.totalTokens === null || run.model === null || !isCallOf(run.runType)) return undefined;
    const usage = run.usage === null ? undefined : usageOf(run.usage);
    const price = this.#prices.priceOf({
      provider: run.provider ?? undefined,
      model: run.model,
      at: run.startTime,
      tier: tierOf(usage?.service_tier),
      usage: {
        input: run.promptTokens ?? 0,
        output: run.completionTokens ?? 0,
        inputDetails: usage?.input_token_details,
        outputDetails: usage?.output_token_details,
      },
    });
    if (price === undefined) return undefined;
    const { inputCost, outputCost, totalCost, source } = price;
    return { runId: run.runId, inputCost, outputCost, totalCost, usage: JSON.stringify({ ...usage, price: source }) };
  }

  /** Learns which values have a row where runs are to be counted. */
  async #openRooms(tx: Transaction, counts: readonly ToCount[]): Promise<void> {
    const unread = new Map<string, Room>();
    const seen = new Map<number, Set<number>>();
    for (const { run, minutesFrom } of counts) {
      // Runs of one minute share their stretches: nearly all of a batch do.
      const { projectNo, startTime } = run;
      const minutes = seen.get(projectNo) ?? new Set();
      const grains = grainsOf(startTime, minutesFrom);
      const minute = bucketOf(startTime, 60) + grains.length;
      if (minutes.has(minute)) continue;
      seen.set(projectNo, minutes.add(minute));
      for (const grain of grains) {
        const first: Room = { projectNo, grain, bucket: bucketOf(startTime, grain), dimension: 'trace' };
        if (this.#rooms.has(keyOf(first)) || unread.has(keyOf(first))) continue;
        for (const dimension of DIMENSIONS) unread.set(keyOf({ ...first, dimension }), { ...first, dimension });
      }
    }
    if (unread.size > 0) for (const [room, values] of await readValues(tx, [...unread.values()])) this.#rooms.set(room, new Set(values));
  }

  /** Adds the runs to what the rows hold, and writes them. A value that is new in a full room goes to the others. */
  async #write(tx: Transaction, counts: readonly ToCount[]): Promise<void> {
    // From here on the rooms say what will be true once this commits.
    this.#place = '';
    const fresh = new Set<string>();
    const admits = (room: Room, value: string): boolean => {
      const key = keyOf(room);
      const values = this.#rooms.get(key);
      if (values === undefined || values.has(value)) return true;
      if (value !== OTHER && values.size >= ROOM[room.grain]) return false;
      values.add(value);
      fresh.add(`${key} ${value}`);
      return true;
    };
    const tallies = new Tallies(admits);
    for (const { run, isNew, minutesFrom } of counts) (isNew ? count : countPrice)(tallies, run, minutesFrom);
    const stored: Place[] = [];
    for (const { place } of tallies.rows()) {
      if (place.value === OTHER) admits(place, OTHER);
      if (!fresh.has(`${keyOf(place)} ${place.value}`)) stored.push(place);
    }
    await addStored(tx, tallies, stored);
    await writeTallies(tx, tallies);
  }
}

/** A run that has ended, or (not `isNew`) one that was counted and has a price only now. */
interface ToCount {
  readonly run: RunRow;
  readonly isNew: boolean;
  readonly minutesFrom: number;
}

interface Part {
  readonly keepDays: number;
  readonly day: string;
  /** When the last of it was committed, milliseconds since 1970. */
  at: number;
  readonly completed: Set<string>;
  readonly changed: Set<string>;
}

function byPartition(entries: readonly FeedEntry[]): readonly Part[] {
  const parts = new Map<string, Part>();
  for (const { keepDays, day, at, runs, completed } of entries) {
    const key = `${keepDays} ${day}`;
    const part = parts.get(key) ?? { keepDays, day, at: 0, completed: new Set(), changed: new Set() };
    parts.set(key, part);
    part.at = Math.max(part.at, at.getTime());
    for (const run of completed) part.completed.add(run);
    for (const run of runs) part.changed.add(run);
  }
  for (const { completed, changed } of parts.values()) for (const run of completed) changed.delete(run);
  return [...parts.values()];
}

const withPrice = (run: RunRow, { inputCost, outputCost, totalCost, usage }: LatePrice): RunRow => ({
  ...run,
  promptCost: inputCost,
  completionCost: outputCost,
  totalCost,
  usage,
});
