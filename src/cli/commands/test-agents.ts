import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleFile, CodeFolder } from '../../agent/code/index.ts';
import { EXIT, messageOf } from '../../base/errors.ts';
import { usage, type Invocation } from '../invocation.ts';

const TEST = /\.(test|spec)\.m?[jt]s$/;

/** Runs tests of agents with Node's own runner: TypeScript on any Node, and `muster-agents` is this very program. */
export async function run(_: Invocation, _options: unknown, paths: readonly string[]): Promise<number> {
  const tests = (await Promise.all((paths.length === 0 ? ['agents'] : paths).map(testsAt))).flat();
  if (tests.length === 0)
    throw usage('There is no test there', 'Tests are files named like my-agent.test.ts; `muster agents new` writes one.');
  const folder = await mkdtemp(join(tmpdir(), 'muster-agents-test-'));
  try {
    const code = new CodeFolder(folder);
    const files: string[] = [];
    for (const test of tests) files.push(fileURLToPath(await code.keep(await bundleFile(test, { staysHere: true }))));
    return await node(['--enable-source-maps', '--test', ...files]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function testsAt(path: string): Promise<readonly string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [resolve(path)];
    return (await readdir(path))
      .filter((name) => TEST.test(name))
      .toSorted()
      .map((name) => resolve(path, name));
  } catch (error) {
    throw usage(`Tests cannot be read from ${path}: ${messageOf(error)}`, 'Name a file or a folder that is there.');
  }
}

/** What it prints is its own; the exit code says whether all tests passed. */
function node(args: readonly string[]): Promise<number> {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, args, { stdio: 'inherit' });
    child.once('error', failed);
    child.once('close', (exitCode) => done(exitCode === 0 ? EXIT.ok : EXIT.failure));
  });
}
