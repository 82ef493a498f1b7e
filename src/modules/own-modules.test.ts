import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sourceOf } from '../agent/index.ts';
import { loadOwnModules } from './own-modules.ts';

const agent = (type: string): string =>
  `({ type: '${type}', name: 'Agent ${type}', description: 'For a test.', schedule: { every: '1m' }, async run() {} })`;

describe('agents of the user’s own', () => {
  let folder: string;
  const options = () => ({ codeFolder: join(folder, '.code') });
  const write = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'muster-own-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('a definition becomes a module with one agent under the name of its type', async () => {
    const file = write('pulse.mjs', `export default ${agent('pulse')};`);
    expect(await loadOwnModules([file], options())).toMatchObject([
      { name: 'pulse.mjs', agentTypes: [{ type: 'pulse' }], defaultAgents: [{ agentId: 'pulse', name: 'Agent pulse', type: 'pulse' }] },
    ]);
  });

  test('a folder gives all its files in order, but no tests and nothing that starts with a dot or an underscore', async () => {
    write('b.mjs', `export default [${agent('b1')}, ${agent('b2')}];`);
    write('a.mjs', `export default ${agent('a')};`);
    for (const name of ['a.test.mjs', '_draft.mjs', '.hidden.mjs', 'notes.txt']) write(name, 'throw new Error("must not be loaded")');
    const types = (await loadOwnModules([folder], options())).flatMap((module) => module.agentTypes?.map(({ type }) => type));
    expect(types).toEqual(['a', 'b1', 'b2']);
  });

  test('a module is taken as it is', async () => {
    const file = write('billing.mjs', `export default { name: 'billing', agentTypes: [${agent('invoices')}], defaultAgents: [] };`);
    expect(await loadOwnModules([file], options())).toMatchObject([
      { name: 'billing', agentTypes: [{ type: 'invoices' }], defaultAgents: [] },
    ]);
  });

  test('where each type came from is remembered: in a definition, a list and a module', async () => {
    const files = [
      write('a.mjs', `export default ${agent('a')};`),
      write('b.mjs', `export default [${agent('b1')}, ${agent('b2')}];`),
      write('c.mjs', `export default { name: 'c', agentTypes: [${agent('c')}] };`),
    ];
    const types = (await loadOwnModules(files, options())).flatMap(({ agentTypes = [] }) => agentTypes);
    expect(types.map((type) => [type.type, sourceOf(type)?.url])).toEqual(
      [
        ['a', 0],
        ['b1', 1],
        ['b2', 1],
        ['c', 2],
      ].map(([type, n]) => [type, pathToFileURL(files[n as number] ?? '').href]),
    );
  });

  test.each([
    ['nothing there', (): string => join(folder, 'absent.mjs'), /cannot be read from .*absent\.mjs/],
    [
      'no default export',
      (): string => write('none.mjs', 'export const agent = 1;'),
      /none\.mjs has no agent or module as its default export/,
    ],
    ['a syntax error', (): string => write('broken.mjs', 'export default {'), /broken\.mjs cannot be loaded/],
    ['an agent that cannot work', (): string => write('bad.mjs', `export default ${agent('Bad Type')};`), /"Bad Type"/],
  ])('%s is told by file', async (_, file, message) => {
    await expect(loadOwnModules([file()], options())).rejects.toMatchObject({
      code: 'AGENT_INVALID',
      message: expect.stringMatching(message),
    });
  });

  test('TypeScript runs on every Node, with what it imports, and finds its files where it was written', async () => {
    write('helper.ts', 'export enum Often { Seldom = "1h" }');
    write('words.json', '{"description": "Read from beside it."}');
    const file = write(
      'typed.ts',
      `import { readFileSync } from 'node:fs';
       import { defineAgent, type AgentContext } from 'muster-agents';
       import { z } from 'zod';
       import { Often } from './helper';
       const { description } = JSON.parse(readFileSync(new URL('words.json', import.meta.url), 'utf8')) as { description: string };
       export default defineAgent({
         type: 'typed', name: 'Typed', description, config: z.strictObject({ a: z.number().default(1) }),
         schedule: { every: Often.Seldom },
         async run(ctx: AgentContext<{ a: number }>) { ctx.metric('a', ctx.config.a); },
       });`,
    );
    expect(await loadOwnModules([file], options())).toMatchObject([
      { name: 'typed.ts', agentTypes: [{ type: 'typed', description: 'Read from beside it.', schedule: { every: '1h' } }] },
    ]);
  });

  test('what is wrong in TypeScript is told by file and line', async () => {
    const file = write('wrong.ts', `import { nothing } from './not-there';\nexport default nothing;`);
    await expect(loadOwnModules([file], options())).rejects.toMatchObject({
      code: 'AGENT_INVALID',
      message: expect.stringMatching(/wrong\.ts:1:\d+: Could not resolve "\.\/not-there"/),
    });
  });

  test('JavaScript outside of any project finds muster-agents and zod all the same', async () => {
    const file = write(
      'alone.mjs',
      `import { defineAgent } from 'muster-agents';\nimport { z } from 'zod';\nexport default defineAgent(${agent('alone')});`,
    );
    expect(await loadOwnModules([file], options())).toMatchObject([{ agentTypes: [{ type: 'alone' }] }]);
  });

  test('a package that is not installed is named with what brings it', async () => {
    const file = write('lost.mjs', `import 'a-package-nobody-has';\nexport default ${agent('lost')};`);
    await expect(loadOwnModules([file], options())).rejects.toMatchObject({ remedy: expect.stringContaining('npm install muster-agents') });
  });
});
