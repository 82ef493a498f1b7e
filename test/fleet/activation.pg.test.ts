import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bundleText } from '../../src/agent/code/index.ts';
import { bearer, testServer } from '../server/support/test-server.ts';
import { testFleet, type TestFleet } from './support/fleet.ts';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const SLOT = 'slot_integration_hub';
const run = promisify(execFile);

const AGENT = `
  import { defineAgent } from 'muster-agents';
  import { z } from 'zod';
  export default defineAgent({
    type: 'greeter', name: 'Greeter', description: 'Greets.', config: z.strictObject({ whom: z.string() }),
    schedule: { every: '50ms' },
    async run(ctx) { return { hello: ctx.config.whom }; },
  });`;

let fleet: TestFleet;
let folder: string;
beforeEach(async () => {
  fleet = await testFleet();
  folder = await mkdtemp(join(tmpdir(), 'muster-activation-'));
  await fleet.host([], { codeFolder: join(folder, 'code') });
});
afterEach(async () => {
  await fleet[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const untilRunning = () => fleet.untilAgent(SLOT, 'runs', (agent) => agent.status === 'running' && agent.runCount > 0);
const untilFree = () => fleet.untilAgent(SLOT, 'is free', (agent) => agent.slotStatus === 'available' && agent.hostId === null);

test('the command line registers a file, activates a slot with it, and frees the slot', async () => {
  const muster = (...args: string[]): Promise<{ readonly code: number; readonly document: unknown; readonly stderr: string }> =>
    run(process.execPath, [MAIN, '--json', ...args], { cwd: folder, env: { PATH: process.env['PATH'], DATABASE_URL: fleet.url } }).then(
      ({ stdout, stderr }) => ({ code: 0, document: JSON.parse(stdout) as unknown, stderr }),
      (error: unknown) => ({ ...(error as { readonly code: number; readonly stderr: string }), document: undefined }),
    );
  await writeFile(join(folder, 'greeter.ts'), AGENT);
  await writeFile(join(folder, 'config.json'), '{"whom": "world"}');

  // What it needs is not given: nothing is stored, nothing changes.
  const unfit = await muster('agents', 'activate', SLOT, '--implementation', './greeter.ts', '--config', '{"who": 1}');
  expect(unfit).toMatchObject({ code: 65, stderr: expect.stringContaining('config.whom: ') });
  expect(await fleet.state.implementations.list({ limit: 1 })).toEqual([]);
  expect(await fleet.get(SLOT)).toMatchObject({ state: 'inactive' });

  const active = await muster('agents', 'activate', SLOT, '--implementation', './greeter.ts', '--config', '@config.json');
  expect(active).toMatchObject({
    code: 0,
    document: {
      items: [{ effective: true, agent: { slot_status: 'occupied', config: { whom: 'world' }, implementation: { name: 'greeter' } } }],
    },
  });
  await untilRunning();
  expect(await muster('agents', 'run', SLOT)).toMatchObject({
    document: { items: [{ command: { result: { outcome: 'succeeded', result: { hello: 'world' } } } }] },
  });
  expect(await muster('implementations', 'remove', 'greeter')).toMatchObject({ code: 1, stderr: expect.stringContaining(SLOT) });
  expect(await muster('agents', 'deactivate', SLOT)).toMatchObject({ code: 0, document: { items: [{ effective: true }] } });
  await untilFree();
  expect(await muster('implementations', 'remove', 'greeter')).toMatchObject({ code: 0, document: { versions_removed: 1 } });
}, 300_000);

test('REST registers source or a bundle, for administrators only, and activates and frees slots', async () => {
  await using server = await testServer({ state: fleet.state });
  const operator = bearer(await server.key('operator'));
  const ask = async (path: string, body?: unknown, headers?: Readonly<Record<string, string>>) => {
    const answer = await server.ask('POST', path, { body, ...(headers === undefined ? {} : { headers }) });
    return { status: answer.statusCode, body: answer.json<Record<string, unknown>>() };
  };
  expect(await ask('/implementations', { source: AGENT }, operator)).toMatchObject({ status: 403 });
  expect(await ask('/implementations', { source: AGENT, bundle: AGENT })).toMatchObject({ status: 422 });
  expect(await ask('/implementations', { source: 'export const nothing = 1;' })).toMatchObject({
    status: 422,
    body: { code: 'AGENT_INVALID', detail: 'its default export is missing, not an agent' },
  });
  const made = await ask('/implementations', { source: AGENT });
  expect(made).toMatchObject({
    status: 201,
    body: { name: 'greeter', current: true, schedule: expect.any(String), registered_by: expect.any(String) },
  });
  const { code, hash } = await bundleText(AGENT);
  expect(await ask('/implementations', { bundle: code, name: 'greeter_bundled' })).toMatchObject({ status: 201, body: { hash } });

  expect(await ask(`/agents/${SLOT}/activate`, { implementation: 'greeter' })).toMatchObject({
    status: 422,
    body: { code: 'AGENT_CONFIG_INVALID' },
  });
  expect(await ask(`/agents/${SLOT}/activate`, { implementation: 'nobody' })).toMatchObject({ status: 404 });
  expect(await ask(`/agents/${SLOT}/activate`, { implementation: 'greeter', config: { whom: 'you' } }, operator)).toMatchObject({
    status: 403,
  });
  expect(await ask(`/agents/${SLOT}/activate`, { implementation: 'greeter', config: { whom: 'you' } })).toMatchObject({
    status: 200,
    body: {
      state: 'active',
      slot_status: 'occupied',
      implementation: { name: 'greeter', hash },
      description: 'Greets.',
      schedule: 'every 50ms',
      next_run_at: expect.any(String),
    },
  });
  await untilRunning();
  expect(await ask(`/agents/${SLOT}/deactivate`, undefined, operator)).toMatchObject({ status: 200, body: { slot_status: 'available' } });
  await untilFree();

  // The state alone does not get past the rule either, and says how.
  const patched = await server.ask('PATCH', '/agents/slot_ml_analytics', { body: { state: 'active' } });
  expect(patched.json()).toMatchObject({ status: 409, code: 'CONFLICT', remedy: expect.stringContaining('--implementation') });
}, 180_000);
