import type { Sql } from './sql.ts';

/**
 * What a statement gave back. Values come as `pg` gives them (timestamptz as Date, numeric as text, jsonb parsed), but for
 * bigint: a number while that is exact, the server's text beyond 2^53.
 */
export interface Result<Row> {
  readonly rows: readonly Row[];
  /** Rows returned or changed. */
  readonly count: number;
}

/** Whatever can run statements: the pool, or one open transaction. */
export interface Queryable {
  query<Row = Record<string, unknown>>(statement: Sql): Promise<Result<Row>>;
}

export interface Transaction extends Queryable {
  /** COPY … FROM STDIN (FORMAT binary): the whole payload, header and trailer included. Resolves to the rows copied. */
  copyBinary(statement: string, payload: Buffer): Promise<number>;
}

export interface TransactionOptions {
  readonly isolation?: 'read committed' | 'repeatable read' | 'serializable';
  readonly readOnly?: boolean;
  /** `off` may lose the last second when the database server itself crashes: for samples and history only. */
  readonly synchronousCommit?: 'on' | 'off';
  readonly statementTimeoutMs?: number;
  readonly lockTimeoutMs?: number;
  /** Which connections to use; `heartbeat` is reserved, so that a full pool never starves a beat. */
  readonly pool?: PoolName;
  /** Run it again on a serialization failure or deadlock, at most this many times in all. Default 1. */
  readonly attempts?: number;
}

export type PoolName = 'main' | 'heartbeat';

/** One pool of connections, as it is now. */
export interface PoolStatus {
  readonly pool: PoolName;
  /** Connections open at most. */
  readonly max: number;
  /** Connections open now. */
  readonly total: number;
  readonly idle: number;
  /** Callers that wait for a connection. */
  readonly waiting: number;
  /** Since the start, where the pool counts it. */
  readonly totals?: PoolTotals;
}

/** What a pool has done since its start. */
export interface PoolTotals {
  /** Times a connection was handed out. */
  readonly uses: number;
  /** How long callers waited for one, and how long they kept it: ms. */
  readonly waitMs: number;
  readonly useMs: number;
  /** Callers who got none: the server was away, or the wait too long. */
  readonly failures: number;
}

/** A PostgreSQL database, reached through pools that heal. Errors are MusterErrors of the DATABASE_ family where a person can act on them. */
export interface Database extends Queryable {
  query<Row = Record<string, unknown>>(statement: Sql, options?: { readonly pool?: PoolName }): Promise<Result<Row>>;
  /** The only row, or undefined. */
  one<Row = Record<string, unknown>>(statement: Sql, options?: { readonly pool?: PoolName }): Promise<Row | undefined>;
  transaction<T>(work: (tx: Transaction) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** How full the pools are. */
  pools?(): readonly PoolStatus[];
  /** One statement outside of any transaction, as VACUUM must be, on a connection of its own: it works where the pools are wedged. */
  maintain?<Row = Record<string, unknown>>(statement: Sql, limits: MaintenanceLimits): Promise<Result<Row>>;
}

export interface MaintenanceLimits {
  readonly statementTimeoutMs: number;
  readonly lockTimeoutMs: number;
  /** The server cancels the statement soon after this aborts. */
  readonly signal?: AbortSignal | undefined;
}
