import { randomBytes } from 'node:crypto';
import { link, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { MusterError } from '../../base/errors.ts';
import { identityOf, type ProcessIdentity } from './process-identity.ts';

const TOUCH_EVERY_MS = 5_000;
/** For an owner in another container, whose pid says nothing here: silent for so long, it is gone. */
const SILENT_MS = 20_000;

/** Held while this process uses a data folder. */
export interface FolderLock {
  release(): Promise<void>;
}

/** Takes the folder or throws DATA_FOLDER_IN_USE, naming the owner. An owner that is gone leaves nothing to mend. */
export async function lockFolder(file: string, folder: string): Promise<FolderLock> {
  const own = await identityOf(process.pid);
  if (own === undefined) throw new MusterError('INTERNAL', 'This process cannot tell its own start time.');
  const draft = `${file}.${process.pid}-${randomBytes(4).toString('hex')}`;
  await writeFile(draft, JSON.stringify(own), { mode: 0o644, flag: 'wx' });
  try {
    // link() fails where the name exists, and the name never shows half a file.
    for (;;) {
      try {
        await link(draft, file);
        break;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      await clearStale(file, folder, own);
    }
  } finally {
    await rm(draft, { force: true });
  }
  const timer = setInterval(() => {
    const now = new Date();
    utimes(file, now, now).catch(() => undefined); // the folder was removed under us: nothing left to keep
  }, TOUCH_EVERY_MS);
  timer.unref();
  return {
    release: async () => {
      clearInterval(timer);
      if (sameProcess(await readLock(file), own)) await rm(file, { force: true });
    },
  };
}

async function clearStale(file: string, folder: string, own: ProcessIdentity): Promise<void> {
  const owner = await readLock(file);
  if (owner === undefined) return; // released meanwhile
  if (await isAlive(owner, own, file)) {
    throw new MusterError('DATA_FOLDER_IN_USE', `Process ${owner.pid} uses the data folder ${folder}.`, {
      remedy: `Stop it (\`kill ${owner.pid}\`), or choose another folder with --data-dir.`,
      data: { pid: owner.pid, folder },
    });
  }
  // Two may clear at once: only the one whose rename catches the stale file has removed it; a fresh one is put back.
  const aside = `${file}.stale-${process.pid}-${randomBytes(4).toString('hex')}`;
  try {
    await rename(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (!sameProcess(await readLock(aside), owner)) await link(aside, file).catch(() => undefined); // a third one has it by now
  await rm(aside, { force: true });
}

async function isAlive(owner: ProcessIdentity, own: ProcessIdentity, file: string): Promise<boolean> {
  if (owner.bootId !== own.bootId) return false;
  if (owner.pidNamespace !== own.pidNamespace) {
    const stats = await stat(file).catch(() => undefined);
    return stats !== undefined && Date.now() - stats.mtimeMs < SILENT_MS;
  }
  return sameProcess(await identityOf(owner.pid), owner);
}

async function readLock(file: string): Promise<ProcessIdentity | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const none: ProcessIdentity = { pid: 0, startedAt: '', bootId: '', pidNamespace: '' };
  try {
    return { ...none, ...(JSON.parse(text) as Partial<ProcessIdentity>) };
  } catch {
    return none; // a full disk cut it off: nobody's
  }
}

const sameProcess = (a: ProcessIdentity | undefined, b: ProcessIdentity): boolean =>
  a !== undefined && a.pid === b.pid && a.startedAt === b.startedAt && a.bootId === b.bootId && a.pidNamespace === b.pidNamespace;
