import { posix } from 'node:path';
import type { CgroupPlaces, Limit } from './cgroup.ts';
import { kernelNumber, malformed, readIfThere, type ReadKernelFile } from './proc-files.ts';

/** Memory of a group that can be compared with its limit. */
export interface ContainerMemory {
  /** Used, less the file cache that the kernel gives up first: what counts before it kills. */
  readonly workingSetBytes: number;
  readonly oomKills: number | undefined;
}

export function readContainerMemory(read: ReadKernelFile, { version, folder }: Limit): ContainerMemory {
  const usageFile = version === 1 ? 'memory.usage_in_bytes' : 'memory.current';
  const usage = required(read, `${folder}/${usageFile}`);
  const inactive = keyed(read(`${folder}/memory.stat`), version === 1 ? 'total_inactive_file' : 'inactive_file') ?? 0;
  const events = readIfThere(read, `${folder}/${version === 1 ? 'memory.oom_control' : 'memory.events'}`);
  return { workingSetBytes: Math.max(0, usage - inactive), oomKills: events === undefined ? undefined : keyed(events, 'oom_kill') };
}

/** Processor time of a group since it was made. */
export interface ContainerCpu {
  readonly usedSeconds: number;
  readonly throttledSeconds: number | undefined;
}

export function readContainerCpu(read: ReadKernelFile, places: CgroupPlaces, { version, folder }: Limit): ContainerCpu {
  const stat = read(`${folder}/cpu.stat`);
  if (version === 2) {
    const used = keyed(stat, 'usage_usec');
    if (used === undefined) throw malformed(`${folder}/cpu.stat`, stat);
    const throttled = keyed(stat, 'throttled_usec');
    return { usedSeconds: used / 1e6, throttledSeconds: throttled === undefined ? undefined : throttled / 1e6 };
  }
  const throttled = keyed(stat, 'throttled_time');
  const used = required(read, `${timeFolder(places, folder)}/cpuacct.usage`);
  return { usedSeconds: used / 1e9, throttledSeconds: throttled === undefined ? undefined : throttled / 1e9 };
}

/** The group that corresponds to the one with the limit, in the hierarchy that counts the time (often the same). */
function timeFolder({ cpu, cpuTime }: CgroupPlaces, limited: string): string {
  if (cpu === undefined || cpuTime === undefined) return limited;
  return posix.join(cpuTime.top, posix.relative(cpu.top, limited));
}

function required(read: ReadKernelFile, path: string): number {
  const text = read(path).trim();
  const value = kernelNumber(text);
  if (value === undefined) throw malformed(path, text);
  return value;
}

/** `key value` lines. */
const keyed = (text: string, key: string): number | undefined => kernelNumber(new RegExp(`^${key} (\\d+)$`, 'm').exec(text)?.[1]);
