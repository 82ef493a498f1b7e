import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseSnapshot, type Snapshot } from './snapshot.ts';

const REFRESH_MS = 10_000;
const SAVE_EVERY_MS = 60_000;

/** What the page is made from: the newest that could be read, and whether the source answered when it was asked last. */
export interface Kept {
  readonly snapshot: Snapshot;
  readonly isCurrent: boolean;
}

export interface KeptSnapshotOptions {
  readonly read: () => Promise<Snapshot>;
  /** Where it is kept besides; null: nowhere. */
  readonly folder: string | null;
  /** A read or a write that failed. */
  readonly failed: (error: unknown, what: string) => void;
  readonly refreshMs?: number;
}

/**
 * The last state of the page, in memory and in a file, so that the page goes on telling it while the database is away and after
 * a restart in that time. Read every ten seconds however many people look.
 */
export class KeptSnapshot {
  readonly #options: KeptSnapshotOptions;
  #kept: Snapshot | undefined;
  #isCurrent = false;
  #timer: NodeJS.Timeout | undefined;
  #refreshing: Promise<void> | undefined;
  #savedAt = Number.NEGATIVE_INFINITY;
  #savedStates = '';

  constructor(options: KeptSnapshotOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer ??= setInterval(() => void this.refresh(), this.#options.refreshMs ?? REFRESH_MS);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#refreshing;
  }

  /** Undefined where it never could be read. */
  async get(): Promise<Kept | undefined> {
    if (this.#kept === undefined) await this.refresh();
    if (this.#kept === undefined) this.#kept = await this.#load();
    return this.#kept === undefined ? undefined : { snapshot: this.#kept, isCurrent: this.#isCurrent };
  }

  /** Reads it anew; whoever asks meanwhile waits for the same. Never throws. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#read().finally(() => (this.#refreshing = undefined));
    return this.#refreshing;
  }

  async #read(): Promise<void> {
    try {
      this.#kept = await this.#options.read();
      this.#isCurrent = true;
    } catch (error) {
      this.#isCurrent = false;
      this.#options.failed(error, 'the status page could not be read anew; its last state is shown');
      return;
    }
    await this.#save(this.#kept);
  }

  async #save(snapshot: Snapshot): Promise<void> {
    const { folder } = this.#options;
    const states = JSON.stringify([snapshot.enabled, snapshot.title, snapshot.components.map(({ key, state }) => [key, state])]);
    if (folder === null || (states === this.#savedStates && performance.now() - this.#savedAt < SAVE_EVERY_MS)) return;
    try {
      await mkdir(folder, { recursive: true });
      const file = fileIn(folder);
      await writeFile(`${file}.new`, JSON.stringify(snapshot));
      await rename(`${file}.new`, file);
      this.#savedAt = performance.now();
      this.#savedStates = states;
    } catch (error) {
      this.#options.failed(error, 'the state of the status page could not be kept in a file');
    }
  }

  async #load(): Promise<Snapshot | undefined> {
    const { folder } = this.#options;
    if (folder === null) return undefined;
    try {
      return parseSnapshot(JSON.parse(await readFile(fileIn(folder), 'utf8')));
    } catch {
      return undefined; // not there, or half of one: there is no last state
    }
  }
}

const fileIn = (folder: string): string => join(folder, 'status-page.json');
