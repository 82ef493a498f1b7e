import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { MusterError, messageOf } from '../base/errors.ts';
import { sqlStateOf } from './failure.ts';
import { recordFinish, recordStart, recordStatement, type LedgerRow } from './migration-ledger.ts';
import type { Migration } from './migration-set.ts';
import { splitStatements } from './split-statements.ts';

const LOCK_TIMEOUT_MS = 5_000;
const LOCK_ATTEMPTS = 6;

/** Applies one migration, or what is left of it. A failure names it, and the line where the server tells. */
export async function applyMigration(client: pg.ClientBase, migration: Migration, ledger: readonly LedgerRow[]): Promise<void> {
  const begun = ledger.find((row) => row.set === migration.set && row.version === migration.version);
  try {
    if (migration.transactional) await withLockRetries(() => applyWhole(client, migration));
    else await applyStatements(client, migration, begun);
  } catch (error) {
    const state = sqlStateOf(error);
    throw new MusterError(
      'MIGRATION_FAILED',
      `Migration ${migration.set}/${migration.name} failed: ${messageOf(error)}${detailOf(error, migration.text)}`,
      {
        data: { set: migration.set, migration: migration.name, ...(state === undefined ? {} : { sqlState: state }) },
        ...(state === '42501'
          ? { remedy: 'Run the migrations as the owner of the database, or grant this user CREATE on the database and on schema public.' }
          : {}),
        cause: error,
      },
    );
  }
}

const applyWhole = (client: pg.ClientBase, migration: Migration): Promise<void> =>
  inTransaction(client, async () => {
    await recordStart(client, migration);
    await client.query(migration.text);
    await recordFinish(client, migration);
  });

async function inTransaction(client: pg.ClientBase, work: () => Promise<void>): Promise<void> {
  try {
    await client.query(`begin; set local lock_timeout = ${LOCK_TIMEOUT_MS}; set local search_path = public`);
    await work();
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined); // a broken connection has rolled back already
    throw error;
  }
}

async function applyStatements(client: pg.ClientBase, migration: Migration, begun: LedgerRow | undefined): Promise<void> {
  if (begun === undefined) await recordStart(client, migration);
  const statements = splitStatements(migration.text);
  const first = begun?.statementsDone ?? 0;
  for (const [index, statement] of statements.entries()) {
    if (index < first) continue;
    const resumed = begun !== undefined && index === first;
    await withLockRetries(() => applyStatement(client, migration, statement, index + 1, resumed));
  }
  await recordFinish(client, migration);
}

/** With its mark in the ledger in one transaction where the server allows one, so that no kill makes it run twice. */
async function applyStatement(
  client: pg.ClientBase,
  migration: Migration,
  statement: string,
  number: number,
  resumed: boolean,
): Promise<void> {
  if (runsAlone(statement)) {
    if (!(await indexIsDone(client, statement, resumed))) await client.query(statement);
    await recordStatement(client, migration, number);
    return;
  }
  await inTransaction(client, async () => {
    await client.query(statement);
    await recordStatement(client, migration, number);
  });
}

const runsAlone = (statement: string): boolean =>
  /^(vacuum|reindex|alter\s+system|create\s+database|drop\s+database)\b|\bconcurrently\b/i.test(statement);

/**
 * CREATE INDEX CONCURRENTLY that was cut off leaves an INVALID index, which blocks its own repetition and costs every write:
 * it is dropped. One that is valid when we resume was made just before the kill.
 */
async function indexIsDone(client: pg.ClientBase, statement: string, resumed: boolean): Promise<boolean> {
  const match = /^create\s+(?:unique\s+)?index\s+concurrently\s+(?:if\s+not\s+exists\s+)?(\w+)\s+on\s+(?:only\s+)?(\w+)\./i.exec(statement);
  if (match === null) return false;
  const name = `${match[2]}.${match[1]}`;
  const { rows } = await client.query<{ valid: boolean }>('select indisvalid as valid from pg_index where indexrelid = to_regclass($1)', [
    name,
  ]);
  if (rows[0]?.valid === false) await client.query(`drop index concurrently ${name}`);
  return resumed && rows[0]?.valid === true;
}

/** A lock that is not to be had must not make the writers behind us wait: give up soon, try again later. */
async function withLockRetries(work: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      const state = sqlStateOf(error);
      if (attempt >= LOCK_ATTEMPTS || (state !== '55P03' && state !== '40P01')) throw error;
      await delay(Math.random() * 500 * attempt);
    }
  }
}

/** Detail, and the line of the file, where the server tells. */
function detailOf(error: unknown, text: string): string {
  if (typeof error !== 'object' || error === null) return '';
  const { detail, hint, position } = error as { readonly detail?: string; readonly hint?: string; readonly position?: string };
  const at = position === undefined ? undefined : text.slice(0, Number(position)).split('\n').length;
  const line = at === undefined ? '' : ` at line ${at}: ${text.split('\n')[at - 1]?.trim() ?? ''}`;
  return [line, detail, hint].filter((part) => part !== undefined && part !== '').join('. ');
}
