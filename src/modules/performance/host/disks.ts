import { malformed } from './proc-files.ts';

export interface DiskCounters {
  readonly device: string;
  readonly reads: number;
  readonly readBytes: number;
  readonly writes: number;
  readonly writtenBytes: number;
  readonly busySeconds: number;
  /** Time of all reads together: more than the clock's where several were under way. */
  readonly readSeconds: number;
  readonly writeSeconds: number;
}

/** The kernel counts sectors of 512 bytes whatever the disk's own size is. */
const SECTOR_BYTES = 512;

/** Built on other disks, so their I/O would count twice; or no disk at all. */
const NOT_A_DISK = /^(loop|ram|zram|dm-|md|sr|fd|nbd|drbd)/;

/** Whole disks of /proc/diskstats that have ever been used. */
export function parseDiskstats(text: string): readonly DiskCounters[] {
  const rows = text.split('\n').filter((line) => line.trim() !== '');
  const disks = rows.map(parseLine).filter((disk) => !NOT_A_DISK.test(disk.device) && disk.reads + disk.writes > 0);
  const names = new Set(disks.map((disk) => disk.device));
  return disks.filter((disk) => !isPartition(disk.device, names));
}

function parseLine(line: string): DiskCounters {
  const fields = line.trim().split(/\s+/);
  const device = fields[2];
  const [reads, , sectorsRead, readMs, writes, , sectorsWritten, writeMs, , busyMs] = fields.slice(3).map(Number);
  const counts = [reads, sectorsRead, writes, sectorsWritten, busyMs, readMs, writeMs];
  if (device === undefined || counts.some((count) => count === undefined || !Number.isFinite(count)))
    throw malformed('/proc/diskstats', line);
  const [r = 0, rs = 0, w = 0, ws = 0, ms = 0, rms = 0, wms = 0] = counts;
  return {
    device,
    reads: r,
    readBytes: rs * SECTOR_BYTES,
    writes: w,
    writtenBytes: ws * SECTOR_BYTES,
    busySeconds: ms / 1_000,
    readSeconds: rms / 1_000,
    writeSeconds: wms / 1_000,
  };
}

/** sda1 of sda, nvme0n1p2 of nvme0n1; but xvda1 is a disk of its own where there is no xvda. */
function isPartition(device: string, devices: ReadonlySet<string>): boolean {
  const parent = /^(.*?\d)p\d+$/.exec(device)?.[1] ?? /^([a-z]+)\d+$/.exec(device)?.[1];
  return parent !== undefined && devices.has(parent);
}
