import { statfs } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Collector } from '../collector.ts';
import { filesystemUsage, parseMounts } from './filesystems.ts';
import { unreadable } from './proc-files.ts';
import type { HostSource } from './source.ts';

/** Space on every local file system. On systems without /proc: on the one this process works in. */
export function storageCollector({ read, host }: HostSource): Collector {
  return {
    name: 'host_filesystems',
    tier: 'slow',
    async collect({ record }) {
      const mountpoints =
        os.platform() === 'linux'
          ? parseMounts(read('/proc/self/mountinfo')).map((mount) => mount.mountpoint)
          : [path.parse(process.cwd()).root];
      let failure: Error | undefined;
      for (const mountpoint of mountpoints) {
        try {
          const usage = filesystemUsage(await statfs(mountpoint));
          const labels = { ...host, mountpoint };
          record('host_filesystem_size_bytes', usage?.sizeBytes, labels);
          record('host_filesystem_available_bytes', usage?.availableBytes, labels);
          record('host_filesystem_usage_ratio', usage?.usageRatio, labels);
          record('host_filesystem_inodes_usage_ratio', usage?.inodesUsageRatio, labels);
        } catch (cause) {
          failure ??= unreadable(mountpoint, cause);
        }
      }
      // One that cannot be read does not hide the others, and is told.
      if (failure !== undefined) throw failure;
    },
  };
}
