import { stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { MusterError, messageOf } from '../../base/errors.ts';
import type { Service } from '../../base/service.ts';
import type { Config } from '../../config/config.ts';
import type { Module } from '../../modules/module.ts';
import { builtInModules } from '../../modules/built-in.ts';
import { loadOwnFile, ownFiles, type OwnFile } from '../../modules/own-modules.ts';
import { codeFolderOf, refuseTwice } from './parts.ts';

/** How often the files are looked at: a look is one system call a file, and works on every file system and editor. */
const LOOK_MS = 300;
/** A file that could not be loaded may be mended in another that it imports and that is not known yet. */
const RETRY_MS = 2_000;

/** A file was loaded again, or could not be. */
export interface Reload {
  readonly file: string;
  readonly types: readonly string[];
  readonly error: MusterError | undefined;
}

export interface OwnCodeOptions {
  readonly config: Pick<Config, 'agents' | 'dataDir'>;
  readonly adopt: (modules: readonly Module[]) => Promise<void>;
  readonly reloaded: (reload: Reload) => void;
}

interface Watched {
  readonly loaded: OwnFile;
  /** What its files looked like before it was loaded last, or before that failed. */
  readonly seen: string;
  readonly failed?: { readonly message: string; readonly at: number };
}

/** Watches the files of the user's own agents: one that changes, or that comes, is loaded again and its agents are started anew. */
export class OwnCode implements Service {
  readonly #options: OwnCodeOptions;
  readonly #files = new Map<string, Watched>();
  readonly #over = new AbortController();
  #watching: Promise<void> = Promise.resolve();

  constructor(options: OwnCodeOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    // Loaded a moment ago for the start: only what has changed meanwhile is started anew by this.
    for (const file of await ownFiles(this.#options.config.agents)) {
      const loaded = await this.#load(file);
      this.#files.set(file, { loaded, seen: await fingerprint(loaded.inputs) });
      await this.#options.adopt(loaded.modules);
    }
    this.#watching = this.#watch();
  }

  async stop(): Promise<void> {
    this.#over.abort();
    await this.#watching;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #watch(): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      await delay(LOOK_MS, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) await this.#look();
    }
  }

  async #look(): Promise<void> {
    // A folder that is being moved away is as if nothing had changed.
    const files = await ownFiles(this.#options.config.agents).catch(() => [...this.#files.keys()]);
    for (const file of files) {
      const known = this.#files.get(file);
      const seen = await fingerprint(known?.loaded.inputs ?? [file]);
      if (known?.seen === seen && !(known.failed !== undefined && performance.now() - known.failed.at > RETRY_MS)) continue;
      await this.#reload(file, known, seen);
    }
  }

  async #reload(file: string, known: Watched | undefined, seen: string): Promise<void> {
    try {
      const loaded = await this.#load(file);
      const others = [...this.#files.values()].filter((other) => other !== known).flatMap((other) => other.loaded.modules);
      refuseTwice([...builtInModules, ...others, ...loaded.modules]);
      await this.#options.adopt(loaded.modules);
      // As it was before it was loaded, so that a change meanwhile is one.
      const same = loaded.inputs.join('\n') === known?.loaded.inputs.join('\n');
      this.#files.set(file, { loaded, seen: same ? seen : await fingerprint(loaded.inputs) });
      this.#options.reloaded({ file, types: typesOf(loaded), error: undefined });
    } catch (thrown) {
      const error = thrown instanceof MusterError ? thrown : new MusterError('AGENT_INVALID', messageOf(thrown), { cause: thrown });
      const loaded: OwnFile = known?.loaded ?? { file, modules: [], inputs: [file] };
      this.#files.set(file, { loaded, seen, failed: { message: error.message, at: performance.now() } });
      if (known?.failed?.message !== error.message) this.#options.reloaded({ file, types: typesOf(loaded), error });
    }
  }

  #load(file: string): Promise<OwnFile> {
    return loadOwnFile(file, { codeFolder: codeFolderOf(this.#options.config.dataDir), bundles: true });
  }
}

const typesOf = ({ modules }: OwnFile): readonly string[] => modules.flatMap(({ agentTypes = [] }) => agentTypes.map(({ type }) => type));

async function fingerprint(files: readonly string[]): Promise<string> {
  const marks = files.map(async (file) => {
    const found = await stat(file).catch(() => undefined); // gone: that is a change too
    return `${file} ${found?.mtimeMs} ${found?.size} ${found?.ino}`;
  });
  return (await Promise.all(marks)).join('\n');
}
