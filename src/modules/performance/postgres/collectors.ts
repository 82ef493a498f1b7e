import { sql } from '../../../db/sql.ts';
import type { Collector } from '../collector.ts';
import type { Labels } from '../reading.ts';
import { activity, lockWaits } from './activity.ts';
import { databaseCounters, databaseSize, tuples, wraparound } from './database.ts';
import { server, slots, standbys } from './replication.ts';
import { collectorOf, rowsOf, type ServerFacts } from './server.ts';
import { checkpoints, writeAheadLog } from './write-ahead-log.ts';

/** PostgreSQL as its statistics views show it, and our way to it. The probe comes first: where it fails the rest is not tried. */
export function postgresCollectors(host: Labels): readonly Collector[] {
  const facts: ServerFacts = { version: undefined };
  return [
    probe(),
    pools(host),
    collectorOf(activity, facts),
    collectorOf(databaseCounters(), facts),
    collectorOf(versionKept(facts), facts),
    collectorOf(lockWaits, facts),
    collectorOf(writeAheadLog, facts),
    collectorOf(checkpoints, facts),
    collectorOf(standbys, facts),
    collectorOf(slots, facts),
    collectorOf(tuples, facts),
    collectorOf(wraparound, facts),
    collectorOf(databaseSize, facts),
  ];
}

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
      for (const { pool, max, total, idle, waiting } of poolsNow()) {
        const labels = { ...host, pool };
        record('postgres_pool_connections', total - idle, { ...labels, state: 'active' });
        record('postgres_pool_connections', idle, { ...labels, state: 'idle' });
        record('postgres_pool_limit', max, labels);
        record('postgres_pool_waiting', waiting, labels);
        record('postgres_pool_usage_ratio', (total - idle) / max, labels);
      }
    },
  };
}

function versionKept(facts: ServerFacts): typeof server {
  return {
    ...server,
    record: (rows, collection) => {
      facts.version = rows[0]?.version ?? facts.version;
      server.record(rows, collection);
    },
  };
}
