import { readdirSync, readFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';

/** What Linux tells of one process. */
export interface ProcessUse {
  readonly pid: number;
  readonly command: string;
  /** User and system time since its start, ms. */
  readonly cpuMs: number;
  /** The same of its children that have ended. */
  readonly endedChildrenCpuMs: number;
  readonly rssBytes: number;
  /** Its fair share of memory that it shares with others, where the kernel lets us read it. */
  readonly pssBytes: number | undefined;
}

const TICK_MS = 1000 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

interface Stat {
  readonly parent: number;
  readonly command: string;
  readonly cpuMs: number;
  readonly endedChildrenCpuMs: number;
}

/** Parses /proc/<pid>/stat. The command stands in parentheses and may itself hold any character. */
export function parseStat(text: string, tickMs: number): Stat {
  const close = text.lastIndexOf(')');
  const fields = text.slice(close + 2).split(' ');
  return {
    command: text.slice(text.indexOf('(') + 1, close),
    parent: Number(fields[1]),
    cpuMs: (Number(fields[11]) + Number(fields[12])) * tickMs,
    endedChildrenCpuMs: (Number(fields[13]) + Number(fields[14])) * tickMs,
  };
}

/** The text of a file below /proc, or undefined once the process has ended. */
function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES') return undefined;
    throw error;
  }
}

/** The process and all that descend from it, itself first. Empty once it has ended. */
export function processTree(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? readProc(`/proc/${name}/stat`) : undefined;
    if (stat === undefined) continue;
    const { parent } = parseStat(stat, TICK_MS);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  if (readProc(`/proc/${root}/stat`) === undefined) return [];
  const tree = [root];
  for (let i = 0; i < tree.length; i++) tree.push(...(children.get(tree[i] ?? 0) ?? []));
  return tree;
}

/** What one process uses now, or undefined once it has ended. */
export function processUse(pid: number): ProcessUse | undefined {
  const stat = readProc(`/proc/${pid}/stat`);
  const status = readProc(`/proc/${pid}/status`);
  if (stat === undefined || status === undefined) return undefined;
  const { command, cpuMs, endedChildrenCpuMs } = parseStat(stat, TICK_MS);
  const kilobytes = (text: string | undefined, key: string): number | undefined => {
    const match = text === undefined ? undefined : new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(text)?.[1];
    return match === undefined ? undefined : Number(match) * 1024;
  };
  return {
    pid,
    command,
    cpuMs,
    endedChildrenCpuMs,
    rssBytes: kilobytes(status, 'VmRSS') ?? 0,
    pssBytes: kilobytes(readProc(`/proc/${pid}/smaps_rollup`), 'Pss'),
  };
}

/** What each process of a tree uses now. */
export function treeUse(root: number): ProcessUse[] {
  return processTree(root).flatMap((pid) => processUse(pid) ?? []);
}

/**
 * CPU that a tree has used since its start, ms, with that of processes that came and went: the difference of two of
 * these is what the tree used in between, because the time of a child that ends moves over to its parent.
 */
export function treeCpuMs(root: number): number {
  return treeUse(root).reduce((total, { cpuMs, endedChildrenCpuMs }) => total + cpuMs + endedChildrenCpuMs, 0);
}
