import type { Database, Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';
import { MusterError } from '../../base/errors.ts';

/** A watcher outside that expects to hear from Muster. Times are milliseconds since 1970. */
export interface WatcherRecord {
  readonly name: string;
  /** Of its address: what may be shown. */
  readonly origin: string;
  readonly everyMs: number;
  readonly enabled: boolean;
  readonly failures: number;
  readonly failingSince: number | null;
  readonly lastAttemptAt: number | null;
  readonly lastSuccessAt: number | null;
  readonly lastStatus: number | null;
  readonly lastError: string | null;
  readonly createdBy: string;
  readonly createdAt: number;
}

/** One whose turn it is, with its sealed address. */
export interface DueWatcher {
  readonly name: string;
  readonly url: string;
  readonly failures: number;
}

export interface Outcome {
  readonly status: number | null;
  readonly error: string | null;
}

const MOST_WATCHERS = 100;
/** What their addresses are sealed as. */
export const sealedAs = (name: string): string => `watcher ${name}`;

const ms = (column: string) => `(extract(epoch from ${column}) * 1000)::float8`;
const COLUMNS = {
  text: `name, origin, every_ms::float8 as "everyMs", enabled, failures, ${ms('failing_since')} as "failingSince",
    ${ms('last_attempt_at')} as "lastAttemptAt", ${ms('last_success_at')} as "lastSuccessAt", last_status as "lastStatus", last_error as "lastError",
    created_by as "createdBy", ${ms('created_at')} as "createdAt"`,
  values: [],
};

export class Watchers {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async list(): Promise<readonly WatcherRecord[]> {
    return (await this.#db.query<WatcherRecord>(sql`select ${COLUMNS} from muster.outside_watchers order by name`)).rows;
  }

  /** Adds one, or gives one that is there another address. `url` is sealed. */
  async put(
    name: string,
    { url, origin, everyMs }: { readonly url: string; readonly origin: string; readonly everyMs: number },
    by: string,
  ): Promise<WatcherRecord> {
    const row = await this.#db.one<WatcherRecord>(sql`insert into muster.outside_watchers (name, origin, url, every_ms, created_by)
      select ${name}, ${origin}, ${url}, ${everyMs}, ${by}
      where (select count(*) from muster.outside_watchers where name <> ${name}) < ${MOST_WATCHERS}
      on conflict (name) do update set origin = excluded.origin, url = excluded.url, every_ms = excluded.every_ms, next_at = clock_timestamp(),
        failures = 0, failing_since = null, last_error = null, last_status = null
      returning ${COLUMNS}`);
    if (row === undefined)
      throw new MusterError('TOO_LARGE', `there are ${MOST_WATCHERS} watchers already`, { remedy: 'Remove one first.' });
    return row;
  }

  async remove(name: string): Promise<boolean> {
    return (await this.#db.query(sql`delete from muster.outside_watchers where name = ${name}`)).count > 0;
  }
}

/** Those whose turn it is. Their next turn is written at once, so that a call that is cut off is not made twice in a row. */
export async function takeDue(tx: Queryable, limit: number): Promise<readonly DueWatcher[]> {
  return (
    await tx.query<DueWatcher>(sql`update muster.outside_watchers set last_attempt_at = clock_timestamp(),
      next_at = clock_timestamp() + every_ms * interval '1 millisecond'
    where name in (select name from muster.outside_watchers where enabled and next_at <= clock_timestamp() order by next_at limit ${limit})
    returning name, url, failures`)
  ).rows;
}

/** What came of a call. A failed one is repeated sooner than its turn: what waits outside may not wait long. */
export async function writeOutcome(tx: Queryable, name: string, { status, error }: Outcome): Promise<void> {
  await tx.query(
    error === null
      ? sql`update muster.outside_watchers set failures = 0, failing_since = null, last_error = null, last_status = ${status}, last_success_at = clock_timestamp()
          where name = ${name}`
      : sql`update muster.outside_watchers set failures = failures + 1, failing_since = coalesce(failing_since, clock_timestamp()),
          last_error = ${error.slice(0, 500)}, last_status = ${status},
          next_at = least(next_at, clock_timestamp() + interval '10 seconds')
          where name = ${name}`,
  );
}
