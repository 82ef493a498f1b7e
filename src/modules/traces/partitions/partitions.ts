import { ensureDay } from '../../../db/partitions.ts';
import type { Database, Queryable } from '../../../db/database.ts';
import { raw, sql } from '../../../db/sql.ts';
import { dateOf } from '../run/days.ts';

/** What is partitioned by how long it is kept, then by day. */
export const KEPT_TABLES = ['trace_runs', 'trace_blobs', 'trace_attachments', 'trace_search_segments', 'trace_search_postings'] as const;

/** What is kept for so many days: `trace_runs_k30`. */
export const classOf = (table: string, keepDays: number): string => `${table}_k${keepDays}`;

const MOST_REMEMBERED = 10_000;

/** Makes partitions when the first run of a day needs them, and remembers which are there. */
export class TracePartitions {
  readonly #db: Database;
  readonly #known = new Set<string>();
  /** Requests that come together wait for one. */
  readonly #under = new Map<string, Promise<void>>();

  constructor(db: Database) {
    this.#db = db;
  }

  /** Whether rows of that day find their partition without asking. */
  has(keepDays: number, day: number): boolean {
    return this.#known.has(`${keepDays}:${day}`);
  }

  async ensure(keepDays: number, day: number): Promise<void> {
    if (this.has(keepDays, day)) return;
    const key = `${keepDays}:${day}`;
    const under = this.#under.get(key) ?? this.#make(keepDays, day).finally(() => this.#under.delete(key));
    this.#under.set(key, under);
    await under;
  }

  async #make(keepDays: number, day: number): Promise<void> {
    for (const table of KEPT_TABLES) {
      await ensureClass(this.#db, table, keepDays);
      await ensureDay(this.#db, classOf(table, keepDays), dateOf(day));
    }
    if (this.#known.size >= MOST_REMEMBERED) this.#known.clear();
    this.#known.add(`${keepDays}:${day}`);
  }

  /** After a row found none: somebody dropped what we remember. */
  forget(): void {
    this.#known.clear();
  }
}

/** The class of a table, made apart and attached, so that writers of others go on. Harmless when another server does the same. */
export async function ensureClass(db: Database, table: string, keepDays: number): Promise<void> {
  const days = Math.trunc(keepDays);
  const name = classOf(table, days);
  if (await isThere(db, name)) return;
  await db.transaction(
    async (tx) => {
      await tx.query(sql`select pg_advisory_xact_lock(hashtextextended(${`muster partitions ${table}`}, 0))`);
      if (await isThere(tx, name)) return; // now that nobody else makes it
      const [parent, partition] = [raw(`muster.${table}`), raw(`muster.${name}`)];
      await tx.query(sql`create table ${partition} (like ${parent} including all excluding identity) partition by range (day)`);
      await tx.query(sql`alter table ${parent} attach partition ${partition} for values in (${raw(`${days}`)})`);
    },
    { lockTimeoutMs: 5_000 },
  );
}

/** Asks the catalogue itself: within a transaction to_regclass() goes on saying that a name is not there which it once did not find. */
async function isThere(db: Queryable, name: string): Promise<boolean> {
  const { rows } = await db.query(
    sql`select from pg_class where relname = ${name} and relnamespace = (select oid from pg_namespace where nspname = 'muster')`,
  );
  return rows.length > 0;
}
