import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Level, NotificationDocument } from '../notification.ts';

/** One attempt at telling that the database is away; written before it is made, and again with what came of it. */
export interface SpoolEntry {
  readonly id: string;
  readonly incident: string;
  readonly channel: string;
  readonly level: Level;
  readonly document: NotificationDocument;
  readonly attempt: number;
  /** Milliseconds since 1970, by the machine's clock: there is no other. */
  readonly at: number;
  readonly outcome: 'delivered' | 'retry' | 'broken' | 'refused' | null;
  readonly status: number | null;
  readonly error: string | null;
}

/** What was read, and from which files: these are cleared, and none that came after. */
export interface SpoolContent {
  readonly entries: readonly SpoolEntry[];
  readonly files: readonly string[];
  /** Files that may still be written, by processes that live: to be read later, should these be killed. */
  readonly others: number;
}

/** Of more than this no more is read. */
const MOST_ENTRIES = 10_000;
/** A file that nobody has written for so long is that of a process that is gone: no attempt takes longer, nor a pause between two. */
const ABANDONED_MS = 60_000;
const NAME = /^database-away-[0-9a-f-]+\.jsonl$/;

/**
 * What was told while the database was away, on the disk of the host: what a line says has happened, whatever is killed after. Processes that
 * share the folder write a file each, and read of each other what was told.
 */
export class Spool {
  readonly #folder: string;
  readonly #file: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.#file = join(folder, `database-away-${randomUUID()}.jsonl`);
  }

  /** Resolves when it is on the disk. */
  async append(entry: SpoolEntry): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    const file = await open(this.#file, 'a', 0o600);
    try {
      // The line before may have been cut off, by a full disk.
      await file.writeFile(`\n${JSON.stringify(entry)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await syncFolder(this.#folder);
  }

  /** What this process has told and what was left by those that are gone. */
  async read(): Promise<SpoolContent> {
    const all = await this.#files();
    const files: string[] = [];
    for (const file of all) {
      const written = await unlessMissing(stat(file));
      if (file === this.#file || Date.now() - (written?.mtimeMs ?? 0) >= ABANDONED_MS) files.push(file);
    }
    return { files, others: all.length - files.length, entries: await entriesOf(files) };
  }

  /** Whether this message has arrived, as far as the processes know that share this folder. */
  async isDelivered(id: string): Promise<boolean> {
    return (await entriesOf(await this.#files())).some((entry) => entry.id === id && entry.outcome === 'delivered');
  }

  async clear({ files }: SpoolContent): Promise<void> {
    for (const file of files) await rm(file, { force: true });
  }

  async #files(): Promise<readonly string[]> {
    const names = (await unlessMissing(readdir(this.#folder))) ?? [];
    return names.filter((name) => NAME.test(name)).map((name) => join(this.#folder, name));
  }
}

/** Whole lines only: one that was cut off says nothing. */
async function entriesOf(files: readonly string[]): Promise<readonly SpoolEntry[]> {
  const texts = await Promise.all(files.map((file) => unlessMissing(readFile(file, 'utf8'))));
  return texts
    .flatMap((text) => (text ?? '').split('\n'))
    .filter((line) => line !== '')
    .slice(0, MOST_ENTRIES)
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as SpoolEntry];
      } catch (error) {
        if (error instanceof SyntaxError) return [];
        throw error;
      }
    });
}

async function unlessMissing<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** So that the name of a new file is on the disk too. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } catch (error) {
    // Some systems cannot sync a folder.
    if (!['EINVAL', 'EPERM', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    await handle.close();
  }
}
