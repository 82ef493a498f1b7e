import { readFile, readlink } from 'node:fs/promises';

/**
 * Names a process beyond doubt on its own machine: boot, PID namespace, pid, and when it started (pids are used again).
 * Undefined where the system has no /proc: a neighbour's death is then seen by its lease alone.
 */
export async function ownProcessKey(): Promise<string | undefined> {
  const place = await ownPlace();
  const started = await startTimeOf(process.pid);
  return place === undefined || started === undefined || started === 'gone' ? undefined : `${place}/${process.pid}/${started}`;
}

/** What this machine knows of the process behind a key: for certain where the key is of this boot and PID namespace. */
export async function processOf(processKey: string): Promise<'gone' | 'there' | 'unknown'> {
  const [boot, namespace, pid, started] = processKey.split('/');
  if (`${boot}/${namespace}` !== (await ownPlace()) || pid === undefined || started === undefined) return 'unknown';
  const now = await startTimeOf(Number(pid));
  if (now === undefined) return 'unknown';
  return now === started ? 'there' : 'gone';
}

/** Whether the process behind a key is gone for certain. */
export const isGone = async (processKey: string): Promise<boolean> => (await processOf(processKey)) === 'gone';

let place: Promise<string | undefined> | undefined;

/** Neither changes while the process lives. */
function ownPlace(): Promise<string | undefined> {
  place ??= readPlace();
  return place;
}

async function readPlace(): Promise<string | undefined> {
  try {
    const [boot, namespace] = await Promise.all([readFile('/proc/sys/kernel/random/boot_id', 'utf8'), readlink('/proc/self/ns/pid')]);
    return `${boot.trim()}/${namespace}`;
  } catch {
    // No /proc, or not for us: then nothing can be certified, which is the safe answer.
    return undefined;
  }
}

/** Clock ticks since boot; `'gone'` for no such process or a zombie, whose sockets are closed already. */
async function startTimeOf(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The second field is the command's name in brackets, which may contain anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? 'gone' : fields[19];
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' || (error as NodeJS.ErrnoException).code === 'ESRCH' ? 'gone' : undefined;
  }
}
