import os from 'node:os';
import type { Collector } from '../collector.ts';
import { Rate } from '../rate.ts';
import { cpuLimit, findCgroups, memoryLimit, type CgroupPlaces, type Limit } from './cgroup.ts';
import { readContainerCpu, readContainerMemory } from './container.ts';
import { readIfThere } from './proc-files.ts';
import type { HostSource } from './source.ts';

/** Limits rarely change: they are looked for again once a minute. */
const LIMITS_TTL_MS = 60_000;

interface Limits {
  readonly places: CgroupPlaces;
  readonly cpu: Limit | undefined;
  readonly memory: Limit | undefined;
  readonly readAt: number;
}

/** Use of processors and memory against the limits of the container. Without a limit there is nothing to record. */
export function containerCollector({ read, host }: HostSource, machineBytes: number = os.totalmem()): Collector {
  const rate = new Rate();
  let limits: Limits | undefined;

  const readLimits = (now: number): Limits => {
    // The group is that of this process, wherever the machine's own /proc is mounted.
    const places = findCgroups(readIfThere(read, '/proc/self/cgroup') ?? '', readIfThere(read, '/proc/self/mountinfo') ?? '');
    return { places, cpu: cpuLimit(read, places), memory: memoryLimit(read, places, machineBytes), readAt: now };
  };

  return {
    name: 'host_container',
    tier: 'fast',
    collect({ record, monotonic }) {
      if (limits === undefined || monotonic - limits.readAt >= LIMITS_TTL_MS) limits = readLimits(monotonic);
      const { cpu, memory, places } = limits;
      if (memory !== undefined) {
        const { workingSetBytes, oomKills } = readContainerMemory(read, memory);
        record('container_memory_limit_bytes', memory.limit, host);
        record('container_memory_usage_bytes', workingSetBytes, host);
        record('container_memory_usage_ratio', workingSetBytes / memory.limit, host);
        record('container_oom_kills_total', oomKills, host);
      }
      if (cpu !== undefined) {
        const { usedSeconds, throttledSeconds } = readContainerCpu(read, places, cpu);
        const cores = rate.perSecond(usedSeconds, monotonic);
        record('container_cpu_limit_cores', cpu.limit, host);
        record('container_cpu_usage_ratio', cores === undefined ? undefined : cores / cpu.limit, host);
        record('container_cpu_throttled_seconds_total', throttledSeconds, host);
      }
    },
  };
}
