import os from 'node:os';
import type { Collector } from '../collector.ts';
import { containerCollector } from './container-collector.ts';
import { linuxCollectors } from './linux.ts';
import { portableCollectors } from './portable.ts';
import type { HostSource } from './source.ts';
import { storageCollector } from './storage.ts';

/** The machine and the container, as far as this system tells. */
export function hostCollectors(source: HostSource, platform: NodeJS.Platform = os.platform()): readonly Collector[] {
  if (platform !== 'linux') return [...portableCollectors(source.host), storageCollector(source)];
  return [...linuxCollectors(source), containerCollector(source), storageCollector(source)];
}

export { thisMachine, type HostSource } from './source.ts';
