import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const documents = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...(readdirSync(join(root, 'docs'), { recursive: true }) as string[])
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

test.each(documents)('every link of %s leads somewhere', (document) => {
  const links = [...read(document).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].flatMap(([, target]) => target ?? []);
  const broken = links.filter((target) => !/^[a-z]+:/.test(target) && !existsSync(join(root, dirname(document), target)));
  expect(broken).toEqual([]);
});

/** The examples that a person copies, run against the built package: inside the checkout its name means itself. */
describe('the examples run as they stand', () => {
  let folder: string;
  beforeAll(() => {
    mkdirSync(join(root, '.cache'), { recursive: true });
    folder = mkdtempSync(join(root, '.cache', 'examples-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const examplesOf = (document: string): string[] =>
    [...read(document).matchAll(/^```js\n(.*?)^```$/gms)].flatMap(([, code]) => code ?? []);
  const node = (...args: string[]): string => execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' });

  test('the agent of the README measures', () => {
    const [agent = ''] = examplesOf('README.md');
    writeFileSync(join(folder, 'disk-watch.mjs'), agent);
    writeFileSync(
      join(folder, 'try.mjs'),
      `import { runAgent } from 'muster-agents/testing';
       import diskWatch from './disk-watch.mjs';
       const agent = await runAgent(diskWatch);
       await agent.tick();
       await agent.stop();
       console.log(agent.metrics[0].name, agent.metrics[0].value > 0 && agent.metrics[0].value < 1);`,
    );
    expect(node('try.mjs').trim()).toBe('disk_watch_used true');
  });

  test('the agent of "getting started" passes the test that stands beside it', () => {
    const [agent = '', itsTest = ''] = examplesOf('docs/getting-started.md');
    writeFileSync(join(folder, 'long-sessions.mjs'), agent);
    writeFileSync(join(folder, 'long-sessions.test.mjs'), itsTest);
    expect(node('--test', 'long-sessions.test.mjs')).toMatch(/^# pass 1$/m);
  });
});
