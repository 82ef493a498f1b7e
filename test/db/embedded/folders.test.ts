import { execFileSync } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../src/base/logger.ts';
import { binariesIn, locateBinaries } from '../../../src/db/embedded/index.ts';
import { copyBinaries, linkLibraries } from '../../../src/db/embedded/binaries.ts';
import { SHARED_SHELF, findDataFolder } from '../../../src/db/embedded/data-folder.ts';
import { findEmbedded, startEmbedded } from '../../../src/db/embedded/index.ts';
import { serverUser, type OsUser } from '../../../src/db/embedded/os-user.ts';
import { spawnModule } from '../../support/child.ts';
import { testFolder } from './folder.ts';

const CHILD = new URL('child.ts', import.meta.url);
const isRoot = process.getuid?.() === 0;

describe('the data folder', () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'muster folders '));
    await chmod(root, 0o755);
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  it('is found again through a symbolic link', async () => {
    await using folder = await testFolder();
    const alias = join(root, 'alias');
    await symlink(folder.dataDir, alias);
    await mkdir(folder.dataDir);
    await using server = await startEmbedded({ dataDir: alias, log: silentLogger });
    expect((await findEmbedded(alias))?.url).toBe(server.url);
    expect((await findEmbedded(folder.dataDir))?.url).toBe(server.url);
  });

  it('brings the links of the libraries that an install without scripts leaves out', async () => {
    const installed = await locateBinaries();
    const bare = await copyBinaries(installed, join(root, 'shelf'));
    const library = join(bare.folder, 'lib', 'libpq.so.5');
    await rm(library);
    expect(await linkLibraries(bare)).toBe(true);
    expect((await readFile(library)).length).toBeGreaterThan(100_000);
    expect((await copyBinaries(installed, join(root, 'shelf'))).folder).toBe(bare.folder);
  });

  if (isRoot) {
    let user: OsUser;
    beforeAll(async () => {
      const found = await serverUser();
      if (found === undefined) throw new Error('root needs another user for the server');
      user = found;
    });

    it('lies elsewhere where the server’s own user cannot reach it, says where, and is found there again', async () => {
      const home = join(root, 'private home');
      await mkdir(home, { mode: 0o700 });
      const dataDir = join(home, 'data');
      const said: string[] = [];
      const server = await startEmbedded({ dataDir, log: silentLogger, onProgress: (message) => said.push(message) });
      const folder = await findDataFolder(dataDir);
      try {
        expect(folder.home.startsWith(SHARED_SHELF)).toBe(true);
        expect(said.join('\n')).toContain(folder.home);
        expect((await findEmbedded(dataDir))?.url).toBe(server.url);
        await server.stop();
        await using again = await startEmbedded({ dataDir, log: silentLogger });
        expect(again.url).toBe(server.url);
      } finally {
        await server.stop();
        await rm(folder.home, { recursive: true, force: true });
      }
    });

    it('gets a copy of the programs where the server’s own user cannot reach those installed', async () => {
      await using folder = await testFolder();
      const hidden = join(root, 'hidden');
      await mkdir(hidden, { mode: 0o700 });
      const installed = await locateBinaries();
      const unreachable = { ...(await copyBinaries(installed, hidden)), version: `${installed.version}-test` };
      const said: string[] = [];
      try {
        await using server = await startEmbedded({
          dataDir: folder.dataDir,
          log: silentLogger,
          binaries: unreachable,
          onProgress: (message) => said.push(message),
        });
        expect(said.join('\n')).toContain(`copying the PostgreSQL programs to ${SHARED_SHELF}`);
        expect(server.adopted).toBe(false);
      } finally {
        await rm(join(SHARED_SHELF, `postgresql-${unreachable.version}`), { recursive: true, force: true });
      }
    });

    it('works for an ordinary user, whose own the server is', async () => {
      const dataDir = join(root, 'ordinary');
      await mkdir(dataDir);
      await chown(dataDir, user.uid, user.gid);
      await using child = spawnModule(CHILD, [dataDir], { uid: user.uid, gid: user.gid });
      expect(await child.line()).toMatchObject({ adopted: false });
      await child.kill('SIGTERM');
      expect(await child.exited).toBe(0);
      expect(await findEmbedded(dataDir)).toBeUndefined();
    });

    it('is refused where the user may not write', async () => {
      const dataDir = join(root, 'forbidden');
      await mkdir(dataDir, { mode: 0o755 });
      await using child = spawnModule(CHILD, [dataDir], { uid: user.uid, gid: user.gid });
      expect(await child.line()).toMatchObject({
        code: 'DATA_FOLDER_UNUSABLE',
        message: expect.stringContaining('may not write') as string,
      });
    });

    it('is refused on a full disk, with nothing half made, and used when there is space', async (context) => {
      const mounted = join(root, 'small disk');
      await mkdir(mounted);
      try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=30m,mode=755', 'none', mounted], { stdio: 'pipe' });
      } catch {
        return context.skip('this container may not mount a file system to fill');
      }
      try {
        await expect(startEmbedded({ dataDir: join(mounted, 'data'), log: silentLogger })).rejects.toMatchObject({ code: 'DISK_FULL' });
        execFileSync('mount', ['-o', 'remount,size=200m', mounted]);
        await using server = await startEmbedded({ dataDir: join(mounted, 'data'), log: silentLogger });
        expect(server.adopted).toBe(false);
      } finally {
        execFileSync('umount', ['-l', mounted]);
      }
    });

    it('is refused on a read-only file system', async (context) => {
      const mounted = join(root, 'read only');
      await mkdir(mounted);
      try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro,size=1m', 'none', mounted], { stdio: 'pipe' });
      } catch {
        return context.skip('this container may not mount a file system');
      }
      try {
        await expect(startEmbedded({ dataDir: join(mounted, 'data'), log: silentLogger })).rejects.toMatchObject({
          code: 'DATA_FOLDER_UNUSABLE',
          message: expect.stringContaining('read-only') as string,
        });
      } finally {
        execFileSync('umount', ['-l', mounted]);
      }
    });
  }

  it('says so where the platform has no programs', async () => {
    await expect(locateBinaries(import.meta.url, 'no-such-package')).rejects.toMatchObject({ code: 'EMBEDDED_FAILED' });
  });

  it('names the build it copies', () => {
    expect(binariesIn('/opt/native', '18.4.0')).toMatchObject({ postgres: '/opt/native/bin/postgres', version: '18.4.0' });
  });

  it('keeps a log of bounded size', async () => {
    const { rotate } = await import('../../../src/db/embedded/server-log.ts');
    const file = join(root, 'server.log');
    await writeFile(file, 'x'.repeat(100));
    expect(await rotate(file, 1_000)).toBe(false);
    expect(await rotate(file, 50)).toBe(true);
    expect(await readFile(file, 'utf8')).toBe('');
    expect(await readFile(`${file}.1`, 'utf8')).toHaveLength(100);
  });
});
