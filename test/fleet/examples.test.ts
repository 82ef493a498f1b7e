import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

/** The fenced TypeScript in the documentation comments of a file. */
function examplesIn(source: string): readonly string[] {
  return [...source.matchAll(/^ \* ```ts\n([^]*?)^ \* ```$/gm)].map(([, body = '']) => body.replace(/^ \* ?/gm, ''));
}

test('every example in the documentation of agents compiles as a user would write it', async () => {
  const files = (await readdir(join(ROOT, 'src/agent'))).filter((name) => name.endsWith('.ts'));
  const examples = (await Promise.all(files.map((name) => readFile(join(ROOT, 'src/agent', name), 'utf8')))).flatMap(examplesIn);
  expect(examples.length).toBeGreaterThanOrEqual(3);

  await mkdir(join(ROOT, '.cache'), { recursive: true });
  const folder = await mkdtemp(join(ROOT, '.cache', 'examples-'));
  try {
    await Promise.all(examples.map((example, n) => writeFile(join(folder, `example-${n}.ts`), example)));
    await writeFile(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        extends: '../../tsconfig.json',
        compilerOptions: {
          rootDir: '../..',
          paths: { 'muster-agents': ['../../src/index.ts'], 'muster-agents/testing': ['../../src/testing.ts'] },
        },
        include: ['*.ts'],
      }),
    );
    const compiled = await run(process.execPath, [join(ROOT, 'node_modules/@typescript/native/bin/tsc'), '-p', folder], {
      cwd: ROOT,
    }).catch((error: unknown) => error as { readonly stdout: string });
    expect(compiled.stdout).toBe('');
  } finally {
    await rm(folder, { recursive: true });
  }
}, 180_000);
