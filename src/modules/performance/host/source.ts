import os from 'node:os';
import type { Labels } from '../reading.ts';
import { readKernelFile, type ReadKernelFile } from './proc-files.ts';

/** Where the machine is read from: replaced by fixtures in tests. */
export interface HostSource {
  readonly read: ReadKernelFile;
  readonly host: Labels & { readonly host: string };
}

export const thisMachine = (): HostSource => ({ read: readKernelFile, host: { host: os.hostname() } });
