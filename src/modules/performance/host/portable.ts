import os from 'node:os';
import { MusterError } from '../../../base/errors.ts';
import type { Collector } from '../collector.ts';
import type { Labels } from '../reading.ts';
import { cpuShares, type CpuTimes } from './cpu.ts';

const LINUX_ONLY = ['host_disks', 'host_network', 'host_pressure', 'host_descriptors', 'host_container'];

/** What node:os tells about a machine that is not Linux; the collectors that need Linux say that they are missing. */
export function portableCollectors(host: Labels): readonly Collector[] {
  const missing = LINUX_ONLY.map((name): Collector => ({
    name,
    tier: 'rare',
    collect() {
      throw new MusterError('NOT_MEASURABLE', `${os.type()} does not tell it by way of node:os`);
    },
  }));
  return [portableCpu(host), portableMemory(host), ...missing];
}

function portableCpu(host: Labels): Collector {
  let last: CpuTimes | undefined;
  return {
    name: 'host_cpu',
    tier: 'fast',
    collect({ record }) {
      const cores = os.cpus();
      const times = sumTimes(cores);
      const shares = last === undefined ? undefined : cpuShares(last, times);
      last = times;
      record('host_cpu_usage_ratio', shares?.busy, host);
      for (const mode of ['user', 'system', 'interrupt'] as const) record('host_cpu_mode_ratio', shares?.[mode], { ...host, mode });
      record('host_cpu_cores', cores.length, host);
      record('host_uptime_seconds', os.uptime(), host);
      // Windows has no load average: node:os answers 0, which would read as idle.
      if (os.platform() === 'win32') return;
      const [load1, load5, load15] = os.loadavg();
      record('host_load1', load1, host);
      record('host_load5', load5, host);
      record('host_load15', load15, host);
    },
  };
}

function portableMemory(host: Labels): Collector {
  return {
    name: 'host_memory',
    tier: 'fast',
    collect({ record }) {
      const [total, free] = [os.totalmem(), os.freemem()];
      record('host_memory_total_bytes', total, host);
      record('host_memory_available_bytes', free, host);
      record('host_memory_usage_ratio', (total - free) / total, host);
    },
  };
}

export function sumTimes(cores: readonly os.CpuInfo[]): CpuTimes {
  const sum = { user: 0, system: 0, interrupt: 0, iowait: 0, steal: 0, idle: 0 };
  for (const { times } of cores) {
    sum.user += times.user + times.nice;
    sum.system += times.sys;
    sum.interrupt += times.irq;
    sum.idle += times.idle;
  }
  return sum;
}
