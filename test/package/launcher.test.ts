import { execFile, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { copySources, linkPackages } from './checkout.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const isRoot = process.getuid?.() === 0;

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What stands for the program: what is tried here is how it is built and called, and building all of it takes seconds each time. */
const PROGRAM = `import { name } from '../base/name.ts';
const [, , command, ...more]: readonly (string | undefined)[] = process.argv;
if (command === 'version') console.log(name + ' 0.0.0');
else {
  console.error(JSON.stringify([command, ...more]));
  process.exitCode = 64;
}
`;

/** The launcher in a copy of the checkout whose path has a space. The packages are linked, so nothing is installed here. */
describe('./muster', { timeout: 180_000 }, () => {
  let folder: string;
  let checkout: string;
  const source = (): string => join(checkout, 'src', 'cli', 'main.ts');
  const lock = (): string => join(checkout, '.cache', 'lock');

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'muster launcher-'));
    chmodSync(folder, 0o755);
    checkout = join(folder, 'a checkout');
    copySources(root, checkout);
    linkPackages(root, checkout);
    for (const part of ['src', 'vite.config.ts']) rmSync(join(checkout, part), { recursive: true });
    for (const part of ['cli', 'base']) mkdirSync(join(checkout, 'src', part), { recursive: true });
    writeFileSync(source(), PROGRAM);
    writeFileSync(join(checkout, 'src', 'base', 'name.ts'), "export const name = 'muster';\n");
    const first = await muster('version');
    expect(first).toMatchObject({ code: 0, stdout: expect.stringContaining('muster ') });
    expect(first.stderr).toContain('Building server');
  }, 180_000);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function run(
    command: string,
    args: readonly string[],
    options: { cwd?: string; env?: NodeJS.ProcessEnv; uid?: number } = {},
  ): Promise<Ended> {
    return new Promise((resolve) => {
      execFile(command, args, { ...options, encoding: 'utf8' }, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
        resolve({ code, stdout, stderr });
      });
    });
  }
  const muster = (...args: string[]): Promise<Ended> => run(join(checkout, 'muster'), args);
  const touch = (path: string): void => utimesSync(path, new Date(), new Date());

  test('says nothing and builds nothing when nothing changed', async () => {
    const built = readFileSync(join(checkout, 'dist', 'cli', 'main.js'));
    const { code, stderr } = await muster('version');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(readFileSync(join(checkout, 'dist', 'cli', 'main.js'))).toEqual(built);
  });

  test('builds again when a source changed, appeared or went away, and drops what came of the latter', async () => {
    touch(source());
    expect((await muster('version')).stderr).toContain('Building server');
    const added = join(checkout, 'src', 'base', 'added.ts');
    writeFileSync(added, 'export const added = 1;\n');
    expect((await muster('version')).stderr).toContain('Building server');
    expect(existsSync(join(checkout, 'dist', 'base', 'added.js'))).toBe(true);
    rmSync(added);
    expect((await muster('version')).stderr).toContain('Building server');
    expect(existsSync(join(checkout, 'dist', 'base', 'added.js'))).toBe(false);
  });

  test('tells what does not compile, and runs nothing', async () => {
    const broken = join(checkout, 'src', 'base', 'broken.ts');
    writeFileSync(broken, 'export const = ;\n');
    const { code, stdout, stderr } = await muster('version');
    rmSync(broken);
    expect({ code, stdout }).toEqual({ code: 70, stdout: '' });
    expect(stderr).toContain('broken.ts');
  });

  test('runs from another folder, through links to links, and passes on arguments as they are', async () => {
    const near = join(folder, 'near');
    const far = join(folder, 'far');
    symlinkSync('a checkout/muster', near);
    symlinkSync(near, far);
    expect(await run(far, ['version'], { cwd: '/' })).toMatchObject({ code: 0 });
    expect(await run('./near', ['version'], { cwd: folder })).toMatchObject({ code: 0 });
    const { code, stderr } = await muster('no such command', '$HOME "quoted"');
    expect(code).toBe(64);
    expect(JSON.parse(stderr)).toEqual(['no such command', '$HOME "quoted"']);
  });

  test('lets one build while others wait', async () => {
    touch(source());
    const all = await Promise.all([muster('version'), muster('version'), muster('version')]);
    expect(all.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(all.filter(({ stderr }) => stderr.includes('Building'))).toHaveLength(1);
    expect(existsSync(lock())).toBe(false);
  });

  test('takes over the lock of a process that is dead', async () => {
    const gone = spawn('true');
    await once(gone, 'exit');
    writeFileSync(lock(), `${gone.pid}\n`);
    touch(source());
    expect(await muster('version')).toMatchObject({ code: 0 });
    expect(existsSync(lock())).toBe(false);
  });

  test('waits for a living one, and says for whom', async () => {
    writeFileSync(lock(), `${process.pid}\n`);
    touch(source());
    const waiting = muster('version');
    const child = spawn(join(checkout, 'muster'), ['version'], { stdio: ['ignore', 'ignore', 'pipe'] });
    const [said] = (await once(child.stderr, 'data')) as [Buffer];
    expect(said.toString()).toContain(`process ${process.pid}`);
    const ended = once(child, 'exit');
    rmSync(lock());
    expect(await waiting).toMatchObject({ code: 0 });
    expect(await ended).toEqual([0, null]);
  });

  test('names what is missing where there is no node, or one that is too old', async () => {
    const tools = toolsWithout('node');
    const missing = await run(join(checkout, 'muster'), ['version'], { env: { PATH: tools } });
    expect(missing.code).toBe(69);
    expect(missing.stderr).toContain('Node.js is not installed');

    const old = join(folder, 'old');
    mkdirSync(old);
    writeFileSync(join(old, 'node'), '#!/bin/sh\necho 18.20.4\n', { mode: 0o755 });
    const tooOld = await run(join(checkout, 'muster'), ['version'], { env: { PATH: `${old}${delimiter}${tools}` } });
    expect(tooOld.code).toBe(69);
    expect(tooOld.stderr).toContain('Node.js 18.20.4 is too old');
  });

  test('says who can build a checkout that its caller cannot write to', async () => {
    touch(source());
    const { code, stderr } = isRoot
      ? await run(join(checkout, 'muster'), ['version'], { uid: 65_534, env: { PATH: process.env['PATH'], HOME: '/nonexistent' } })
      : await readOnly(() => muster('version'));
    expect(code).toBe(73);
    expect(stderr).toContain('cannot write to');
    expect(await muster('version')).toMatchObject({ code: 0 });
  });

  async function readOnly<T>(work: () => Promise<T>): Promise<T> {
    chmodSync(join(checkout, '.cache'), 0o555);
    chmodSync(checkout, 0o555);
    try {
      return await work();
    } finally {
      chmodSync(checkout, 0o755);
      chmodSync(join(checkout, '.cache'), 0o755);
    }
  }

  /** A PATH of the programs that the launcher uses, less one. */
  function toolsWithout(name: string): string {
    const bin = mkdtempSync(join(folder, 'bin-'));
    for (const tool of [
      'sh',
      'cat',
      'cksum',
      'uname',
      'find',
      'head',
      'id',
      'ls',
      'awk',
      'mkdir',
      'rmdir',
      'rm',
      'sleep',
      'readlink',
      'node',
      'npm',
    ]) {
      const found = (process.env['PATH'] ?? '')
        .split(delimiter)
        .map((at) => join(at, tool))
        .find((path) => existsSync(path));
      if (tool !== name && found !== undefined) symlinkSync(found, join(bin, tool));
    }
    return bin;
  }
});
