import type { Database } from '../../db/database.ts';
import { LatestValues, upsertLatest } from './latest-values.ts';
import type { Metrics, RejectionReason, WriteResult } from './metrics.ts';
import { DEFAULT_METRICS_RETENTION, MOST_SERIES, type MetricsOptions } from './options.ts';
import { queryRange } from './range-query.ts';
import { SampleWriter } from './sample-writer.ts';
import { SeriesCatalogue } from './series-catalogue.ts';
import { readBuckets, readNewest, readSamples, readSeries } from './series-reads.ts';
import { listLatest, listNames } from './series-list.ts';

/** Metrics on a PostgreSQL database that has been migrated. Starts nothing; stop it all the same: it may have a timer for `latest`. */
export function createMetrics(database: Database, options: MetricsOptions = {}): Metrics {
  const monotonic = (): number => performance.now();
  const retention = { ...DEFAULT_METRICS_RETENTION, ...options.retention };
  const latest = new LatestValues(monotonic);
  const catalogue = new SeriesCatalogue(
    database,
    { seriesPerMetric: options.seriesPerMetric ?? MOST_SERIES.ofMetric, series: options.series ?? MOST_SERIES.ofAll },
    monotonic,
  );
  const writer = new SampleWriter(database, catalogue, latest, {
    synchronousCommit: options.synchronousCommit ?? 'off',
    detailDays: retention.detailDays,
    onNewest: options.onNewest,
  });
  const rejected: Record<RejectionReason, number> = { stale_epoch: 0, not_finite: 0, too_many_series: 0, bad_time: 0, bad_name: 0 };
  let written = 0;
  let timer: NodeJS.Timeout | undefined;
  let flushing: Promise<void> = Promise.resolve();
  let stopped = false;

  const flush = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    flushing = flushing.then(async () => {
      const values = latest.take();
      try {
        await upsertLatest(database, values);
        if (values.size > 0) options.onNewest?.();
      } catch (error) {
        latest.giveBack(values);
        throw error;
      }
    });
    const result = flushing;
    flushing = flushing.catch(() => undefined); // told to whoever asked for this flush; the next one starts afresh
    return result;
  };

  const flushSoon = (): void => {
    if (timer !== undefined || stopped || latest.size === 0) return;
    timer = setTimeout(
      () => {
        // What could not be written stays pending, which `status` shows; the next batch or this timer takes it along.
        flush().catch(() => flushSoon());
      },
      Math.max(latest.pauseMs, 50),
    );
    timer.unref();
  };

  const counted = (result: WriteResult): WriteResult => {
    written += result.written;
    for (const { reason } of result.rejected) rejected[reason] += 1;
    flushSoon();
    return result;
  };

  const stop = async (): Promise<void> => {
    stopped = true;
    await flush().catch(() => undefined); // the database is away: the next rollup mends `latest` from the samples
  };

  return {
    writeFenced: async (batch) => counted(await writer.write(batch, batch.samples, batch)),
    writeExternal: async (samples) => counted(await writer.write(samples, samples)),
    query: (query) => queryRange(database, retention, query),
    latest: (filter, page) => listLatest(database, filter, page),
    names: (filter, page) => listNames(database, filter, page),
    series: (names, page, reader = database) => readSeries(reader, names, page),
    newest: (seriesIds, reader = database) => readNewest(reader, seriesIds),
    samples: (stretches) => readSamples(database, stretches),
    buckets: (query) => readBuckets(database, retention, query),
    status: () => ({ written, rejected: { ...rejected }, latestPending: latest.size }),
    flush,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
