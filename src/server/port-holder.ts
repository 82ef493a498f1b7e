import { readdir, readFile, readlink } from 'node:fs/promises';

export interface PortHolder {
  readonly pid: number;
  readonly command: string;
}

/** Which process listens on a TCP port; undefined where the system does not tell (not Linux, or another user's process). */
export async function portHolder(port: number): Promise<PortHolder | undefined> {
  const inodes = new Set([...(await listening('/proc/net/tcp', port)), ...(await listening('/proc/net/tcp6', port))]);
  if (inodes.size === 0) return undefined;
  for (const pid of (await names('/proc')).filter((name) => /^\d+$/.test(name))) {
    if (await holdsAny(pid, inodes)) return { pid: Number(pid), command: (await text(`/proc/${pid}/comm`)).trim() || 'a process' };
  }
  return undefined;
}

/** Inodes of the sockets that listen on the port. */
async function listening(table: string, port: number): Promise<readonly string[]> {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return (await text(table))
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => state === '0A' && local?.endsWith(wanted) === true)
    .flatMap((fields) => (fields[9] === undefined ? [] : [fields[9]]));
}

async function holdsAny(pid: string, inodes: ReadonlySet<string>): Promise<boolean> {
  for (const fd of await names(`/proc/${pid}/fd`)) {
    const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '');
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    if (inode !== undefined && inodes.has(inode)) return true;
  }
  return false;
}

// Processes come and go while /proc is read, and those of others are closed to us: what cannot be read is not there.
const text = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');
const names = (path: string): Promise<string[]> => readdir(path).catch(() => []);
