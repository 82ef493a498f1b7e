import { MusterError } from '../../../base/errors.ts';
import { raw, sql, type Sql } from '../../../db/sql.ts';
import type { Collection, Collector } from '../collector.ts';

/** What the statements depend on. Read again by the check `postgres_server`, so that an upgrade of the server is noticed. */
export interface ServerFacts {
  /** server_version_num: 180004 is 18.4. */
  version: number | undefined;
}

/** Whoever waits for a lock on a catalogue longer than this is in the way of a schema change, not of a measurement. */
const LOCK_TIMEOUT_MS = 200;

/** A statement that gives rows, and what is recorded of them. */
export interface Check<Row> {
  readonly name: string;
  readonly tier: Collector['tier'];
  readonly statement: (version: number) => Sql;
  readonly record: (rows: readonly Row[], collection: Collection) => void;
}

/** A check as a collector: asks the server for its version once, then runs its statement, bounded in time. */
export function collectorOf<Row>(check: Check<Row>, facts: ServerFacts): Collector {
  return {
    name: check.name,
    tier: check.tier,
    asksDatabase: true,
    async collect(collection) {
      facts.version ??= await serverVersion(collection);
      check.record(await rowsOf<Row>(collection, check.statement(facts.version)), collection);
    },
  };
}

export async function rowsOf<Row>({ sql: database, statementTimeoutMs }: Collection, statement: Sql): Promise<readonly Row[]> {
  const { rows } = await database.read<Row>(statement, { statementTimeoutMs, lockTimeoutMs: LOCK_TIMEOUT_MS });
  return rows;
}

async function serverVersion(collection: Collection): Promise<number> {
  const [row] = await rowsOf<{ readonly version: number }>(collection, sql`select current_setting('server_version_num')::int as version`);
  return onlyRow(row).version;
}

export function onlyRow<Row>(row: Row | undefined): Row {
  if (row === undefined) throw new MusterError('MEASUREMENT_FAILED', 'a statistics view of the server gave no row');
  return row;
}

/** Seconds of an interval, as a float. */
export const seconds = (interval: string) => raw(`extract(epoch from ${interval})::float8`);
