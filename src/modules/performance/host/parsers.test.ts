import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cpuShares, parseCpuTimes } from './cpu.ts';
import { parseDiskstats } from './disks.ts';
import { filesystemUsage, parseMounts } from './filesystems.ts';
import { DISKSTATS, MEMINFO, MOUNTINFO, MOUNTINFO_V2, NET_DEV, PRESSURE, STAT } from '../../../../test/support/kernel-files.ts';
import { parseMeminfo, parseOomKills, parsePaging } from './memory.ts';
import { parseNetDev, parseSockets } from './network.ts';
import { parsePressure } from './pressure.ts';

describe('/proc/stat', () => {
  it('gives processor time by mode, nice with user and soft interrupts with hard ones', () => {
    expect(parseCpuTimes(STAT)).toEqual({ user: 4617, system: 3967, interrupt: 100, iowait: 429, steal: 9, idle: 301449 });
  });

  it('reads kernels that tell four modes only', () => {
    expect(parseCpuTimes('cpu 1 2 3 4\n')).toEqual({ user: 3, system: 3, interrupt: 0, iowait: 0, steal: 0, idle: 4 });
  });

  it.each(['', 'cpu\n', 'cpu  1 2\n', 'cpu0 1 2 3 4\n', 'cpu  a b c d\n', '\u0000\u0000'])('refuses %j', (text) => {
    expect(() => parseCpuTimes(text)).toThrow(expect.objectContaining({ code: 'MEASUREMENT_FAILED' }));
  });
});

describe('processor shares', () => {
  const times = { user: 100, system: 50, interrupt: 0, iowait: 10, steal: 0, idle: 840 };

  it('count time neither idle nor waiting for I/O as busy', () => {
    const after = { user: 130, system: 60, interrupt: 5, iowait: 30, steal: 5, idle: 870 };
    expect(cpuShares(times, after)).toEqual({
      user: 0.3,
      system: 0.1,
      interrupt: 0.05,
      iowait: 0.2,
      steal: 0.05,
      idle: 0.3,
      busy: expect.closeTo(0.5, 10) as number,
    });
  });

  it('are unknown where no time has passed', () => expect(cpuShares(times, times)).toBeUndefined());

  it('take a mode that went back for unchanged', () => {
    expect(cpuShares(times, { ...times, iowait: 5, idle: 940 })).toMatchObject({ iowait: 0, idle: 1, busy: 0 });
  });

  it('add up to one, each between nothing and all', () => {
    const arbitrary = fc.record({
      user: fc.nat(),
      system: fc.nat(),
      interrupt: fc.nat(),
      iowait: fc.nat(),
      steal: fc.nat(),
      idle: fc.nat(),
    });
    fc.assert(
      fc.property(arbitrary, arbitrary, (before, after) => {
        const shares = cpuShares(before, after);
        if (shares === undefined) return;
        const { busy, ...modes } = shares;
        expect(Object.values(modes).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
        expect(busy).toBeGreaterThanOrEqual(0);
        expect(busy).toBeLessThanOrEqual(1 + 1e-9);
      }),
    );
  });
});

describe('/proc/meminfo', () => {
  it('gives bytes', () => {
    expect(parseMeminfo(MEMINFO)).toEqual({
      totalBytes: 24_684_092 * 1024,
      availableBytes: 24_323_916 * 1024,
      swapTotalBytes: 2_097_148 * 1024,
      swapUsedBytes: 97_148 * 1024,
    });
  });

  it('leaves available memory unknown on old kernels rather than guess it', () => {
    expect(parseMeminfo('MemTotal: 1000 kB\nMemFree: 500 kB\n')).toMatchObject({ availableBytes: undefined, swapUsedBytes: undefined });
  });

  it.each(['', 'MemTotal: lots kB\n', 'MemTotal: 0 kB\n', MEMINFO.slice(0, 12)])('refuses %j', (text) => {
    expect(() => parseMeminfo(text)).toThrow(expect.objectContaining({ code: 'MEASUREMENT_FAILED' }));
  });

  it('counts processes killed for want of memory, where the kernel does', () => {
    expect(parseOomKills('pgfault 12\noom_kill 3\n')).toBe(3);
    expect(parseOomKills('pgfault 12\n')).toBeUndefined();
  });

  it('tells faults that had to be read from disk from those that had not', () => {
    expect(parsePaging('pswpin 5\npswpout 6\npgfault 120\npgmajfault 20\n')).toEqual({
      faults: { minor: 100, major: 20 },
      swapped: { in: 5, out: 6 },
    });
    expect(parsePaging('')).toEqual({ faults: { minor: undefined, major: undefined }, swapped: { in: undefined, out: undefined } });
  });
});

describe('/proc/diskstats', () => {
  it('gives whole disks in use: no partitions, no devices built on others', () => {
    expect(parseDiskstats(DISKSTATS).map(({ device }) => device)).toEqual(['nvme0n1', 'sdb', 'xvda1']);
  });

  it('counts sectors of 512 bytes and busy milliseconds', () => {
    expect(parseDiskstats(DISKSTATS)[1]).toEqual({
      device: 'sdb',
      reads: 10,
      readBytes: 80 * 512,
      writes: 20,
      writtenBytes: 160 * 512,
      busySeconds: 0.012,
      readSeconds: 0.005,
      writeSeconds: 0.007,
    });
  });

  it('finds nothing in an empty file', () => expect(parseDiskstats('')).toEqual([]));

  it.each(['8 0 sda 1 2 3\n', '8 0 sda a b c d e f g h i j k\n', 'nonsense'])('refuses %j', (text) => {
    expect(() => parseDiskstats(text)).toThrow(expect.objectContaining({ code: 'MEASUREMENT_FAILED' }));
  });
});

describe('/proc/net/dev', () => {
  it('gives physical interfaces in use, also where the kernel leaves out the space', () => {
    expect(parseNetDev(NET_DEV)).toEqual([
      { device: 'eth0', receivedBytes: 264_784_187, sentBytes: 724_491, errors: 4, drops: 6 },
      { device: 'wlp2s0', receivedBytes: 12, sentBytes: 34, errors: 0, drops: 0 },
    ]);
  });

  it.each(['', 'one line', 'Inter-|\n face |bytes\n eth0: 1 2\n', 'Inter-|\n face |bytes\n eth0 1 2 3 4 5 6 7 8 9 10 11 12\n'])(
    'refuses %j',
    (text) => {
      expect(() => parseNetDev(text)).toThrow(expect.objectContaining({ code: 'MEASUREMENT_FAILED' }));
    },
  );
});

describe('/proc/pressure', () => {
  it('gives the totals of stalled time', () => expect(parsePressure(PRESSURE)).toEqual({ some: 12_696_277, full: 2_869_540 }));
  it('knows kernels without the second line', () =>
    expect(parsePressure('some avg10=0.00 total=5\n')).toEqual({ some: 5, full: undefined }));
  it('refuses what it does not know', () => expect(() => parsePressure('none\n')).toThrow('not understood'));
});

describe('/proc/self/mountinfo', () => {
  it('gives each local file system once, at its shortest mount point, with its name unescaped', () => {
    expect(parseMounts(MOUNTINFO)).toEqual([
      { mountpoint: '/', device: '254:0', type: 'ext4' },
      { mountpoint: '/media/My Disk', device: '8:17', type: 'vfat' },
      { mountpoint: '/var/lib/postgresql', device: '254:16', type: 'xfs' },
    ]);
  });

  it('takes the overlay at the root of a container', () =>
    expect(parseMounts(MOUNTINFO_V2).map(({ mountpoint }) => mountpoint)).toEqual(['/']));

  it('survives anything', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parseMounts(text)).toBeInstanceOf(Array);
      }),
    );
  });
});

describe('file system usage', () => {
  const blocks = { bsize: 4096, blocks: 1000, bfree: 300, bavail: 250, files: 100, ffree: 25 };

  it('is what df shows: reserved blocks are neither used nor available', () => {
    expect(filesystemUsage(blocks)).toEqual({
      sizeBytes: 4_096_000,
      availableBytes: 1_024_000,
      usageRatio: 700 / 950,
      inodesUsageRatio: 0.75,
    });
  });
  it('has no inodes where they are made as needed', () =>
    expect(filesystemUsage({ ...blocks, files: 0, ffree: 0 })?.inodesUsageRatio).toBeUndefined());
  it('is unknown for a file system without blocks', () =>
    expect(filesystemUsage({ ...blocks, blocks: 0, bfree: 0, bavail: 0 })).toBeUndefined());
});

describe('/proc/net/sockstat', () => {
  it('gives sockets by what they do', () => {
    expect(parseSockets('sockets: used 210\nTCP: inuse 11 orphan 1 tw 23 alloc 13 mem 2\nUDP: inuse 4 mem 0\nRAW: inuse 9\n')).toEqual({
      tcp_in_use: 11,
      tcp_orphan: 1,
      tcp_time_wait: 23,
      udp_in_use: 4,
    });
  });
});
