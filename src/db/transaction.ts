import type pg from 'pg';
import { copyBinary } from './copy.ts';
import type { Result, Transaction, TransactionOptions } from './database.ts';
import { failureOf } from './failure.ts';
import type { SessionFacts, SessionLimits } from './session.ts';
import type { Sql } from './sql.ts';

/** How much longer the client waits than the server works: the server's own cancel should come first. */
export const READ_GRACE_MS = 5_000;

/** BEGIN and its settings, sent as one message. Behind a pooler every limit is set here, for there is no session of ours. */
export function beginStatement(options: TransactionOptions, limits: SessionLimits, pooled: boolean): string {
  const modes = [
    options.isolation === undefined ? '' : ` isolation level ${options.isolation}`,
    options.readOnly === true ? ' read only' : '',
  ].join('');
  const settings: string[] = [`begin${modes}`];
  const statement = options.statementTimeoutMs ?? (pooled ? limits.statementTimeoutMs : undefined);
  const lock = options.lockTimeoutMs ?? (pooled ? limits.lockTimeoutMs : undefined);
  if (statement !== undefined) settings.push(`set local statement_timeout = ${whole(statement)}`);
  if (lock !== undefined) settings.push(`set local lock_timeout = ${whole(lock)}`);
  if (pooled) settings.push(`set local idle_in_transaction_session_timeout = ${whole(limits.idleInTransactionTimeoutMs)}`);
  if (options.synchronousCommit !== undefined) settings.push(`set local synchronous_commit = ${options.synchronousCommit}`);
  return settings.join('; ');
}

const whole = (ms: number): number => Math.max(0, Math.round(ms));

/** Sends one statement; prepared under its name only where the session is ours. */
export async function send<Row>(client: pg.ClientBase, statement: Sql, session: SessionFacts, timeoutMs: number): Promise<Result<Row>> {
  const query = {
    text: statement.text,
    values: statement.values as unknown[],
    query_timeout: timeoutMs,
    ...(statement.name === undefined || session.pooled ? {} : { name: statement.name }),
  };
  const result = await client.query<Row & pg.QueryResultRow>(query);
  // A text of several statements, which has no parameters, gives a result for each (the driver's types do not say so).
  const { rows, rowCount } = [result].flat().at(-1) ?? result;
  return { rows, count: rowCount ?? 0 };
}

/** The commit broke off on the way: it may or may not have happened. */
export class CommitUnknown extends Error {
  override readonly cause: unknown;
  constructor(cause: unknown) {
    super('the connection broke while the transaction was being committed');
    this.name = 'CommitUnknown';
    this.cause = cause;
  }
}

/** One transaction on one connection. On any failure it is rolled back, or the caller throws the connection away. */
export async function runTransaction<T>(
  client: pg.ClientBase,
  session: SessionFacts,
  limits: SessionLimits,
  options: TransactionOptions,
  work: (tx: Transaction) => Promise<T>,
): Promise<T> {
  const timeoutMs = (options.statementTimeoutMs ?? limits.statementTimeoutMs) + READ_GRACE_MS;
  let open = true;
  const whileOpen = (): void => {
    if (!open) throw new Error('the transaction has ended: a statement was not awaited');
  };
  const tx: Transaction = {
    query: async (statement) => {
      whileOpen();
      return send(client, statement, session, timeoutMs);
    },
    copyBinary: async (statement, payload) => {
      whileOpen();
      return copyBinary(client, statement, payload, timeoutMs);
    },
  };
  try {
    await client.query({ text: beginStatement(options, limits, session.pooled), query_timeout: timeoutMs } as pg.QueryConfig);
    const result = await work(tx);
    open = false;
    await commit(client, timeoutMs);
    return result;
  } catch (error) {
    open = false;
    if (!failureOf(error).discard && !(error instanceof CommitUnknown)) await rollback(client, timeoutMs);
    throw error;
  }
}

async function commit(client: pg.ClientBase, timeoutMs: number): Promise<void> {
  let result: pg.QueryResult;
  try {
    result = await client.query({ text: 'commit', query_timeout: timeoutMs } as pg.QueryConfig);
  } catch (error) {
    throw failureOf(error).outcomeUnknown ? new CommitUnknown(error) : error;
  }
  // An aborted transaction answers COMMIT with ROLLBACK and no error: somebody caught a statement's error and went on.
  if (result.command === 'ROLLBACK') throw new Error('the transaction was rolled back: a statement in it had failed');
}

async function rollback(client: pg.ClientBase, timeoutMs: number): Promise<void> {
  try {
    await client.query({ text: 'rollback', query_timeout: timeoutMs } as pg.QueryConfig);
  } catch {
    // The pool sees a connection that is not idle and throws it away, which rolls back for certain; the first error matters.
  }
}
