import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { packageRoot } from '../../base/package-root.ts';
import { hashOf } from './bundle.ts';

/** Files kept beside those in use. */
const KEPT = 64;
/** What any process took up this lately stays: others use the same folder, and a slot that runs for weeks may be started anew from its file. */
const IN_USE_MS = 30 * 86_400_000;

/**
 * Where bundles lie as files, named by their hash, so that Node can import them; `muster-agents` means this very program to
 * them. Hosts may share one: a file is complete before it has its name, and no two versions of the program share a folder.
 */
export class CodeFolder {
  readonly #folder: string;
  #ready: Promise<void> | undefined;

  constructor(folder: string) {
    this.#folder = join(folder, createHash('sha256').update(packageRoot()).digest('hex').slice(0, 12));
  }

  /** Makes sure that the code is there, byte for byte, and tells where. */
  async keep({ code, hash }: { readonly code: string; readonly hash: string }): Promise<URL> {
    this.#ready ??= this.#prepare().catch((error: unknown) => {
      this.#ready = undefined;
      throw error;
    });
    await this.#ready;
    const file = join(this.#folder, `${hash}.mjs`);
    if (await isWhole(file, hash)) {
      const now = new Date();
      await utimes(file, now, now);
    } else {
      const draft = join(this.#folder, `.${randomUUID()}`);
      await writeFile(draft, code, { mode: 0o600 });
      await rename(draft, file);
      await this.#prune();
    }
    return pathToFileURL(file);
  }

  async #prepare(): Promise<void> {
    const packages = join(this.#folder, 'node_modules');
    await mkdir(packages, { recursive: true, mode: 0o700 });
    // A junction, because on Windows a link needs rights that few have.
    await symlink(packageRoot(), join(packages, 'muster-agents'), 'junction').catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    });
  }

  async #prune(): Promise<void> {
    const names = (await readdir(this.#folder)).filter((name) => name.endsWith('.mjs'));
    if (names.length <= KEPT) return;
    const files = await Promise.all(names.map(async (name) => ({ name, usedAt: await usedAt(join(this.#folder, name)) })));
    const old = files.toSorted((a, b) => b.usedAt - a.usedAt).slice(KEPT);
    const unused = old.filter((file) => file.usedAt < Date.now() - IN_USE_MS);
    await Promise.all(unused.map(({ name }) => rm(join(this.#folder, name), { force: true })));
  }
}

async function isWhole(file: string, hash: string): Promise<boolean> {
  try {
    return hashOf(await readFile(file, 'utf8')) === hash;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** 0 where another process has just taken the file away. */
const usedAt = async (file: string): Promise<number> =>
  stat(file).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
