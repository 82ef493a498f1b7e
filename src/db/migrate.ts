import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { MusterError } from '../base/errors.ts';
import type { PostgresAdapter } from './adapter.ts';
import { openClient } from './client.ts';
import { applyMigration } from './apply-migration.ts';
import { hasLedger, LEDGER_DDL, readLedger } from './migration-ledger.ts';
import { readMigrationSet, type Migration, type MigrationSet } from './migration-set.ts';
import { ensurePartitions } from './partitions.ts';
import { planSchema, publicRelationsOf } from './schema-plan.ts';
import { translate } from './translate.ts';

export interface MigrateOptions {
  /** Told before each migration. */
  readonly onProgress?: (step: MigrationStep) => void;
  /** How long to wait for another migrator. Default 60 s. */
  readonly waitMs?: number;
}

export interface MigrationStep {
  readonly set: string;
  readonly name: string;
  readonly index: number;
  readonly total: number;
}

export interface MigrationReport {
  /** `core/000001_core` … in the order in which they were applied now. */
  readonly applied: readonly string[];
  readonly versions: Readonly<Record<string, number>>;
  readonly ms: number;
}

/** Any number, the same in every program that migrates: the first eight bytes of "muster migrations". */
const LOCK_KEY = '7887337266164670573';

/**
 * Brings the schema up to what this program knows. Safe with two at once, and after one that was killed: a migration
 * is applied with its ledger row in one transaction, or statement by statement with a ledger of the statements.
 */
export async function migrate(
  database: PostgresAdapter,
  sets: readonly MigrationSet[],
  options: MigrateOptions = {},
): Promise<MigrationReport> {
  const started = performance.now();
  const known = await Promise.all(sets.map(async (set) => ({ set, migrations: await readMigrationSet(set) })));
  const applied: string[] = [];
  try {
    await using holder = await openClient(database.directConnection, { applicationName: 'muster migrations lock' });
    await using worker = await openClient(database.directConnection, { applicationName: 'muster migrations' });
    await takeLock(holder.client, options.waitMs ?? 60_000);
    const ledger = (await hasLedger(worker.client)) ? await readLedger(worker.client) : [];
    const pending = known.flatMap(({ set, migrations }) => planSchema(set.name, migrations, ledger).pending);
    const firstTime = pending.filter(({ set }) => !ledger.some((row) => row.set === set));
    await refuseStrangers(worker.client, firstTime);
    if (pending.length > 0) await worker.client.query(LEDGER_DDL);
    for (const [index, migration] of pending.entries()) {
      options.onProgress?.({ set: migration.set, name: migration.name, index, total: pending.length });
      await applyMigration(worker.client, migration, ledger);
      applied.push(`${migration.set}/${migration.name}`);
    }
    await holder.client.query('commit');
  } catch (error) {
    throw translate(error, database.directConnection);
  }
  await ensurePartitions(database);
  return {
    applied,
    versions: Object.fromEntries(known.map(({ set, migrations }) => [set.name, migrations.at(-1)?.version ?? 0])),
    ms: performance.now() - started,
  };
}

/** For a start without migrating: throws SCHEMA_MISSING or SCHEMA_NEWER unless the schema fits this program. */
export async function checkSchema(database: PostgresAdapter, sets: readonly MigrationSet[]): Promise<void> {
  try {
    await using worker = await openClient(database.directConnection, { applicationName: 'muster schema check', queryTimeoutMs: 30_000 });
    const ledger = (await hasLedger(worker.client)) ? await readLedger(worker.client) : [];
    for (const set of sets) {
      const { pending } = planSchema(set.name, await readMigrationSet(set), ledger);
      const first = pending[0];
      if (first !== undefined)
        throw new MusterError('SCHEMA_MISSING', `Migration ${set.name}/${first.name} is not applied.`, {
          data: { pending: pending.length },
        });
    }
  } catch (error) {
    throw translate(error, database.directConnection);
  }
}

/**
 * One migrator at a time. The lock lives in an open transaction on a connection of its own, so that it works through
 * a pooler too and ends with the process. Between statements such a transaction holds no snapshot: it does not hold up
 * CREATE INDEX CONCURRENTLY.
 */
async function takeLock(client: pg.ClientBase, waitMs: number): Promise<void> {
  const deadline = performance.now() + waitMs;
  await client.query('begin; set local idle_in_transaction_session_timeout = 0');
  for (let pause = 20; ; pause = Math.min(pause * 2, 500)) {
    const { rows } = await client.query<{ mine: boolean }>(`select pg_try_advisory_xact_lock(${LOCK_KEY}) as mine`);
    if (rows[0]?.mine === true) return;
    if (performance.now() > deadline) {
      throw new MusterError(
        'MIGRATION_FAILED',
        `Another process has been migrating this database for more than ${Math.round(waitMs / 1000)} s.`,
        {
          remedy: "Wait for it, or look for it in pg_stat_activity under application_name 'muster migrations'.",
        },
      );
    }
    await delay(pause);
  }
}

/** Tables of somebody else under our names: told before anything is done. */
async function refuseStrangers(client: pg.ClientBase, firstTime: readonly Migration[]): Promise<void> {
  const names = publicRelationsOf(firstTime);
  if (names.length === 0) return;
  const { rows } = await client.query<{ name: string }>(
    `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'public' and c.relname = any($1) order by 1`,
    [names],
  );
  if (rows.length === 0) return;
  const list = rows.map(({ name }) => `public.${name}`).join(', ');
  throw new MusterError('SCHEMA_OCCUPIED', `The database already has ${list}, which Muster did not make.`, {
    data: { relations: rows.map(({ name }) => name) },
  });
}
