import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bundleFile, examine } from '../../src/agent/code/index.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-new-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The built program, in a folder that is no project. */
const muster = async (...args: string[]): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> =>
  run(process.execPath, [join(ROOT, 'dist/cli/main.js'), ...args], { cwd: folder, env: { PATH: process.env['PATH'] } }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: unknown) => error as { readonly code: number; readonly stdout: string; readonly stderr: string },
  );

describe.each([
  ['a definition', []],
  ['a class', ['--class']],
])('agents new, as %s', (_, options) => {
  test('writes an agent that can be registered as it stands, and a test of it that passes', async () => {
    const made = await muster('agents', 'new', 'Unpaid Invoices', ...options);
    expect(made).toMatchObject({ code: 0, stdout: expect.stringContaining('muster agents test agents/unpaid-invoices.test.ts') });
    expect(await examine(await bundleFile(join(folder, 'agents/unpaid-invoices.ts')))).toMatchObject({
      agentType: 'unpaid_invoices',
      name: 'Unpaid invoices',
      schedule: 'every 30s',
      takesConfig: true,
      capabilities: { locks: expect.any(String) },
    });
    const tested = await muster('agents', 'test');
    expect(tested).toMatchObject({ code: 0, stdout: expect.stringMatching(/^# pass 2$/m) });
  }, 180_000);

  test('writes what compiles under strict rules', async () => {
    await muster('agents', 'new', 'unpaid-invoices', ...options, '--dir', '.');
    writeFileSync(join(folder, 'package.json'), '{"type": "module"}');
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        extends: join(ROOT, 'tsconfig.json'),
        compilerOptions: {
          rootDir: '/',
          typeRoots: [join(ROOT, 'node_modules/@types')],
          paths: {
            'muster-agents': [join(ROOT, 'src/index.ts')],
            'muster-agents/testing': [join(ROOT, 'src/testing.ts')],
            zod: [join(ROOT, 'node_modules/zod/index.d.ts')],
          },
        },
        include: ['*.ts'],
      }),
    );
    const compiled = await run(process.execPath, [join(ROOT, 'node_modules/@typescript/native/bin/tsc'), '-p', folder]).catch(
      (error: unknown) => error as { readonly stdout: string },
    );
    expect(compiled.stdout).toBe('');
  }, 180_000);
});

test('agents new writes over nothing', async () => {
  await muster('agents', 'new', 'mine');
  writeFileSync(join(folder, 'agents/mine.ts'), '// precious');
  const again = await muster('agents', 'new', 'mine');
  expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('agents/mine.ts is there already') });
  expect(readFileSync(join(folder, 'agents/mine.ts'), 'utf8')).toBe('// precious');
  expect(await muster('agents', 'new', '123')).toMatchObject({ code: 64 });
}, 180_000);

test('agents test fails with the test, and says where there is none', async () => {
  writeFileSync(
    join(folder, 'a.test.ts'),
    `import { test } from 'node:test';\ntest('no', () => { throw new Error('as expected' as string); });`,
  );
  expect(await muster('agents', 'test', '.')).toMatchObject({ code: 1, stdout: expect.stringContaining('as expected') });
  expect(await muster('agents', 'test')).toMatchObject({ code: 64, stderr: expect.stringContaining('agents') });
}, 180_000);
