import { FLEET_METRICS } from './fleet/metrics.ts';
import { HOST_METRICS } from './host/metrics.ts';
import { counter, gauge, type Catalogue } from '../metric.ts';
import { POSTGRES_METRICS } from './postgres/metrics.ts';
import { PROCESS_METRICS } from './process/metrics.ts';

/** What measuring costs, and whether it works. */
export const COLLECTOR_METRICS = {
  collector_duration_seconds: gauge.slow('seconds', 'performance.now()', 'The longest collection since the last report, wall time', [
    'collector',
  ]),
  collector_cpu_seconds_total: counter.slow(
    'seconds',
    'process.cpuUsage()',
    'Processor time of the process while it collected: an upper bound, whatever else ran in these milliseconds counts too',
  ),
  collector_errors_total: counter.slow('', 'the collectors', 'Collections that failed: their metrics are absent, not guessed', [
    'collector',
  ]),
  collector_up: gauge.slow(
    '',
    'the collectors',
    '1 where the last collection worked, 0 where it failed or this system does not offer the source',
    ['collector'],
  ),
} as const satisfies Catalogue;

/**
 * Short names people ask for, beside the exact ones. Each is the same reading under a second name, or a rate of counters;
 * those of agents are measured by the fleet over their runs.
 */
export const ALIASES = {
  cpu_usage: gauge.fast(
    'ratio',
    'container_cpu_usage_ratio, else host_cpu_usage_ratio',
    'Processor use against whatever limits this process',
    ['host'],
  ),
  memory_usage: gauge.fast(
    'ratio',
    'container_memory_usage_ratio, else host_memory_usage_ratio',
    'Memory use against whatever limits this process',
    ['host'],
  ),
  disk_io: gauge.fast(
    'bytes_per_second',
    'host_disk_read_bytes_total + host_disk_written_bytes_total',
    'Read and written since the last run, all disks',
    ['host'],
  ),
  network_io: gauge.fast(
    'bytes_per_second',
    'host_network_received_bytes_total + host_network_sent_bytes_total',
    'Received and sent since the last run, all interfaces',
    ['host'],
  ),
  connection_pool_usage: gauge.fast('ratio', 'postgres_pool_usage_ratio of the main pool', 'Connections in use, of the limit', ['host']),
  query_response_time: gauge.fast('seconds', 'postgres_query_response_seconds', 'Time of the probe'),
  cache_hit_ratio: gauge.fast('ratio', 'postgres_cache_hit_ratio', 'Blocks found in shared buffers'),
  response_time: gauge.slow(
    'seconds',
    'agent_run_seconds',
    'Duration of the newest run that succeeded; absent where none ended since the last report',
    ['agent'],
  ),
  throughput: gauge.slow('per_second', 'agent_runs_total', 'Runs a second since the last report', ['agent']),
  error_rate: gauge.slow(
    'ratio',
    'agent_errors_total / agent_runs_total',
    'Share of the runs since the last report that failed; absent where none ended',
    ['agent'],
  ),
} as const satisfies Catalogue;

/** Every metric that performance_monitor can record. */
export const METRICS = {
  ...HOST_METRICS,
  ...PROCESS_METRICS,
  ...POSTGRES_METRICS,
  ...FLEET_METRICS,
  ...COLLECTOR_METRICS,
  ...ALIASES,
} as const;

export type MetricName = keyof typeof METRICS;
