import { posix } from 'node:path';
import { kernelNumber, malformed, readIfThere, type ReadKernelFile } from './proc-files.ts';

/** A mounted hierarchy and the group of this process in it, as a folder. */
interface Group {
  readonly version: 1 | 2;
  /** The folder of the process's own group, seen from here. */
  readonly folder: string;
  /** The mount point: the highest folder that can hold a limit. */
  readonly top: string;
}

/** Where the limits of this process are kept, by controller. Undefined: not controlled, so not limited. */
export interface CgroupPlaces {
  readonly cpu: Group | undefined;
  /** Version 1 counts processor time in a hierarchy of its own; version 2 with the limit. */
  readonly cpuTime: Group | undefined;
  readonly memory: Group | undefined;
}

/**
 * Finds the groups of this process from /proc/self/cgroup and /proc/self/mountinfo. Both versions may be mounted at once
 * (hybrid); a controller belongs to version 1 where that has it.
 */
export function findCgroups(cgroup: string, mountinfo: string): CgroupPlaces {
  const memberships = cgroup.split('\n').flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    return controllers === undefined || path === undefined ? [] : [{ controllers: controllers.split(','), path }];
  });
  const mounts = mountinfo.split('\n').flatMap(parseCgroupMount);
  const group = (controller: string): Group | undefined => {
    const first = memberships.find(({ controllers }) => controllers.includes(controller));
    const mount1 = mounts.find(({ version, options }) => version === 1 && options.includes(controller));
    if (first !== undefined && mount1 !== undefined) return { version: 1, top: mount1.point, folder: within(mount1, first.path) };
    const unified = memberships.find(({ controllers }) => controllers.length === 1 && controllers[0] === '');
    const mount2 = mounts.find(({ version }) => version === 2);
    if (unified === undefined || mount2 === undefined) return undefined;
    return { version: 2, top: mount2.point, folder: within(mount2, unified.path) };
  };
  return { cpu: group('cpu'), cpuTime: group('cpuacct'), memory: group('memory') };
}

interface CgroupMount {
  readonly version: 1 | 2;
  /** The part of the hierarchy that is mounted. */
  readonly root: string;
  readonly point: string;
  readonly options: readonly string[];
}

function parseCgroupMount(line: string): readonly CgroupMount[] {
  const [, , , root, point, ...rest] = line.split(' ');
  const [type, , options] = rest.slice(rest.indexOf('-') + 1);
  if (root === undefined || point === undefined || (type !== 'cgroup' && type !== 'cgroup2')) return [];
  return [{ version: type === 'cgroup' ? 1 : 2, root, point, options: options?.split(',') ?? [] }];
}

/** In a container the path may be one of the machine, of which only the part below `root` is mounted, or one outside of what is seen here (`/../…`). */
function within(mount: CgroupMount, path: string): string {
  if (path.startsWith('/..')) return mount.point;
  const relative = posix.relative(mount.root, path);
  return relative.startsWith('..') ? mount.point : posix.join(mount.point, relative);
}

/** From the group up to the mount point: a limit anywhere above limits as well. */
function* upwards({ folder, top }: Group): Generator<string> {
  for (let at = folder; ; at = posix.dirname(at)) {
    yield at;
    if (at === top || at === posix.dirname(at)) return;
  }
}

/** A limit and the folder that sets it: usage is compared where the limit applies. */
export interface Limit {
  readonly version: 1 | 2;
  readonly folder: string;
  readonly limit: number;
}

function tightest(group: Group | undefined, limitOf: (folder: string) => number | undefined): Limit | undefined {
  let found: Limit | undefined;
  if (group === undefined) return undefined;
  for (const folder of upwards(group)) {
    const limit = limitOf(folder);
    if (limit !== undefined && (found === undefined || limit < found.limit)) found = { version: group.version, folder, limit };
  }
  return found;
}

/** Bytes, where they are fewer than the machine has: version 1 writes 2^63 less a page for "no limit". */
export function memoryLimit(read: ReadKernelFile, places: CgroupPlaces, machineBytes: number): Limit | undefined {
  const file = places.memory?.version === 1 ? 'memory.limit_in_bytes' : 'memory.max';
  return tightest(places.memory, (folder) => {
    const text = readIfThere(read, `${folder}/${file}`)?.trim();
    if (text === undefined || text === 'max') return undefined;
    const bytes = kernelNumber(text);
    if (bytes === undefined) throw malformed(`${folder}/${file}`, text);
    return bytes < machineBytes ? bytes : undefined;
  });
}

/** Processors: quota of period. */
export function cpuLimit(read: ReadKernelFile, places: CgroupPlaces): Limit | undefined {
  return tightest(places.cpu, (folder) => {
    const text =
      places.cpu?.version === 1
        ? [readIfThere(read, `${folder}/cpu.cfs_quota_us`), readIfThere(read, `${folder}/cpu.cfs_period_us`)].join(' ')
        : readIfThere(read, `${folder}/cpu.max`);
    const [quota, period] = text?.trim().split(/\s+/) ?? [];
    if (quota === undefined || quota === '' || quota === 'max' || quota === '-1') return undefined;
    const [quotaUs, periodUs] = [kernelNumber(quota), kernelNumber(period)];
    if (quotaUs === undefined || periodUs === undefined || periodUs === 0) throw malformed(`${folder}: CPU limit`, text ?? '');
    return quotaUs / periodUs;
  });
}
