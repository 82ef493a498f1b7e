import type { ChartSpec } from '../../charts/spec.ts';

const monitorAbsence = 'Nothing measured in this range. Is performance_monitor running?';

/** The machine, as performance_monitor measures it. */
export const hostCharts: readonly ChartSpec[] = [
  {
    id: 'cpu',
    title: 'CPU',
    note: 'busy, all cores',
    unit: 'ratio',
    absence: monitorAbsence,
    lines: [{ metric: 'host_cpu_usage_ratio', aggregate: 'avg', label: 'busy', by: 'host' }],
  },
  {
    id: 'memory',
    title: 'Memory',
    note: 'not available to new work',
    unit: 'ratio',
    absence: monitorAbsence,
    lines: [{ metric: 'host_memory_usage_ratio', aggregate: 'avg', label: 'used', by: 'host' }],
  },
  {
    id: 'load',
    title: 'Load',
    note: '1 minute average',
    unit: '',
    absence: `${monitorAbsence} Windows has no load average.`,
    lines: [{ metric: 'host_load1', aggregate: 'avg', label: 'load', by: 'host' }],
  },
  {
    id: 'disk',
    title: 'Disk',
    unit: 'bytes_per_second',
    absence: `${monitorAbsence} Without /proc/diskstats the disks cannot be read.`,
    lines: [
      { metric: 'host_disk_read_bytes_total', aggregate: 'rate', label: 'read' },
      { metric: 'host_disk_written_bytes_total', aggregate: 'rate', label: 'written' },
    ],
  },
  {
    id: 'network',
    title: 'Network',
    unit: 'bytes_per_second',
    absence: `${monitorAbsence} Without a physical interface there is nothing to measure.`,
    lines: [
      { metric: 'host_network_received_bytes_total', aggregate: 'rate', label: 'received' },
      { metric: 'host_network_sent_bytes_total', aggregate: 'rate', label: 'sent' },
    ],
  },
  {
    id: 'space',
    title: 'Disk space',
    note: 'used, by mount point',
    unit: 'ratio',
    absence: monitorAbsence,
    lines: [{ metric: 'host_filesystem_usage_ratio', aggregate: 'max', label: 'used', by: 'mountpoint' }],
  },
];

/** The database, as performance_monitor sees it. */
export const databaseCharts: readonly ChartSpec[] = [
  {
    id: 'connections',
    title: 'Connections',
    unit: '',
    absence: monitorAbsence,
    lines: [
      {
        metric: 'postgres_connections',
        aggregate: 'avg',
        label: 'connections',
        by: 'state',
        names: { active: 'active', idle: 'idle', idle_in_transaction: 'idle in transaction', other: 'other', hidden: 'hidden' },
        unlessZero: ['idle_in_transaction', 'other', 'hidden'],
      },
    ],
  },
  {
    id: 'transactions',
    title: 'Transactions',
    unit: 'per_second',
    absence: monitorAbsence,
    lines: [
      {
        metric: 'postgres_transactions_total',
        aggregate: 'rate',
        label: 'transactions',
        by: 'outcome',
        names: { commit: 'committed', rollback: 'rolled back' },
      },
    ],
  },
  {
    id: 'cache',
    title: 'Cache hits',
    note: 'blocks found in shared buffers',
    unit: 'ratio',
    floor: 'fit',
    absence: monitorAbsence,
    lines: [{ metric: 'postgres_cache_hit_ratio', aggregate: 'avg', label: 'hits' }],
  },
  {
    id: 'response',
    title: 'Response time',
    note: 'of a probe',
    unit: 'seconds',
    absence: monitorAbsence,
    lines: [
      { metric: 'postgres_query_response_seconds', aggregate: 'avg', label: 'average' },
      { metric: 'postgres_query_response_seconds', aggregate: 'max', label: 'slowest' },
    ],
  },
  {
    id: 'wal',
    title: 'Write-ahead log',
    note: 'written',
    unit: 'bytes_per_second',
    absence: monitorAbsence,
    lines: [{ metric: 'postgres_wal_bytes_total', aggregate: 'rate', label: 'written' }],
  },
  {
    id: 'locks',
    title: 'Longest transaction',
    note: 'open right now',
    unit: 'seconds',
    absence: monitorAbsence,
    lines: [{ metric: 'postgres_longest_transaction_seconds', aggregate: 'max', label: 'open' }],
  },
];
