import type { PostgresAdapter } from '../../src/db/adapter.ts';
import { sql } from '../../src/db/sql.ts';
import { later } from './part.ts';

const ROWS = 20;
const LIMITS = { statementTimeoutMs: 300_000, lockTimeoutMs: 300_000 };

/** Sessions that wait for rows which one transaction holds: what psql does to a database that nobody minds. */
export class LockQueue {
  readonly #database: PostgresAdapter;
  readonly #letGo: () => void;
  readonly #holder: Promise<unknown>;
  readonly #waiting: Promise<unknown>[] = [];

  private constructor(database: PostgresAdapter, holder: Promise<unknown>, letGo: () => void) {
    this.#database = database;
    this.#holder = holder;
    this.#letGo = letGo;
  }

  static async open(database: PostgresAdapter): Promise<LockQueue> {
    await database.query(sql`create table if not exists public.bench_rows as select generate_series(1, ${ROWS}::int) as id`);
    let letGo = (): void => undefined;
    const over = new Promise<void>((resolve) => (letGo = resolve));
    let isHeld = (): void => undefined;
    const held = new Promise<void>((resolve) => (isHeld = resolve));
    const holder = database.transaction(async (tx) => {
      await tx.query(sql`select from public.bench_rows for update`);
      isHeld();
      await over;
    }, LIMITS);
    await Promise.race([held, holder]);
    return new LockQueue(database, holder, letGo);
  }

  /** One more session waits, from when the server has its statement on. */
  wait(): void {
    const row = this.#waiting.length + 1;
    const wanted = sql`select from public.bench_rows where id = ${row} for update`;
    this.#waiting.push(later(this.#database.transaction((tx) => tx.query(wanted), LIMITS)));
  }

  async release(): Promise<void> {
    this.#letGo();
    await Promise.all([this.#holder, ...this.#waiting]);
  }
}
