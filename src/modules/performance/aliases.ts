import type { MetricName } from './catalogue.ts';
import type { Reading } from './reading.ts';

/** The short names that are readings under a second name: the first of `of` that was read, where it matches. */
const SECOND_NAMES: readonly {
  readonly alias: MetricName;
  readonly of: readonly MetricName[];
  readonly where?: Readonly<Record<string, string>>;
}[] = [
  { alias: 'cpu_usage', of: ['container_cpu_usage_ratio', 'host_cpu_usage_ratio'] },
  { alias: 'memory_usage', of: ['container_memory_usage_ratio', 'host_memory_usage_ratio'] },
  { alias: 'connection_pool_usage', of: ['postgres_pool_usage_ratio'], where: { pool: 'main' } },
  { alias: 'query_response_time', of: ['postgres_query_response_seconds'] },
  { alias: 'cache_hit_ratio', of: ['postgres_cache_hit_ratio'] },
];

/** The readings that have a short name, under that name, with the label `host` where they have it. */
export function aliasesOf(readings: readonly Reading[]): readonly Reading[] {
  return SECOND_NAMES.flatMap(({ alias, of, where = {} }) => {
    const matches = (reading: Reading): boolean => Object.entries(where).every(([key, value]) => reading.labels[key] === value);
    const found = of
      .map((name) => readings.find((reading) => reading.name === name && matches(reading)))
      .find((reading) => reading !== undefined);
    if (found === undefined) return [];
    const { host } = found.labels;
    return [{ name: alias, value: found.value, labels: host === undefined ? {} : { host } }];
  });
}
