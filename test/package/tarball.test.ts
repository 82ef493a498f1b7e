import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MusterProcess } from '../../bench/support/muster-process.ts';
import { until } from '../support/until.ts';
import { copySources, linkPackages } from './checkout.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const MINUTE = 60_000;

/** What a stranger gets from the registry: the packed tarball, installed into an empty folder. */
describe('the package', { timeout: 2 * MINUTE }, () => {
  let folder: string;
  let project: string;
  let tarball: string;
  let packed: readonly string[];

  beforeAll(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'muster-package-')));
    chmodSync(folder, 0o755);
    const source = join(folder, 'source');
    copySources(root, source);
    linkPackages(root, source);
    const [report] = JSON.parse(npm(source, 'pack', '--json', '--pack-destination', folder)) as [
      { filename: string; files: { path: string }[] },
    ];
    tarball = join(folder, report.filename);
    packed = report.files.map(({ path }) => path);

    project = join(folder, 'empty folder');
    mkdirSync(project);
    writeFileSync(join(project, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
    npm(project, 'install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error', tarball);
  }, 5 * MINUTE);

  afterAll(() => rm(folder, { recursive: true, force: true }), MINUTE);

  test('holds the program, its migrations, the dashboard and the templates, and no tests', () => {
    expect(packed).toEqual(
      expect.arrayContaining([
        'dist/cli/main.js',
        'dist/index.d.ts',
        'dist/state/migrations/000001_core.sql',
        'dist/web/index.html',
        'config/monitoring.yml',
        'LICENSE',
        'README.md',
      ]),
    );
    expect(packed.filter((path) => /\.test\.|\.map$|^(src|test|bench|web)\//.test(path))).toEqual([]);
  });

  test('is one that others can use, says publint', async () => {
    const bytes = readFileSync(tarball);
    const { messages, pkg } = await publint({
      pkgDir: 'package',
      pack: { tarball: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) },
    });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  test('lets an agent be written and tested, with its types', () => {
    writeFileSync(join(project, 'pulse.ts'), PULSE);
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(STRICT));
    const tsc = join(root, 'node_modules', '@typescript', 'native', 'bin', 'tsc');
    execFileSync(process.execPath, [tsc, '-p', 'tsconfig.json'], { cwd: project, encoding: 'utf8' });
    const printed = execFileSync(process.execPath, ['pulse.js'], { cwd: project, encoding: 'utf8' });
    expect(printed.trim()).toBe('pulse_count 1,2,3');
  });

  test('writes an agent in TypeScript, and runs its test, without any package that the project names', () => {
    const muster = join(project, 'node_modules', '.bin', 'muster');
    execFileSync(muster, ['agents', 'new', 'first'], { cwd: project, encoding: 'utf8' });
    expect(execFileSync(muster, ['agents', 'test'], { cwd: project, encoding: 'utf8' })).toMatch(/^# pass 2$/m);
  });

  test('runs a fleet: npx muster-agents up serves the API on a PostgreSQL of its own, and stops when told to', async () => {
    writeFileSync(join(project, 'apart.mjs'), APART);
    const muster = await MusterProcess.start({
      command: [process.execPath, join(project, 'node_modules', 'muster-agents', 'dist', 'cli', 'main.js')],
      cwd: project,
      dataDir: join(folder, 'data'),
      output: join(folder, 'muster.out'),
      env: { MUSTER_AGENTS: 'apart.mjs' },
      signal: AbortSignal.timeout(MINUTE),
    });
    try {
      await muster.firstHeartbeat(MINUTE);
      const ids = (await muster.agents()).map(({ agent_id: id }) => id);
      expect(ids).toEqual(expect.arrayContaining(['agent_coordinator', 'performance_monitor']));
      const page = await fetch(`http://127.0.0.1:${muster.port}/`, { headers: { accept: 'text/html' } });
      expect(await page.text()).toContain('<div id="root">');

      // Agents in a thread and in a process of their own, and code for a slot that it is given.
      await muster.post('/implementations', { source: SLOT });
      await muster.post('/agents/slot_custom_agent/activate', { implementation: 'in_slot' });
      const apart = ['in_thread', 'in_process', 'slot_custom_agent'];
      await until(
        'each has run',
        async () => {
          const agents = (await muster.agents()).filter(({ agent_id: id }) => apart.includes(id));
          return agents.length === apart.length && agents.every(({ run_count: runs }) => runs > 0);
        },
        MINUTE,
      );
    } finally {
      expect(await muster.stop()).toBe(0);
    }
  });

  test('answers as `npx muster-agents` and as `muster`', () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    expect(execFileSync('npx', ['--no-install', 'muster-agents', 'version'], { cwd: project, encoding: 'utf8' })).toContain(version);
    expect(execFileSync(join(project, 'node_modules', '.bin', 'muster'), ['version'], { encoding: 'utf8' })).toContain(version);
  });
});

function npm(cwd: string, ...args: string[]): string {
  return execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

const STRICT = {
  compilerOptions: { target: 'es2023', module: 'nodenext', strict: true, exactOptionalPropertyTypes: true, types: [], skipLibCheck: true },
  files: ['pulse.ts'],
};

const APART = `
import { isMainThread } from 'node:worker_threads';
export default ['thread', 'process'].map((isolation) => ({
  type: 'in_' + isolation,
  name: 'In a ' + isolation,
  description: 'Runs apart.',
  isolation,
  schedule: { every: '200ms' },
  async run() {
    if (isMainThread !== (isolation === 'process')) throw new Error('it is somewhere else');
  },
}));
`;

const SLOT = `
import { isMainThread } from 'node:worker_threads';
import { defineAgent } from 'muster-agents';
export default defineAgent({
  type: 'in_slot',
  name: 'In a slot',
  description: 'Runs apart as well.',
  schedule: { every: '200ms' },
  async run() {
    if (isMainThread) throw new Error('it is somewhere else');
  },
});
`;

const PULSE = `
import { defineAgent } from 'muster-agents';
import { runAgent } from 'muster-agents/testing';

const pulse = defineAgent({
  type: 'pulse',
  name: 'Pulse',
  description: 'Counts its own runs.',
  schedule: { every: '30s' },
  async run(ctx) {
    ctx.metric('pulse_count', ctx.runNumber);
  },
});

const agent = await runAgent(pulse);
for (let run = 0; run < 3; run++) await agent.tick();
const counts: readonly number[] = agent.metrics.map(({ value }) => value);
await agent.stop();
(globalThis as unknown as { console: { log(text: string): void } }).console.log('pulse_count ' + counts.join(','));
`;
