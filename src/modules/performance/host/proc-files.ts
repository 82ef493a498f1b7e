import { readFileSync } from 'node:fs';
import { MusterError } from '../../../base/errors.ts';

/** Reads a file of the kernel: '/proc/stat', `/sys/fs/cgroup/memory.max`. */
export type ReadKernelFile = (path: string) => string;

/**
 * Read synchronously on purpose: the kernel makes these files in memory, so there is no disk to wait for, and a read costs
 * 16 µs against 225 µs of processor time by way of the thread pool.
 */
export const readKernelFile: ReadKernelFile = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw unreadable(path, cause);
  }
};

/** The content, or undefined where there is no such file. */
export function readIfThere(read: ReadKernelFile, path: string): string | undefined {
  try {
    return read(path);
  } catch (error) {
    if (error instanceof MusterError && error.code === 'NOT_MEASURABLE') return undefined;
    throw error;
  }
}

export function unreadable(path: string, cause: unknown): MusterError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EOPNOTSUPP' || code === 'ENODEV') {
    return new MusterError('NOT_MEASURABLE', `${path} does not exist on this system`, { cause });
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new MusterError('MEASUREMENT_FAILED', `${path} may not be read`, { remedy: `Let this user read ${path}.`, cause });
  }
  return new MusterError('MEASUREMENT_FAILED', `${path} cannot be read: ${String(code ?? cause)}`, { cause });
}

/** The content of a file is not what the kernel documents. */
export const malformed = (source: string, text: string): MusterError =>
  new MusterError('MEASUREMENT_FAILED', `${source} is not understood: ${JSON.stringify(text.slice(0, 80))}`, {
    remedy: 'Please report it with the content of the file.',
  });

/** A number of the kernel's: digits only. */
export function kernelNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
}
