import os from 'node:os';
import { describe, expect, it } from 'vitest';
import { silentLogger } from '../../../base/logger.ts';
import type { Reading } from '../reading.ts';
import { Rounds, type RoundContext } from '../rounds.ts';
import { DISKSTATS, kernelFiles, MEMINFO, NET_DEV, PRESSURE, STAT } from '../../../../test/support/kernel-files.ts';
import { hostCollectors } from './index.ts';

const FILES = {
  '/proc/stat': STAT,
  '/proc/loadavg': '0.14 0.12 0.05 1/93 9561\n',
  '/proc/meminfo': MEMINFO,
  '/proc/diskstats': DISKSTATS,
  '/proc/net/dev': NET_DEV,
  '/proc/pressure/cpu': PRESSURE,
  '/proc/pressure/memory': PRESSURE,
  '/proc/pressure/io': PRESSURE,
  '/proc/sys/fs/file-nr': '592\t0\t2466177\n',
  '/proc/vmstat': 'oom_kill 0\n',
  '/proc/self/mountinfo': '27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n',
  '/proc/self/cgroup': '0::/\n',
};

type Files = Parameters<typeof kernelFiles>[0];

/** Measures a machine twice, five seconds apart. */
async function measure(first: Files, second: Files = first, platform: NodeJS.Platform = 'linux') {
  let files = first;
  const collectors = hostCollectors({ read: (path) => kernelFiles(files)(path), host: { host: 'alpha' } }, platform);
  const rounds = new Rounds(collectors, { fast: 5_000, slow: 5_000, rare: 5_000 });
  const context = (monotonic: number): RoundContext =>
    ({
      pools: () => [],
      latest: () => Promise.resolve([]),
      monotonic,
      statementTimeoutMs: 1,
      log: silentLogger,
    }) as unknown as RoundContext;
  await rounds.collect(0, context(0));
  files = second;
  const readings = await rounds.collect(5_000, context(5_000));
  return { readings, failing: rounds.status().filter(({ status }) => status !== 'up') };
}

const valueOf = (readings: readonly Reading[], name: string, labels: Readonly<Record<string, string>> = {}): number | undefined =>
  readings.find((reading) => reading.name === name && Object.entries(labels).every(([key, value]) => reading.labels[key] === value))?.value;

describe('a Linux machine', () => {
  it('is measured from the files of its kernel', async () => {
    const { readings, failing } = await measure(FILES, {
      ...FILES,
      '/proc/stat': STAT.replace('cpu  4605 12 3967 301449', 'cpu  4855 12 3967 302199'),
      '/proc/pressure/io': PRESSURE.replace('total=12696277', 'total=13696277'),
      '/proc/net/dev': NET_DEV.replace('264784187', '264834187'),
    });
    expect(failing).toEqual([]);
    expect(valueOf(readings, 'host_cpu_usage_ratio')).toBe(0.25);
    expect(valueOf(readings, 'host_cpu_mode_ratio', { mode: 'user' })).toBe(0.25);
    expect(valueOf(readings, 'cpu_usage')).toBe(0.25);
    expect(valueOf(readings, 'host_pressure_ratio', { resource: 'io', kind: 'some' })).toBe(0.2);
    expect(valueOf(readings, 'host_pressure_ratio', { resource: 'cpu', kind: 'full' })).toBeUndefined();
    expect(valueOf(readings, 'host_disk_read_bytes_total', { device: 'nvme0n1' })).toBe(17_321_700 * 512);
    expect(valueOf(readings, 'network_io')).toBe(10_000);
    expect(valueOf(readings, 'disk_io')).toBe(0);
    expect(valueOf(readings, 'host_file_descriptors_limit')).toBe(2_466_177);
    expect(valueOf(readings, 'host_filesystem_usage_ratio', { mountpoint: '/' })).toBeGreaterThan(0);
    expect(valueOf(readings, 'memory_usage')).toBe(valueOf(readings, 'host_memory_usage_ratio'));
  });

  it('without pressure information lacks that and nothing else', async () => {
    const { '/proc/pressure/cpu': _, '/proc/pressure/memory': __, '/proc/pressure/io': ___, ...old } = FILES;
    const { readings, failing } = await measure(old);
    expect(failing.map(({ collector, status, errors }) => ({ collector, status, errors }))).toEqual([
      { collector: 'host_pressure', status: 'not_offered', errors: 0 },
    ]);
    expect(valueOf(readings, 'host_memory_usage_ratio')).toBeGreaterThan(0);
  });

  it.each([
    ['is cut off', { '/proc/stat': 'cpu  46' }, 'not understood'],
    ['may not be read', { '/proc/stat': Object.assign(new Error('denied'), { code: 'EACCES' }) }, 'may not be read'],
    ['cannot be read', { '/proc/stat': Object.assign(new Error('broken'), { code: 'EIO' }) }, 'EIO'],
  ])('one of whose files %s fails there and nowhere else', async (_, broken, reason) => {
    const { readings, failing } = await measure({ ...FILES, ...broken });
    expect(failing).toEqual([
      expect.objectContaining({ collector: 'host_cpu', status: 'failing', errors: 2, reason: expect.stringContaining(reason) as string }),
    ]);
    expect(valueOf(readings, 'host_cpu_usage_ratio')).toBeUndefined();
    expect(valueOf(readings, 'host_load1')).toBeUndefined();
    expect(valueOf(readings, 'collector_errors_total', { collector: 'host_cpu' })).toBe(2);
    expect(valueOf(readings, 'host_memory_usage_ratio')).toBeGreaterThan(0);
  });
});

describe('another system', () => {
  it('is measured as far as node:os tells, and says what it does not', async () => {
    const { readings, failing } = await measure({ '/proc/self/mountinfo': FILES['/proc/self/mountinfo'] }, undefined, 'darwin');
    expect(valueOf(readings, 'host_memory_total_bytes')).toBe(os.totalmem());
    expect(valueOf(readings, 'host_cpu_cores')).toBe(os.cpus().length);
    expect(failing.map(({ collector, status }) => `${collector} ${status}`)).toEqual(
      ['host_disks', 'host_network', 'host_pressure', 'host_descriptors', 'host_container'].map((name) => `${name} not_offered`),
    );
  });
});
