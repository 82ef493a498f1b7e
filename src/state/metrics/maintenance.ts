import type { Database } from '../../db/database.ts';
import { dropPartitions } from '../../db/partitions.ts';
import { sql } from '../../db/sql.ts';
import type { MaintenanceJob } from '../maintenance.ts';
import { compact } from './compaction.ts';
import { rollUpLate } from './late-rollups.ts';
import { DEFAULT_METRICS_RETENTION, HOUR_MS, MINUTE_MS, type MetricsRetention } from './options.ts';
import { rollUp } from './rollups.ts';

/** Rolls up, compacts and forgets. Each job may be cut off at any point and run again elsewhere. */
export function metricsMaintenance(
  database: Database,
  options: { readonly retention?: Partial<MetricsRetention> } = {},
): readonly MaintenanceJob[] {
  const retention = { ...DEFAULT_METRICS_RETENTION, ...options.retention };
  return [
    {
      name: 'metrics_rollups',
      everyMs: MINUTE_MS / 2,
      async run(signal) {
        await rollUp(database, signal);
        await rollUpLate(database, retention.detailDays, signal);
      },
    },
    { name: 'metrics_compaction', everyMs: 10 * MINUTE_MS, run: (signal) => compact(database, retention.rawDays, signal) },
    { name: 'metrics_retention', everyMs: HOUR_MS, run: (signal) => forget(database, retention, signal) },
  ];
}

async function forget(database: Database, retention: MetricsRetention, signal: AbortSignal): Promise<void> {
  await dropPartitions(database, 'chunks', retention.detailDays);
  signal.throwIfAborted();
  await dropPartitions(database, 'rollup_1m', retention.minuteDays);
  signal.throwIfAborted();
  await database.query(
    sql`delete from muster.rollup_1m_default where bucket < clock_timestamp() - ${retention.minuteDays} * interval '1 day'`,
  );
  await database.query(sql`delete from muster.rollup_1h where bucket < clock_timestamp() - ${retention.hourDays} * interval '1 day'`);
  // A batch in doubt is written again within minutes or never.
  await database.query(sql`delete from muster.sample_batches where updated_at < clock_timestamp() - interval '1 day'`);
}
