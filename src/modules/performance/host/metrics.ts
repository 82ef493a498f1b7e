import { counter, gauge, type Catalogue } from '../../metric.ts';

const HOST = ['host'];

/** What is measured of the machine, and of the container where one limits this process. */
export const HOST_METRICS = {
  host_cpu_usage_ratio: gauge.fast(
    'ratio',
    '/proc/stat',
    'Share of all processors that was busy since the last run: neither idle nor waiting for I/O',
    HOST,
  ),
  host_cpu_mode_ratio: gauge.fast(
    'ratio',
    '/proc/stat',
    'The same by mode: user (with nice), system, interrupt (hard and soft), iowait, steal',
    [...HOST, 'mode'],
  ),
  host_cpu_cores: gauge.slow('', 'os.cpus()', 'Logical processors', HOST),
  host_load1: gauge.fast('', '/proc/loadavg', 'Runnable and uninterruptible tasks, averaged over 1 minute', HOST),
  host_load5: gauge.slow('', '/proc/loadavg', 'The same over 5 minutes', HOST),
  host_load15: gauge.slow('', '/proc/loadavg', 'The same over 15 minutes', HOST),
  host_memory_available_bytes: gauge.fast('bytes', '/proc/meminfo', 'Memory that new work can use without swapping', HOST),
  host_memory_usage_ratio: gauge.fast('ratio', '/proc/meminfo', 'Memory not available, of the total', HOST),
  host_memory_total_bytes: gauge.slow('bytes', '/proc/meminfo', 'Memory of the machine', HOST),
  host_swap_used_bytes: gauge.slow('bytes', '/proc/meminfo', 'Swap in use', HOST),
  host_swap_total_bytes: gauge.slow('bytes', '/proc/meminfo', 'Swap there is', HOST),
  host_oom_kills_total: counter.slow('', '/proc/vmstat', 'Processes killed for want of memory since boot', HOST),
  host_disk_read_bytes_total: counter.fast(
    'bytes',
    '/proc/diskstats',
    'Bytes read, by whole disk (no partitions, loop or device-mapper devices: they would count twice)',
    [...HOST, 'device'],
  ),
  host_disk_written_bytes_total: counter.fast('bytes', '/proc/diskstats', 'Bytes written', [...HOST, 'device']),
  host_disk_operations_total: counter.slow('', '/proc/diskstats', 'Completed operations: read, write', [...HOST, 'device', 'operation']),
  host_disk_io_seconds_total: counter.slow('seconds', '/proc/diskstats', 'Time in which the disk had work', [...HOST, 'device']),
  host_network_received_bytes_total: counter.fast('bytes', '/proc/net/dev', 'Bytes received, by physical interface', [...HOST, 'device']),
  host_network_sent_bytes_total: counter.fast('bytes', '/proc/net/dev', 'Bytes sent', [...HOST, 'device']),
  host_network_errors_total: counter.slow('', '/proc/net/dev', 'Packets with errors, received and sent', [...HOST, 'device']),
  host_network_drops_total: counter.slow('', '/proc/net/dev', 'Packets dropped, received and sent', [...HOST, 'device']),
  host_pressure_ratio: gauge.fast(
    'ratio',
    '/proc/pressure/*',
    'Share of the time since the last run in which tasks stalled for cpu, memory or io: some of them, or all (full)',
    [...HOST, 'resource', 'kind'],
  ),
  host_filesystem_size_bytes: gauge.slow('bytes', 'statfs', 'Size of a local file system', [...HOST, 'mountpoint']),
  host_filesystem_available_bytes: gauge.slow('bytes', 'statfs', 'Space an ordinary user can still fill', [...HOST, 'mountpoint']),
  host_filesystem_usage_ratio: gauge.slow('ratio', 'statfs', 'Used of what an ordinary user can use, as df shows it', [
    ...HOST,
    'mountpoint',
  ]),
  host_filesystem_inodes_usage_ratio: gauge.slow('ratio', 'statfs', 'Inodes used; absent where the file system has no fixed number', [
    ...HOST,
    'mountpoint',
  ]),
  host_file_descriptors: gauge.slow('', '/proc/sys/fs/file-nr', 'Open files of the whole machine', HOST),
  host_file_descriptors_limit: gauge.slow('', '/proc/sys/fs/file-nr', 'The most it can open', HOST),
  host_uptime_seconds: gauge.slow('seconds', 'os.uptime()', 'Time since boot', HOST),
  container_cpu_limit_cores: gauge.slow('', 'cgroup', 'Processors this process may use; absent without a limit', HOST),
  container_cpu_usage_ratio: gauge.fast('ratio', 'cgroup', 'Processor time used since the last run, of the limit', HOST),
  container_cpu_throttled_seconds_total: counter.slow('seconds', 'cgroup', 'Time the limit made tasks wait', HOST),
  container_memory_limit_bytes: gauge.slow(
    'bytes',
    'cgroup',
    'Memory this process and its neighbours may use together; absent without a limit',
    HOST,
  ),
  container_memory_usage_bytes: gauge.fast('bytes', 'cgroup', 'Working set: used, less inactive file cache', HOST),
  container_memory_usage_ratio: gauge.fast('ratio', 'cgroup', 'Working set, of the limit', HOST),
  container_oom_kills_total: counter.slow('', 'cgroup', 'Processes killed at the limit', HOST),
} as const satisfies Catalogue;
