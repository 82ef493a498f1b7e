export { createMetrics } from './create-metrics.ts';
export { metricsMaintenance } from './maintenance.ts';
export { DEFAULT_METRICS_RETENTION, MOST_SERIES, type MetricsOptions, type MetricsRetention } from './options.ts';
export type * from './metrics.ts';
