import { sql } from '../../../db/sql.ts';
import type { Collector } from '../collector.ts';
import type { Labels } from '../reading.ts';
import { activity, lockWaits } from './activity.ts';
import {
  collations,
  extensions,
  hostAccess,
  integerKeys,
  notValidated,
  sequences,
  settings,
  superusers,
  withoutPrimaryKey,
} from './configuration.ts';
import { databaseCounters, databaseSize, tuples, wraparound } from './database.ts';
import { duplicateIndexes, indexScans, invalidIndexes, missingIndexes, unindexedForeignKeys, unusedIndexes } from './indexes.ts';
import { backgroundWriter, databaseSizes, inputOutput, slru } from './io.ts';
import { backends, blocking, locks, preparedTransactions } from './locks.ts';
import { recoveryConflicts, server, slots, standbys, subscriptions } from './replication.ts';
import { collectorOf, rowsOf, type Check, type ServerFacts } from './server.ts';
import { statements } from './statements.ts';
import { exactSizes, relationSizes, tableBloat, tables } from './tables.ts';
import { autovacuumDue, autovacuumLate, databaseAges, progress, relationAges, vacuumHorizon } from './vacuum.ts';
import { archiver, checkpoints, walFiles, walPosition, writeAheadLog } from './write-ahead-log.ts';

// Checks of different rows in one list: what a check records it has read itself.
export type AnyCheck = Check<never>;

/** What is read at the intervals of an operator's watch, by the order in which it is read. */
const watchChecks = (): readonly AnyCheck[] => [
  activity,
  blocking(),
  databaseCounters(),
  server,
  lockWaits,
  backends,
  locks,
  vacuumHorizon,
  writeAheadLog,
  walPosition,
  checkpoints,
  backgroundWriter,
  archiver,
  standbys,
  slots,
  tuples,
  wraparound,
  databaseSize,
];

/** What looks through the catalogue or changes slowly: apart from the watch, which it must not delay. */
const surveyChecks = (most: number): readonly AnyCheck[] => [
  progress,
  inputOutput,
  slru,
  walFiles,
  databaseAges,
  preparedTransactions,
  recoveryConflicts,
  subscriptions,
  tables(most),
  databaseSizes,
  relationSizes(most),
  autovacuumDue(most),
  autovacuumLate(most),
  indexScans(most),
  relationAges(most),
  invalidIndexes,
  unindexedForeignKeys,
  missingIndexes,
  exactSizes(most),
  sequences(most),
  integerKeys(most),
  withoutPrimaryKey,
  notValidated,
  extensions,
  collations,
  superusers,
  hostAccess,
  settings(),
  unusedIndexes,
  duplicateIndexes,
  tableBloat(most),
];

/** Every check of the catalogue, for the documentation. */
export const allChecks = (): readonly AnyCheck[] => [...watchChecks(), ...surveyChecks(1)];

/** A server as its statistics views show it. The probe comes first: where it fails the rest is not tried. */
export function watchCollectors(facts: ServerFacts = { version: undefined }): readonly Collector[] {
  return [probe(), ...watchChecks().map((check) => collectorOf(check === server ? versionKept(facts) : check, facts))];
}

/** Its catalogue, tables, indexes and statements, the busiest `most` by name. */
export function surveyCollectors(most: number, facts: ServerFacts = { version: undefined }): readonly Collector[] {
  return [...surveyChecks(most).map((check) => collectorOf(check, facts)), statements(most)];
}

/** The fleet's own database, and our way to it. */
export const postgresCollectors = (host: Labels): readonly Collector[] => [...watchCollectors(), pools(host)];

/** The name of the collector whose failure means that the database does not answer. */
export const PROBE = 'postgres_probe';

function probe(): Collector {
  return {
    name: PROBE,
    tier: 'fast',
    asksDatabase: true,
    async collect(collection) {
      const startedAt = performance.now();
      try {
        await rowsOf(collection, sql`select 1`);
      } catch (error) {
        collection.record('postgres_up', 0);
        throw error;
      }
      collection.record('postgres_up', 1);
      collection.record('postgres_query_response_seconds', (performance.now() - startedAt) / 1_000);
    },
  };
}

function pools(host: Labels): Collector {
  return {
    name: 'postgres_pools',
    tier: 'fast',
    collect({ record, pools: poolsNow }) {
      for (const { pool, max, total, idle, waiting, totals } of poolsNow()) {
        const labels = { ...host, pool };
        record('postgres_pool_connections', total - idle, { ...labels, state: 'active' });
        record('postgres_pool_connections', idle, { ...labels, state: 'idle' });
        record('postgres_pool_limit', max, labels);
        record('postgres_pool_waiting', waiting, labels);
        record('postgres_pool_usage_ratio', (total - idle) / max, labels);
        if (totals === undefined) continue;
        record('postgres_pool_uses_total', totals.uses, labels);
        record('postgres_pool_wait_seconds_total', totals.waitMs / 1_000, labels);
        record('postgres_pool_use_seconds_total', totals.useMs / 1_000, labels);
        record('postgres_pool_failures_total', totals.failures, labels);
      }
    },
  };
}

function versionKept(facts: ServerFacts): AnyCheck {
  const kept: typeof server = {
    ...server,
    record: (rows, collection) => {
      facts.version = rows[0]?.version ?? facts.version;
      server.record(rows, collection);
    },
  };
  return kept;
}
