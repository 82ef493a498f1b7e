import { MusterError } from '../../../base/errors.ts';
import type { Database, Transaction } from '../../../db/database.ts';
import { failureOf, sqlStateOf } from '../../../db/failure.ts';
import type { Repeats } from '../blobs/repeats.ts';
import type { TracePartitions } from '../partitions/partitions.ts';
import type { Batch } from './batch.ts';
import { insertOrphans } from './orphans.ts';
import { placeNumber } from './preparation.ts';
import { keyOf, type RunRow } from './run-row.ts';
import { upsertRuns } from './run-upsert.ts';
import { insertBlobs, insertQuarantine, upsertAttachments, upsertFeedback } from './side-statements.ts';

export interface WriterLimits {
  /** What may wait or be under way, in bytes, before callers are told to come back. */
  readonly mostBytes: number;
  /** What goes into one transaction. */
  readonly groupBytes: number;
  readonly groupRuns: number;
  /** How long a first submission waits for others to share its transaction. */
  readonly collectMs: number;
  readonly transactions: number;
  /** When a caller hears that the database does not answer: SDKs wait for 10 s. */
  readonly answerMs: number;
}

export const WRITER_LIMITS: WriterLimits = {
  mostBytes: 192 * 1_048_576,
  groupBytes: 8 * 1_048_576,
  groupRuns: 1_000,
  collectMs: 2,
  transactions: 2,
  answerMs: 8_000,
};

interface Waiting {
  readonly batch: Batch;
  /** What the database itself refused of it. */
  refused: number;
  readonly done: (error?: unknown) => void;
}

interface Rooms {
  readonly database: Database;
  readonly partitions: TracePartitions;
  readonly repeats: Repeats;
  readonly redactText: (text: string) => string;
  /** Told of the runs that feedback came before. */
  readonly early: (runIds: readonly string[]) => void;
}

/** Writes what concurrent requests bring in shared transactions: one commit, and one wait for the disk, for all that came meanwhile. */
export class RunWriter {
  readonly #rooms: Rooms;
  readonly #limits: WriterLimits;
  readonly #queue: Waiting[] = [];
  #bytes = 0;
  #open = 0;
  #timer: NodeJS.Timeout | undefined;
  #idle: (() => void)[] = [];

  constructor(rooms: Rooms, limits: WriterLimits = WRITER_LIMITS) {
    this.#rooms = rooms;
    this.#limits = limits;
  }

  /** Resolves when it is committed; to how much of it the database refused, which then lies in quarantine. Throws what the database throws. */
  async write(batch: Batch): Promise<number> {
    return new Promise<number>((resolve, reject) => {
      const waiting: Waiting = {
        batch,
        refused: 0,
        done: (error) => {
          this.#bytes -= batch.bytes;
          if (error === undefined) resolve(waiting.refused);
          else reject(error);
        },
      };
      this.#bytes += batch.bytes;
      this.#queue.push(waiting);
      this.#pump();
    });
  }

  /** What waits or is under way. */
  get load(): { readonly bytes: number; readonly submissions: number } {
    return { bytes: this.#bytes, submissions: this.#queue.length };
  }

  /** Resolves when nothing waits any more. */
  async drain(): Promise<void> {
    if (this.#open === 0 && this.#queue.length === 0) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #pump(): void {
    if (this.#queue.length === 0 || this.#open >= this.#limits.transactions || this.#timer !== undefined) return;
    // While a transaction is under way its end begins the next one; only a large group is worth a second one beside it.
    if (this.#open > 0 && this.#queue.reduce((runs, { batch }) => runs + batch.rows.length, 0) < this.#limits.groupRuns / 2) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#flush();
    }, this.#limits.collectMs);
  }

  async #flush(): Promise<void> {
    const group = this.#take();
    if (group.length === 0) return;
    this.#open += 1;
    this.#pump();
    try {
      await this.#commit(group);
      for (const { done } of group) done();
    } catch (error) {
      if (failureOf(error).code !== undefined || failureOf(error).transient) for (const { done } of group) done(error);
      else await this.#oneByOne(group);
    } finally {
      this.#open -= 1;
      if (this.#open === 0 && this.#queue.length === 0) for (const idle of this.#idle.splice(0)) idle();
      this.#pump();
    }
  }

  #take(): Waiting[] {
    const group: Waiting[] = [];
    let runs = 0;
    let bytes = 0;
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      runs += next.batch.rows.length;
      bytes += next.batch.bytes;
      if (group.length > 0 && (runs > this.#limits.groupRuns || bytes > this.#limits.groupBytes)) break;
      group.push(next);
      this.#queue.shift();
    }
    return group;
  }

  async #commit(group: readonly Waiting[]): Promise<void> {
    const rows = mergedRows(group.flatMap(({ batch }) => batch.rows));
    await this.#transaction(async (tx) => {
      await this.#writeRows(tx, rows);
      await this.#writeRest(tx, group);
    }, rows);
  }

  /** Something in the group is refused by the database: each submission by itself, and of the one it is in, each half, down to the run. */
  async #oneByOne(group: readonly Waiting[]): Promise<void> {
    for (const waiting of group) {
      try {
        if (group.length > 1) await this.#commit([waiting]);
        else await this.#salvage(waiting);
        waiting.done();
      } catch (error) {
        const { code, transient } = failureOf(error);
        if (group.length === 1 || code !== undefined || transient) waiting.done(error);
        else await this.#oneByOne([waiting]);
      }
    }
  }

  async #salvage(waiting: Waiting): Promise<void> {
    const { batch } = waiting;
    await this.#halves(waiting, mergedRows(batch.rows));
    await this.#transaction((tx) => this.#writeRest(tx, [waiting]), []);
  }

  async #halves(waiting: Waiting, rows: readonly RunRow[]): Promise<void> {
    if (rows.length === 0) return;
    try {
      await this.#transaction((tx) => this.#writeRows(tx, rows), rows);
    } catch (error) {
      const { code, transient } = failureOf(error);
      if (code !== undefined || transient) throw error;
      const [first] = rows;
      if (rows.length === 1 && first !== undefined) {
        waiting.refused += 1;
        const body = first.inputs ?? first.outputs ?? first.extra ?? '';
        const message = error instanceof Error ? error.message : String(error);
        const refused = { source: waiting.batch.source, reason: 'refused_by_database' as const, message, runId: first.runId, body };
        const statement = insertQuarantine([refused], this.#rooms.redactText);
        if (statement !== undefined) await this.#rooms.database.query(statement);
        return;
      }
      const middle = rows.length >> 1;
      await this.#halves(waiting, rows.slice(0, middle));
      await this.#halves(waiting, rows.slice(middle));
    }
  }

  /** Runs the work in a transaction; once more where a partition was dropped under our feet. */
  async #transaction(work: (tx: Transaction) => Promise<void>, rows: readonly RunRow[]): Promise<void> {
    const { database, partitions, repeats } = this.#rooms;
    const run = () =>
      database.transaction(work, { attempts: 3, statementTimeoutMs: this.#limits.answerMs, lockTimeoutMs: this.#limits.answerMs / 2 });
    try {
      await run();
    } catch (error) {
      if (sqlStateOf(error) !== NO_PARTITION) throw error;
      partitions.forget();
      for (const { keepDays, day } of rows) await partitions.ensure(keepDays, day);
      await run();
    }
    for (const row of rows) if (row.blobs.length > 0) repeats.committed(row.blobs, placeNumber(row));
  }

  async #writeRows(tx: Transaction, rows: readonly RunRow[]): Promise<void> {
    if (rows.length === 0) return;
    const blobs = insertBlobs(rows);
    if (blobs !== undefined) await tx.query(blobs);
    await tx.query(upsertRuns(rows));
    const attachments = upsertAttachments(rows);
    if (attachments !== undefined) await tx.query(attachments);
  }

  async #writeRest(tx: Transaction, group: readonly Waiting[]): Promise<void> {
    const feedback = upsertFeedback(group.flatMap(({ batch }) => batch.feedback));
    if (feedback !== undefined) {
      const { rows } = await tx.query<{ run_id: string | null; project_no: number | null }>(feedback);
      const early = rows.flatMap(({ project_no, run_id }) => (project_no === null && run_id !== null ? [run_id] : []));
      if (early.length > 0) this.#rooms.early(early);
    }
    const statements = [
      insertOrphans(group.flatMap(({ batch }) => batch.orphans)),
      insertQuarantine(
        group.flatMap(({ batch }) => batch.refused.map((refused) => ({ ...refused, source: batch.source }))),
        this.#rooms.redactText,
      ),
    ];
    for (const statement of statements) if (statement !== undefined) await tx.query(statement);
  }
}

/** A check violation: "no partition of relation found for row". */
const NO_PARTITION = '23514';

export const overloaded = (): MusterError =>
  new MusterError('OVERLOADED', 'more runs arrive than can be written', { data: { retryAfterSeconds: 2 } });

/** One row a run and day, in the order of their ids: two writers then never wait for each other in a circle. */
function mergedRows(rows: readonly RunRow[]): readonly RunRow[] {
  const merged = new Map<string, RunRow>();
  for (const row of rows) {
    const there = merged.get(keyOf(row));
    if (there === undefined) merged.set(keyOf(row), row);
    else there.add(row);
  }
  return [...merged.values()].toSorted((a, b) => (a.runId < b.runId ? -1 : 1));
}
