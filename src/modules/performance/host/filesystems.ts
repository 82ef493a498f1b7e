/** A mounted file system worth watching. */
export interface Mount {
  readonly mountpoint: string;
  readonly device: string;
  readonly type: string;
}

/**
 * Local file systems that hold data. Network ones are left out: statfs on a server that hangs would hold a thread of this
 * process for good.
 */
const LOCAL = new Set([
  'ext2',
  'ext3',
  'ext4',
  'xfs',
  'btrfs',
  'zfs',
  'f2fs',
  'jfs',
  'reiserfs',
  'bcachefs',
  'vfat',
  'exfat',
  'ntfs',
  'ntfs3',
  'apfs',
  'hfs',
  'ufs',
]);

const MOST = 32;

/**
 * The file systems of /proc/self/mountinfo, each once, at its shortest mount point. The root of a container is an overlay
 * and counts as well. Lines that do not parse are skipped: a mount point may hold anything.
 */
export function parseMounts(mountinfo: string): readonly Mount[] {
  const byDevice = new Map<string, Mount>();
  for (const line of mountinfo.split('\n')) {
    const [, , device, , mountpoint, ...rest] = line.split(' ');
    const type = rest[rest.indexOf('-') + 1];
    if (device === undefined || mountpoint === undefined || type === undefined || !rest.includes('-')) continue;
    const path = unescapeOctal(mountpoint);
    if (!LOCAL.has(type) && !(type === 'overlay' && path === '/')) continue;
    const known = byDevice.get(device);
    if (known === undefined || path.length < known.mountpoint.length) byDevice.set(device, { mountpoint: path, device, type });
  }
  return [...byDevice.values()].toSorted((a, b) => (a.mountpoint < b.mountpoint ? -1 : 1)).slice(0, MOST);
}

/** The kernel writes space, tab, line feed and backslash as \040, \011, \012, \134. */
const unescapeOctal = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/** What statfs answers, as far as it is used. */
export interface FilesystemBlocks {
  readonly bsize: number;
  readonly blocks: number;
  readonly bfree: number;
  readonly bavail: number;
  readonly files: number;
  readonly ffree: number;
}

export interface FilesystemUsage {
  readonly sizeBytes: number;
  readonly availableBytes: number;
  /** As df: used, of used and available to an ordinary user; what is reserved for root is neither. */
  readonly usageRatio: number;
  /** Undefined where the file system has no fixed number of inodes. */
  readonly inodesUsageRatio: number | undefined;
}

/** Undefined for a file system without blocks. */
export function filesystemUsage({ bsize, blocks, bfree, bavail, files, ffree }: FilesystemBlocks): FilesystemUsage | undefined {
  const used = blocks - bfree;
  if (blocks <= 0 || used + bavail <= 0) return undefined;
  return {
    sizeBytes: blocks * bsize,
    availableBytes: bavail * bsize,
    usageRatio: used / (used + bavail),
    inodesUsageRatio: files > 0 ? (files - ffree) / files : undefined,
  };
}
