import os from 'node:os';
import type { Collector } from '../collector.ts';
import { Rate } from '../rate.ts';
import { cpuShares, parseCpuTimes, type CpuTimes } from './cpu.ts';
import { parseDiskstats } from './disks.ts';
import { parseMeminfo, parseOomKills, parsePaging } from './memory.ts';
import { parseNetDev, parseSockets } from './network.ts';
import { parsePressure, type Pressure } from './pressure.ts';
import { kernelNumber, malformed, readIfThere } from './proc-files.ts';
import type { HostSource } from './source.ts';

/** What Linux tells about the machine, a collector a source. */
export const linuxCollectors = (source: HostSource): readonly Collector[] => [
  cpu(source),
  memory(source),
  disks(source),
  network(source),
  pressure(source),
  descriptors(source),
];

function cpu({ read, host }: HostSource): Collector {
  let last: CpuTimes | undefined;
  return {
    name: 'host_cpu',
    tier: 'fast',
    collect({ record }) {
      const times = parseCpuTimes(read('/proc/stat'));
      const shares = last === undefined ? undefined : cpuShares(last, times);
      last = times;
      record('host_cpu_usage_ratio', shares?.busy, host);
      for (const mode of ['user', 'system', 'interrupt', 'iowait', 'steal'] as const)
        record('host_cpu_mode_ratio', shares?.[mode], { ...host, mode });
      const loadavg = read('/proc/loadavg');
      const [load1, load5, load15] = loadavg.split(' ').map(kernelNumber);
      if (load1 === undefined || load5 === undefined || load15 === undefined) throw malformed('/proc/loadavg', loadavg);
      record('host_load1', load1, host);
      record('host_load5', load5, host);
      record('host_load15', load15, host);
      record('host_cpu_cores', os.cpus().length, host);
      record('host_uptime_seconds', os.uptime(), host);
    },
  };
}

function memory({ read, host }: HostSource): Collector {
  return {
    name: 'host_memory',
    tier: 'fast',
    collect({ record }) {
      const { totalBytes, availableBytes, swapTotalBytes, swapUsedBytes } = parseMeminfo(read('/proc/meminfo'));
      record('host_memory_total_bytes', totalBytes, host);
      record('host_memory_available_bytes', availableBytes, host);
      record('host_memory_usage_ratio', availableBytes === undefined ? undefined : (totalBytes - availableBytes) / totalBytes, host);
      record('host_swap_total_bytes', swapTotalBytes, host);
      record('host_swap_used_bytes', swapUsedBytes, host);
    },
  };
}

function disks({ read, host }: HostSource): Collector {
  const rate = new Rate();
  return {
    name: 'host_disks',
    tier: 'fast',
    collect({ record, monotonic }) {
      let bytes = 0;
      for (const { device, reads, readBytes, writes, writtenBytes, busySeconds, readSeconds, writeSeconds } of parseDiskstats(
        read('/proc/diskstats'),
      )) {
        bytes += readBytes + writtenBytes;
        const labels = { ...host, device };
        record('host_disk_read_bytes_total', readBytes, labels);
        record('host_disk_written_bytes_total', writtenBytes, labels);
        record('host_disk_operations_total', reads, { ...labels, operation: 'read' });
        record('host_disk_operations_total', writes, { ...labels, operation: 'write' });
        record('host_disk_io_seconds_total', busySeconds, labels);
        record('host_disk_operation_seconds_total', readSeconds, { ...labels, operation: 'read' });
        record('host_disk_operation_seconds_total', writeSeconds, { ...labels, operation: 'write' });
      }
      record('disk_io', rate.perSecond(bytes, monotonic), host);
    },
  };
}

function network({ read, host }: HostSource): Collector {
  const rate = new Rate();
  return {
    name: 'host_network',
    tier: 'fast',
    collect({ record, monotonic }) {
      let bytes = 0;
      for (const { device, receivedBytes, sentBytes, errors, drops } of parseNetDev(read('/proc/net/dev'))) {
        bytes += receivedBytes + sentBytes;
        const labels = { ...host, device };
        record('host_network_received_bytes_total', receivedBytes, labels);
        record('host_network_sent_bytes_total', sentBytes, labels);
        record('host_network_errors_total', errors, labels);
        record('host_network_drops_total', drops, labels);
      }
      record('network_io', rate.perSecond(bytes, monotonic), host);
    },
  };
}

function pressure({ read, host }: HostSource): Collector {
  const last = new Map<string, { readonly pressure: Pressure; readonly at: number }>();
  return {
    name: 'host_pressure',
    tier: 'fast',
    collect({ record, monotonic }) {
      for (const resource of ['cpu', 'memory', 'io'] as const) {
        const now = parsePressure(read(`/proc/pressure/${resource}`));
        const before = last.get(resource);
        last.set(resource, { pressure: now, at: monotonic });
        if (before === undefined || monotonic <= before.at) continue;
        for (const kind of ['some', 'full'] as const) {
          const [from, to] = [before.pressure[kind], now[kind]];
          // All tasks stalled for cpu is always 0 for a whole machine: the kernel keeps the line for the form's sake.
          if (from === undefined || to === undefined || (resource === 'cpu' && kind === 'full')) continue;
          const stalled = (to - from) / 1_000 / (monotonic - before.at);
          // The kernel adds up per-processor times a little late, so a share may come out as 1.01.
          record('host_pressure_ratio', Math.min(1, Math.max(0, stalled)), { ...host, resource, kind });
        }
      }
    },
  };
}

function descriptors({ read, host }: HostSource): Collector {
  return {
    name: 'host_descriptors',
    tier: 'slow',
    collect({ record }) {
      const text = read('/proc/sys/fs/file-nr');
      const [open, , limit] = text.trim().split(/\s+/).map(kernelNumber);
      if (open === undefined || limit === undefined) throw malformed('/proc/sys/fs/file-nr', text);
      record('host_file_descriptors', open, host);
      record('host_file_descriptors_limit', limit, host);
      const vmstat = readIfThere(read, '/proc/vmstat');
      record('host_oom_kills_total', vmstat === undefined ? undefined : parseOomKills(vmstat), host);
      const paging = vmstat === undefined ? undefined : parsePaging(vmstat);
      for (const kind of ['minor', 'major'] as const) record('host_paging_faults_total', paging?.faults[kind], { ...host, kind });
      for (const direction of ['in', 'out'] as const)
        record('host_swapped_pages_total', paging?.swapped[direction], { ...host, direction });
      const sockstat = readIfThere(read, '/proc/net/sockstat');
      for (const [kind, count] of Object.entries(sockstat === undefined ? {} : parseSockets(sockstat)))
        record('host_sockets', count, { ...host, kind });
    },
  };
}
