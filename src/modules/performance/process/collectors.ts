import { readdir } from 'node:fs/promises';
import os from 'node:os';
import { monitorEventLoopDelay, performance, PerformanceObserver, constants as gcConstants } from 'node:perf_hooks';
import v8 from 'node:v8';
import { MusterError } from '../../../base/errors.ts';
import type { Collector } from '../collector.ts';
import { readIfThere, unreadable, type ReadKernelFile } from '../host/proc-files.ts';
import type { Labels } from '../reading.ts';
import { parseOpenFilesLimit } from './limits.ts';

/** The process that runs the agent. */
export const processCollectors = (host: Labels, read: ReadKernelFile): readonly Collector[] => [
  usage(host),
  eventLoop(host),
  garbage(host),
  descriptors(host, read),
];

function usage(host: Labels): Collector {
  let last: { readonly cpuSeconds: number; readonly at: number } | undefined;
  return {
    name: 'process',
    tier: 'fast',
    collect({ record, monotonic }) {
      const { user, system } = process.cpuUsage();
      const cpuSeconds = (user + system) / 1e6;
      record(
        'process_cpu_usage_ratio',
        last === undefined || monotonic <= last.at ? undefined : ((cpuSeconds - last.cpuSeconds) * 1_000) / (monotonic - last.at),
        host,
      );
      last = { cpuSeconds, at: monotonic };
      record('process_cpu_seconds_total', cpuSeconds, host);
      record('process_resident_memory_bytes', process.memoryUsage.rss(), host);
      record('process_start_time_seconds', performance.timeOrigin / 1_000, host);
      const heap = v8.getHeapStatistics();
      record('nodejs_heap_used_bytes', heap.used_heap_size, host);
      record('nodejs_heap_total_bytes', heap.total_heap_size, host);
      record('nodejs_heap_limit_bytes', heap.heap_size_limit, host);
      record('nodejs_external_memory_bytes', heap.external_memory, host);
    },
  };
}

/** A timer every 20 ms finds delays that a person notices, for 0.05% of a core; the default of 10 ms costs twice that. */
const SAMPLING_MS = 20;

function eventLoop(host: Labels): Collector {
  const delay = monitorEventLoopDelay({ resolution: SAMPLING_MS });
  delay.enable();
  let last = performance.eventLoopUtilization();
  return {
    name: 'nodejs_event_loop',
    tier: 'fast',
    collect({ record }) {
      if (delay.count > 0) {
        // The histogram holds the time between two firings, so that an idle loop shows the sampling interval itself.
        record('nodejs_eventloop_delay_p99_seconds', Math.max(0, delay.percentile(99) / 1e9 - SAMPLING_MS / 1_000), host);
        for (const [quantile, percentile] of [
          ['p50', 50],
          ['p90', 90],
        ] as const)
          record(`nodejs_eventloop_delay_${quantile}_seconds`, Math.max(0, delay.percentile(percentile) / 1e9 - SAMPLING_MS / 1_000), host);
        record('nodejs_eventloop_delay_mean_seconds', Math.max(0, delay.mean / 1e9 - SAMPLING_MS / 1_000), host);
        record('nodejs_eventloop_delay_max_seconds', Math.max(0, delay.max / 1e9 - SAMPLING_MS / 1_000), host);
        delay.reset();
      }
      const now = performance.eventLoopUtilization();
      record('nodejs_eventloop_utilization_ratio', performance.eventLoopUtilization(now, last).utilization, host);
      last = now;
    },
    stop: () => void delay.disable(),
  };
}

const GC_KINDS: Readonly<Record<number, string>> = {
  [gcConstants.NODE_PERFORMANCE_GC_MINOR]: 'scavenge',
  [gcConstants.NODE_PERFORMANCE_GC_MAJOR]: 'mark_sweep_compact',
  [gcConstants.NODE_PERFORMANCE_GC_INCREMENTAL]: 'incremental',
  [gcConstants.NODE_PERFORMANCE_GC_WEAKCB]: 'weak_callbacks',
};

function garbage(host: Labels): Collector {
  const totals = new Map<string, { seconds: number; collections: number }>();
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      // The types of node do not have `detail`, which entries of type gc carry.
      const name = GC_KINDS[(entry as unknown as { readonly detail: { readonly kind: number } }).detail.kind] ?? 'other';
      const total = totals.get(name) ?? { seconds: 0, collections: 0 };
      totals.set(name, { seconds: total.seconds + entry.duration / 1_000, collections: total.collections + 1 });
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  return {
    name: 'nodejs_gc',
    tier: 'slow',
    collect({ record }) {
      for (const [kind, { seconds, collections }] of totals) {
        record('nodejs_gc_seconds_total', seconds, { ...host, kind });
        record('nodejs_gc_collections_total', collections, { ...host, kind });
      }
      for (const [type, count] of mostFrequent(process.getActiveResourcesInfo(), 12))
        record('nodejs_active_resources', count, { ...host, type });
    },
    stop: () => observer.disconnect(),
  };
}

/** How often each name occurs, the most frequent first. */
export function mostFrequent(names: readonly string[], most: number): readonly (readonly [string, number])[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, most);
}

function descriptors(host: Labels, read: ReadKernelFile): Collector {
  return {
    name: 'process_descriptors',
    tier: 'slow',
    async collect({ record }) {
      if (os.platform() !== 'linux')
        throw new MusterError('NOT_MEASURABLE', `${os.type()} does not tell how many files a process has open`);
      const open = await readdir('/proc/self/fd').catch((cause: unknown) => {
        throw unreadable('/proc/self/fd', cause);
      });
      // One of them is the folder that was just read.
      record('process_open_fds', open.length - 1, host);
      const limits = readIfThere(read, '/proc/self/limits');
      record('process_max_fds', limits === undefined ? undefined : parseOpenFilesLimit(limits), host);
    },
  };
}
