import { malformed } from './proc-files.ts';

/** Processor time since boot, in whatever unit: only shares are taken of it. */
export interface CpuTimes {
  readonly user: number;
  readonly system: number;
  readonly interrupt: number;
  readonly iowait: number;
  readonly steal: number;
  readonly idle: number;
}

export type CpuShares = CpuTimes & { readonly busy: number };

const MODES = ['user', 'system', 'interrupt', 'iowait', 'steal', 'idle'] as const;

/** The first line of /proc/stat. `guest` is not read: `user` has it already. */
export function parseCpuTimes(stat: string): CpuTimes {
  const line = /^cpu +(\d+(?: \d+)+)/.exec(stat)?.[1];
  const [user, nice, system, idle, iowait = 0, irq = 0, softirq = 0, steal = 0] = line?.split(' ').map(Number) ?? [];
  if (user === undefined || nice === undefined || system === undefined || idle === undefined) throw malformed('/proc/stat', stat);
  return { user: user + nice, system, interrupt: irq + softirq, iowait, steal, idle };
}

/**
 * Shares of the time between two readings, or undefined where none has passed. A mode that went back counts as 0: the kernel
 * corrects iowait downwards now and then.
 */
export function cpuShares(before: CpuTimes, after: CpuTimes): CpuShares | undefined {
  const spent = MODES.map((mode) => Math.max(0, after[mode] - before[mode]));
  const total = spent.reduce((sum, ticks) => sum + ticks, 0);
  if (total <= 0) return undefined;
  const [user = 0, system = 0, interrupt = 0, iowait = 0, steal = 0, idle = 0] = spent.map((ticks) => ticks / total);
  return { user, system, interrupt, iowait, steal, idle, busy: user + system + interrupt + steal };
}
