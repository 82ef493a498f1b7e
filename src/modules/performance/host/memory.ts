import { kernelNumber, malformed } from './proc-files.ts';

export interface Memory {
  readonly totalBytes: number;
  /** Undefined on kernels before 3.14: an estimate of ours would be a guess. */
  readonly availableBytes: number | undefined;
  readonly swapTotalBytes: number | undefined;
  readonly swapUsedBytes: number | undefined;
}

export function parseMeminfo(text: string): Memory {
  const bytes = (key: string): number | undefined => {
    const kibibytes = kernelNumber(new RegExp(`^${key}: +(\\d+) kB$`, 'm').exec(text)?.[1]);
    return kibibytes === undefined ? undefined : kibibytes * 1024;
  };
  const totalBytes = bytes('MemTotal');
  if (totalBytes === undefined || totalBytes === 0) throw malformed('/proc/meminfo', text);
  const swapTotalBytes = bytes('SwapTotal');
  const swapFreeBytes = bytes('SwapFree');
  return {
    totalBytes,
    availableBytes: bytes('MemAvailable'),
    swapTotalBytes,
    swapUsedBytes: swapTotalBytes === undefined || swapFreeBytes === undefined ? undefined : swapTotalBytes - swapFreeBytes,
  };
}

/** Processes the kernel killed for want of memory; undefined before Linux 4.13, which does not count them. */
export function parseOomKills(vmstat: string): number | undefined {
  return kernelNumber(/^oom_kill (\d+)$/m.exec(vmstat)?.[1]);
}

export interface Paging {
  readonly faults: Readonly<Record<'minor' | 'major', number | undefined>>;
  readonly swapped: Readonly<Record<'in' | 'out', number | undefined>>;
}

/** Faults and swapped pages since boot. The kernel counts major faults among all of them. */
export function parsePaging(vmstat: string): Paging {
  const count = (key: string): number | undefined => kernelNumber(new RegExp(`^${key} (\\d+)$`, 'm').exec(vmstat)?.[1]);
  const [all, major] = [count('pgfault'), count('pgmajfault')];
  return {
    faults: { minor: all === undefined || major === undefined ? undefined : all - major, major },
    swapped: { in: count('pswpin'), out: count('pswpout') },
  };
}
