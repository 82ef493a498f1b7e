import { describe, expect, it } from 'vitest';
import type { Collection } from '../collector.ts';
import { cpuLimit, findCgroups, memoryLimit } from './cgroup.ts';
import { containerCollector } from './container-collector.ts';
import {
  CGROUP_HYBRID,
  CGROUP_V1,
  CGROUP_V2,
  kernelFiles,
  MOUNTINFO_HYBRID,
  MOUNTINFO_V1,
  MOUNTINFO_V2,
} from '../../../../test/support/kernel-files.ts';

const MACHINE = 16 * 2 ** 30;

const V2 = {
  '/proc/self/cgroup': CGROUP_V2,
  '/proc/self/mountinfo': MOUNTINFO_V2,
  '/sys/fs/cgroup/memory.max': '536870912\n',
  '/sys/fs/cgroup/memory.current': '400000000\n',
  '/sys/fs/cgroup/memory.stat': 'anon 100000000\nfile 300000000\ninactive_file 150000000\n',
  '/sys/fs/cgroup/memory.events': 'low 0\nhigh 0\nmax 4\noom 1\noom_kill 2\n',
  '/sys/fs/cgroup/cpu.max': '150000 100000\n',
  '/sys/fs/cgroup/cpu.stat':
    'usage_usec 5000000\nuser_usec 4000000\nsystem_usec 1000000\nnr_periods 10\nnr_throttled 3\nthrottled_usec 250000\n',
};

const V1 = {
  '/proc/self/cgroup': CGROUP_V1,
  '/proc/self/mountinfo': MOUNTINFO_V1,
  '/sys/fs/cgroup/memory/memory.limit_in_bytes': '536870912\n',
  '/sys/fs/cgroup/memory/memory.usage_in_bytes': '400000000\n',
  '/sys/fs/cgroup/memory/memory.stat': 'cache 1\ninactive_file 5\ntotal_inactive_file 150000000\n',
  '/sys/fs/cgroup/memory/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 2\n',
  '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '150000\n',
  '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
  '/sys/fs/cgroup/cpu,cpuacct/cpu.stat': 'nr_periods 10\nnr_throttled 3\nthrottled_time 250000000\n',
  '/sys/fs/cgroup/cpu,cpuacct/cpuacct.usage': '5000000000\n',
};

/** Runs the collector at these files, one second apart. */
function readings(...rounds: readonly Readonly<Record<string, string>>[]): Readonly<Record<string, number>> {
  let files: Readonly<Record<string, string>> = {};
  const collector = containerCollector({ read: (path) => kernelFiles(files)(path), host: { host: 'h' } }, MACHINE);
  const recorded: Record<string, number> = {};
  rounds.forEach((round, second) => {
    files = round;
    const record: Collection['record'] = (name, value) => {
      if (value !== undefined && value !== null) recorded[name] = value;
    };
    void collector.collect({ record, monotonic: second * 1_000 } as unknown as Collection);
  });
  return recorded;
}

describe('a container', () => {
  const expected = {
    container_memory_limit_bytes: 536_870_912,
    container_memory_usage_bytes: 250_000_000,
    container_memory_usage_ratio: 250_000_000 / 536_870_912,
    container_oom_kills_total: 2,
    container_cpu_limit_cores: 1.5,
    container_cpu_throttled_seconds_total: 0.25,
    container_cpu_usage_ratio: 0.5,
  };

  it('is measured against its limits under cgroup v2', () => {
    expect(readings(V2, { ...V2, '/sys/fs/cgroup/cpu.stat': 'usage_usec 5750000\nthrottled_usec 250000\n' })).toEqual(expected);
  });

  it('is measured against its limits under cgroup v1', () => {
    expect(readings(V1, { ...V1, '/sys/fs/cgroup/cpu,cpuacct/cpuacct.usage': '5750000000\n' })).toEqual(expected);
  });

  it.each([
    ['v2', { ...V2, '/sys/fs/cgroup/memory.max': 'max\n', '/sys/fs/cgroup/cpu.max': 'max 100000\n' }],
    [
      'v1',
      {
        ...V1,
        '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
        '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '-1\n',
      },
    ],
    ['v2 at the root, which has no such files', { '/proc/self/cgroup': CGROUP_V2, '/proc/self/mountinfo': MOUNTINFO_V2 }],
    ['no cgroups at all', {}],
  ])('without limits has nothing to record (%s)', (_, files) => {
    expect(readings(files, files)).toEqual({});
  });

  it.each([
    ['a limit that is no number', { ...V2, '/sys/fs/cgroup/memory.max': 'half\n' }],
    ['a period of nothing', { ...V2, '/sys/fs/cgroup/cpu.max': '100 0\n' }],
    ['a usage that is no number', { ...V2, '/sys/fs/cgroup/memory.current': '\n' }],
    ['a CPU statistic without the time', { ...V2, '/sys/fs/cgroup/cpu.stat': 'nr_periods 1\n' }],
  ])('with %s is an error, not a zero', (_, files) => {
    expect(() => readings(files)).toThrow(expect.objectContaining({ code: 'MEASUREMENT_FAILED' }));
  });
});

describe('the limits of a group', () => {
  it('are the tightest of it and of all above it', () => {
    const read = kernelFiles({
      '/sys/fs/cgroup/memory/system.slice/muster.service/memory.limit_in_bytes': '9223372036854771712\n',
      '/sys/fs/cgroup/memory/system.slice/memory.limit_in_bytes': '2147483648\n',
      '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
    });
    const places = findCgroups(CGROUP_HYBRID, MOUNTINFO_HYBRID);
    expect(memoryLimit(read, places, MACHINE)).toEqual({ version: 1, folder: '/sys/fs/cgroup/memory/system.slice', limit: 2 ** 31 });
    expect(cpuLimit(kernelFiles({}), places)).toBeUndefined();
  });

  it('do not count where they exceed the machine', () => {
    const read = kernelFiles({ '/sys/fs/cgroup/memory.max': String(MACHINE * 2) });
    expect(memoryLimit(read, findCgroups(CGROUP_V2, MOUNTINFO_V2), MACHINE)).toBeUndefined();
  });

  it('are of version 1 where both are mounted', () => {
    expect(findCgroups(CGROUP_HYBRID, MOUNTINFO_HYBRID)).toEqual({
      cpu: { version: 1, top: '/sys/fs/cgroup/cpu', folder: '/sys/fs/cgroup/cpu' },
      cpuTime: { version: 1, top: '/sys/fs/cgroup/cpuacct', folder: '/sys/fs/cgroup/cpuacct' },
      memory: { version: 1, top: '/sys/fs/cgroup/memory', folder: '/sys/fs/cgroup/memory/system.slice/muster.service' },
    });
  });

  it('are looked for at the mount point where the path is of another namespace', () => {
    expect(findCgroups('0::/../../user.slice\n', MOUNTINFO_V2).memory?.folder).toBe('/sys/fs/cgroup');
  });
});
