import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
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

/** Of a file that grew beyond this no more is read. */
const MOST_ENTRIES = 10_000;

/** What was told while the database was away, on the disk of the host: what a line says has happened, whatever is killed after. */
export class Spool {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  /** Resolves when it is on the disk. */
  async append(entry: SpoolEntry): Promise<void> {
    await mkdir(dirname(this.#file), { recursive: true });
    const file = await open(this.#file, 'a', 0o600);
    try {
      await file.writeFile(`${JSON.stringify(entry)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await syncFolder(dirname(this.#file));
  }

  /** Whole lines only: the last may have been cut off. */
  async read(): Promise<readonly SpoolEntry[]> {
    let text: string;
    try {
      text = await readFile(this.#file, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
    return text
      .split('\n')
      .filter((line) => line.endsWith('}'))
      .slice(0, MOST_ENTRIES)
      .map((line) => JSON.parse(line) as SpoolEntry);
  }

  async clear(): Promise<void> {
    await rm(this.#file, { force: true });
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
