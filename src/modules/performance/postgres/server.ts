import { messageOf, MusterError } from '../../../base/errors.ts';
import { sqlStateOf } from '../../../db/failure.ts';
import { raw, sql, type Sql } from '../../../db/sql.ts';
import type { Collection, Collector } from '../collector.ts';

/** What the statements depend on. Read again by the check `postgres_server`, so that an upgrade of the server is noticed. */
export interface ServerFacts {
  /** server_version_num: 180004 is 18.4. */
  version: number | undefined;
}

/** Whoever waits for a lock on a catalogue longer than this is in the way of a schema change, not of a measurement. */
const LOCK_TIMEOUT_MS = 200;

/** What looks through all of the catalogue may take this long, for it is asked every hour at most. */
export const ADVISOR_TIMEOUT_MS = 10_000;

/** A statement that gives rows, and what is recorded of them. */
export interface Check<Row> {
  readonly name: string;
  readonly tier: Collector['tier'];
  /** The major version that brought what it reads. Default: every version Muster supports. */
  readonly since?: 15 | 16 | 17 | 18;
  /** It looks through all of the catalogue: it may take {@link ADVISOR_TIMEOUT_MS}. */
  readonly advises?: true;
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
      if (facts.version < (check.since ?? 0) * 10_000)
        throw new MusterError('NOT_MEASURABLE', `PostgreSQL ${Math.floor(facts.version / 10_000)} does not tell it: ${check.since} does`);
      const limits = check.advises === true ? { ...collection, statementTimeoutMs: ADVISOR_TIMEOUT_MS } : collection;
      check.record(await permitted(rowsOf<Row>(limits, check.statement(facts.version))), collection);
    },
  };
}

/** What this role may not read is not there for it. */
async function permitted<T>(rows: Promise<T>): Promise<T> {
  try {
    return await rows;
  } catch (error) {
    if (sqlStateOf(error) !== '42501') throw error;
    throw new MusterError('NOT_MEASURABLE', messageOf(error), { remedy: 'Grant the role pg_monitor.', cause: error });
  }
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

/** What is left of a list that was cut, as a label. */
export const REST = '(rest)';
