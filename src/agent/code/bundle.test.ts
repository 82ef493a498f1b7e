import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bundleFile, bundleText } from './bundle.ts';
import { examine } from './examine.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-bundle-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

const agent = (description: string): string =>
  `export default { type: 'probe', name: 'Probe', description: ${description}, async run() {} }`;

test('the same file gives the same bundle, wherever it lies and whoever bundles it', async () => {
  const text = `import { defineAgent } from 'muster-agents';\nimport { z } from 'zod';\nexport default defineAgent({ ...${agent('"x"').slice(15)}, config: z.object({}) });`;
  const [here, there] = [await bundleFile(write('a/agent.ts', text)), await bundleFile(write('b/deep/agent.ts', text))];
  expect(here.hash).toBe(there.hash);
  expect(here.code).toContain('from "muster-agents"');
  expect(here.code).not.toMatch(/^import .* from "zod"/m);
  expect(here.code).not.toMatch(/\.\.\/|muster-bundle/);
  expect(here.inputs).toContain(join(folder, 'a/agent.ts'));
});

test('a package in the older format may require what Node has, also beside a require of the agent’s own', async () => {
  write('node_modules/old/package.json', '{"name": "old", "main": "index.js"}');
  write('node_modules/old/index.js', `const { sep } = require('node:path'); module.exports = { sep, later: () => require('os').EOL };`);
  const plain = write('plain.ts', `import old from 'old';\n${agent('`${old.sep} ${old.later().length}`')}`);
  const own = write(
    'own.ts',
    `import { createRequire } from 'node:module';\nimport old from 'old';\nconst require = createRequire(import.meta.url);\n${agent("`${old.sep} ${require('node:path').sep}`")}`,
  );
  expect(await examine(await bundleFile(plain))).toMatchObject({ description: '/ 1' });
  expect(await examine(await bundleFile(own))).toMatchObject({ description: '/ /' });
});

test('the examined code is given nothing of this process’s environment', async () => {
  process.env['MUSTER_TEST_SECRET'] = 'not for it';
  try {
    const manifest = await examine(await bundleText(agent('`has ${process.env.MUSTER_TEST_SECRET} ${process.env.DATABASE_URL}`')));
    expect(manifest.description).toBe('has undefined undefined');
  } finally {
    delete process.env['MUSTER_TEST_SECRET'];
  }
});

test('code that hangs is ended when its time is over', async () => {
  const bundle = await bundleText(`for (;;);\nexport default 1;`);
  await expect(examine(bundle, { timeoutMs: 500 })).rejects.toMatchObject({
    code: 'AGENT_INVALID',
    message: 'it did not finish loading within 500ms',
  });
});
