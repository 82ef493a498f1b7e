import { counter, gauge, type Catalogue } from '../../metric.ts';

const HOST = ['host'];

/** What is measured of the process that runs the agent: the host of the fleet. */
export const PROCESS_METRICS = {
  process_cpu_usage_ratio: gauge.fast(
    'ratio',
    'process.cpuUsage()',
    'Share of one processor this process used since the last run; above 1 with several threads',
    HOST,
  ),
  process_cpu_seconds_total: counter.slow('seconds', 'process.cpuUsage()', 'Processor time used, user and system', HOST),
  process_resident_memory_bytes: gauge.fast('bytes', 'process.memoryUsage.rss()', 'Resident memory', HOST),
  process_start_time_seconds: gauge.slow('seconds', 'process.uptime()', 'When the process started, seconds since 1970', HOST),
  process_open_fds: gauge.slow('', '/proc/self/fd', 'Open file descriptors', HOST),
  process_max_fds: gauge.slow('', '/proc/self/limits', 'The most it may open', HOST),
  nodejs_heap_used_bytes: gauge.fast('bytes', 'v8.getHeapStatistics()', 'Heap in use', HOST),
  nodejs_heap_total_bytes: gauge.slow('bytes', 'v8.getHeapStatistics()', 'Heap reserved', HOST),
  nodejs_heap_limit_bytes: gauge.slow('bytes', 'v8.getHeapStatistics()', 'Where V8 gives up', HOST),
  nodejs_external_memory_bytes: gauge.slow('bytes', 'v8.getHeapStatistics()', 'Buffers and other memory outside the heap', HOST),
  nodejs_eventloop_delay_p99_seconds: gauge.fast(
    'seconds',
    'perf_hooks.monitorEventLoopDelay',
    'How late timers fired since the last run, 99th percentile, less the sampling interval',
    HOST,
  ),
  nodejs_eventloop_delay_p50_seconds: gauge.slow('seconds', 'perf_hooks.monitorEventLoopDelay', 'The median of them', HOST),
  nodejs_eventloop_delay_p90_seconds: gauge.slow('seconds', 'perf_hooks.monitorEventLoopDelay', 'Their 90th percentile', HOST),
  nodejs_eventloop_delay_mean_seconds: gauge.slow('seconds', 'perf_hooks.monitorEventLoopDelay', 'Their mean', HOST),
  nodejs_eventloop_delay_max_seconds: gauge.fast('seconds', 'perf_hooks.monitorEventLoopDelay', 'The latest of them', HOST),
  nodejs_eventloop_utilization_ratio: gauge.fast(
    'ratio',
    'performance.eventLoopUtilization()',
    'Share of the time the event loop did not wait',
    HOST,
  ),
  nodejs_gc_seconds_total: counter.slow(
    'seconds',
    'PerformanceObserver gc',
    'Time in garbage collection since the agent started here: scavenge, mark_sweep_compact, incremental, weak_callbacks',
    [...HOST, 'kind'],
  ),
  nodejs_gc_collections_total: counter.slow('', 'PerformanceObserver gc', 'Collections since the agent started here', [...HOST, 'kind']),
  nodejs_active_resources: gauge.slow(
    '',
    'process.getActiveResourcesInfo()',
    'What keeps the event loop alive, by type (the 12 most frequent)',
    [...HOST, 'type'],
  ),
} as const satisfies Catalogue;
