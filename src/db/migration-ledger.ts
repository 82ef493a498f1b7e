import type pg from 'pg';
import type { Migration } from './migration-set.ts';

/** What the database says was done. */
export interface LedgerRow {
  readonly set: string;
  readonly version: number;
  readonly name: string;
  readonly checksum: string;
  readonly compatibleBackTo: number;
  /** Of a migration without transaction: how many of its statements are done. */
  readonly statementsDone: number;
  readonly finished: boolean;
}

export const LEDGER_DDL = `
create schema if not exists muster;
create table if not exists muster.migrations (
  set_name           text        not null,
  version            int         not null,
  name               text        not null,
  checksum           text        not null,
  compatible_back_to int         not null,
  statements_done    int         not null default 0,
  started_at         timestamptz not null default clock_timestamp(),
  applied_at         timestamptz,
  primary key (set_name, version)
)`;

export async function hasLedger(client: pg.ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ there: boolean }>(`select to_regclass('muster.migrations') is not null as there`);
  return rows[0]?.there === true;
}

export async function readLedger(client: pg.ClientBase): Promise<readonly LedgerRow[]> {
  const { rows } = await client.query<LedgerRow>(
    `select set_name as set, version, name, checksum, compatible_back_to as "compatibleBackTo",
            statements_done as "statementsDone", applied_at is not null as finished
     from muster.migrations order by set_name, version`,
  );
  return rows;
}

/** The primary key makes sure that two migrators that meet in spite of the lock do not both apply it. */
export async function recordStart(client: pg.ClientBase, migration: Migration): Promise<void> {
  await client.query(`insert into muster.migrations (set_name, version, name, checksum, compatible_back_to) values ($1, $2, $3, $4, $5)`, [
    migration.set,
    migration.version,
    migration.name,
    migration.checksum,
    migration.compatibleBackTo,
  ]);
}

export async function recordStatement(client: pg.ClientBase, migration: Migration, done: number): Promise<void> {
  await client.query(`update muster.migrations set statements_done = $3 where set_name = $1 and version = $2`, [
    migration.set,
    migration.version,
    done,
  ]);
}

export async function recordFinish(client: pg.ClientBase, migration: Migration): Promise<void> {
  await client.query(`update muster.migrations set applied_at = clock_timestamp() where set_name = $1 and version = $2`, [
    migration.set,
    migration.version,
  ]);
}
