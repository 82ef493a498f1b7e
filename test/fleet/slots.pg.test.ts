import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bundleText, examine } from '../../src/agent/code/index.ts';
import { activateSlot, registerImplementation } from '../../src/fleet/index.ts';
import type { FleetHost } from '../../src/fleet/host.ts';
import { agentId } from '../../src/base/ids.ts';
import { sql } from '../../src/db/sql.ts';
import type { Manifest } from '../../src/state/implementations.ts';
import { until } from '../support/until.ts';
import { launchedHost } from './support/launched-host.ts';
import { testFleet, type TestFleet } from './support/fleet.ts';

const SLOT = 'slot_custom_agent';

/** An agent that says in every run which version of it runs. */
const marker = (version: string, more = ''): string => `
  import { defineAgent } from 'muster-agents';
  import { z } from 'zod';
  ${more}
  export default defineAgent({
    type: 'marker', name: 'Marker', description: 'Leaves a mark.', capabilities: { marks: 'Leaves them' },
    config: z.strictObject({ word: z.string().default('none') }),
    schedule: { every: '50ms' },
    async run(ctx) { await ctx.state.set('mark', { version: '${version}', word: ctx.config.word, hostId: ctx.hostId }); },
  });`;

let fleet: TestFleet;
let folder: string;
beforeEach(async () => {
  fleet = await testFleet();
  folder = await mkdtemp(join(tmpdir(), 'muster-slots-'));
});
afterEach(async () => {
  await fleet[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** Examining starts a process: once for each code is enough. */
const examined = new Map<string, Promise<Manifest>>();

/** Registers as an administrator does, without the check that keeps bad code out where `unchecked`. */
async function register(source: string, name = 'marker', unchecked = false) {
  const bundle = await bundleText(source);
  if (!unchecked && !examined.has(bundle.hash)) examined.set(bundle.hash, examine(bundle));
  const manifest = await (examined.get(bundle.hash) ?? {
    agentType: name,
    name,
    description: 'Unchecked',
    capabilities: {},
    schedule: null,
    takesConfig: false,
  });
  return fleet.state.implementations.register({ name, ...bundle, manifest, registeredBy: 'test' });
}

const host = (): Promise<FleetHost> => fleet.host([], { codeFolder: folder });
const mark = async (): Promise<unknown> => (await fleet.state.systemState.get('mark'))?.value;
const untilMark = (expected: Record<string, unknown>): Promise<void> =>
  until(`the mark is ${JSON.stringify(expected)}`, async () => {
    const now = (await mark()) as Record<string, unknown> | undefined;
    return now !== undefined && Object.entries(expected).every(([key, value]) => now[key] === value);
  });

/** Names an implementation as SQL does: nobody has looked at its code here. */
async function activate(slot: string, implementation: string, config: object = {}): Promise<void> {
  await fleet.database.query(sql`update agents set state = 'active', config = ${JSON.stringify(config)}::jsonb,
    metadata = metadata || jsonb_build_object('implementation', ${implementation}::text) where agent_id = ${slot}`);
}

const psql = async (statement: string): Promise<void> => void (await fleet.database.query({ text: statement, values: [] }));

describe('a slot activated by plain SQL', () => {
  test('runs the implementation that its metadata names, on whichever host, and is free again when it is made inactive', async () => {
    await register(marker('one'));
    const runner = await host();
    await psql(`update agents set state = 'active', metadata = metadata || '{"implementation": "marker"}' where agent_id = '${SLOT}'`);
    await untilMark({ version: 'one', word: 'none', hostId: runner.hostId });
    await fleet.untilAgent(SLOT, 'runs', (agent) => agent.status === 'running');
    expect(await fleet.get(SLOT)).toMatchObject({
      state: 'active',
      slotStatus: 'occupied',
      reason: null,
      implementation: { name: 'marker', hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
      metadata: { purpose: expect.any(String) },
    });
    await psql(`update agents set state = 'inactive' where agent_id = '${SLOT}'`);
    await fleet.untilAgent(SLOT, 'is given back', (agent) => agent.hostId === null && agent.status === 'stopped');
    expect(await fleet.get(SLOT)).toMatchObject({ state: 'inactive', slotStatus: 'available', implementation: null });
  });

  test.each([
    ['one that is not registered', `'{"implementation": "nobody"}'`, 'the implementation "nobody" is not registered'],
    [
      'a version that is not registered',
      `'{"implementation": "marker@0123456789ab"}'`,
      'the implementation "marker@0123456789ab" is not registered',
    ],
    ['what is no name', `'{"implementation": {"a": 1}}'`, 'the implementation "{"a": 1}" is not registered'],
    ['none', `'{}'`, 'no implementation is named'],
  ])('stays inactive where it names %s, and says why', async (_, metadata, reason) => {
    await register(marker('one'));
    await psql(`update agents set state = 'active', metadata = metadata || ${metadata} where agent_id = '${SLOT}'`);
    expect(await fleet.get(SLOT)).toMatchObject({ state: 'inactive', slotStatus: 'available', reason, implementation: null });
    expect(await fleet.state.events.list({ type: 'agent:activation_refused' }, { limit: 5 })).toMatchObject([
      { agentId: SLOT, data: { reason } },
    ]);
    // Once it is named rightly, nothing of it is left.
    await psql(`update agents set state = 'active', metadata = metadata || '{"implementation": "marker"}' where agent_id = '${SLOT}'`);
    expect(await fleet.get(SLOT)).toMatchObject({ state: 'active', slotStatus: 'occupied', reason: null });
  });

  test('warns whoever wrote it', async () => {
    const { default: pg } = await import('pg');
    const client = new pg.Client({ connectionString: fleet.url });
    await client.connect();
    try {
      const notices: string[] = [];
      client.on('notice', (notice) => notices.push(`${notice.severity ?? ''}: ${notice.message ?? ''}`));
      const { rows } = await client.query(`update agents set state = 'active' where agent_id = '${SLOT}' returning state, slot_status`);
      expect(rows).toEqual([{ state: 'inactive', slot_status: 'available' }]);
      expect(notices).toEqual([`WARNING: slot ${SLOT} stays inactive: no implementation is named`]);
    } finally {
      await client.end();
    }
  });

  test('however slot_status is written, it follows the state', async () => {
    await register(marker('one'));
    const named = `metadata = metadata || '{"implementation": "marker"}'`;
    await psql(`update agents set state = 'active', slot_status = 'available', ${named} where agent_id = '${SLOT}'`);
    expect(await fleet.get(SLOT)).toMatchObject({ state: 'active', slotStatus: 'occupied' });
    await psql(`update agents set state = 'inactive', slot_status = 'occupied' where agent_id = '${SLOT}'`);
    expect(await fleet.get(SLOT)).toMatchObject({ state: 'inactive', slotStatus: 'available' });
    await psql(`insert into agents (agent_id, agent_name, agent_type, state, slot_status, metadata)
      values ('slot_ninth', 'Ninth', 'slot', 'active', 'available', '{"implementation": "marker"}'),
             ('slot_tenth', 'Tenth', 'slot', 'active', null, '{}')
      on conflict (agent_id) do update set state = excluded.state`);
    expect(await fleet.get('slot_ninth')).toMatchObject({ state: 'active', slotStatus: 'occupied' });
    expect(await fleet.get('slot_tenth')).toMatchObject({
      state: 'inactive',
      slotStatus: 'available',
      reason: 'no implementation is named',
    });
    // Of the existing row, and not of the one that was not inserted.
    await psql(`insert into agents (agent_id, agent_name, agent_type, state) values ('slot_ninth', 'Ninth', 'slot', 'active')
      on conflict (agent_id) do update set state = excluded.state`);
    expect(await fleet.get('slot_ninth')).toMatchObject({ state: 'active', slotStatus: 'occupied' });
  });
});

describe('the code of a slot', () => {
  test('changes when another implementation is named, and when a new version of it is registered, unless a version was named', async () => {
    const first = await register(marker('one'));
    await register(marker('other'), 'other');
    await host();
    await activate(SLOT, 'marker');
    await untilMark({ version: 'one' });
    await activate(SLOT, 'other');
    await untilMark({ version: 'other' });
    await activate(SLOT, 'marker', { word: 'kept' });
    await untilMark({ version: 'one', word: 'kept' });
    await register(marker('two'));
    await untilMark({ version: 'two', word: 'kept' });
    await activate(SLOT, `marker@${first.hash.slice(0, 8)}`, { word: 'kept' });
    await untilMark({ version: 'one', word: 'kept' });
    await register(marker('three'));
    expect(await fleet.get(SLOT)).toMatchObject({ implementation: { hash: first.hash } });
    expect((await fleet.state.implementations.find('marker'))?.manifest).toMatchObject({ agentType: 'marker', schedule: 'every 50ms' });
  });

  test.each([
    ['throws when it is loaded', `throw new Error('no luck'); export default 1`, /broken@[0-9a-f]{12}: loading its code throws: no luck/],
    ['is no agent', `export default { hello: 1 }`, /its default export is an object without run, not an agent/],
    ['has no default export', `export const agent = 1`, /its default export is missing/],
    ['cannot work', `export default { type: 'x', name: 'X', description: '', run() {} }`, /description is missing/],
  ])('that %s frees the slot, which says why, and harms nothing else', async (_, source, reason) => {
    await register(source, 'broken', true);
    await register(marker('one'));
    await host();
    await activate('slot_ml_analytics', 'marker');
    await activate(SLOT, 'broken');
    await fleet.untilAgent(SLOT, 'is refused', (agent) => agent.state === 'inactive' && agent.hostId === null);
    expect(await fleet.get(SLOT)).toMatchObject({ slotStatus: 'available', reason: expect.stringMatching(reason), implementation: null });
    expect(await fleet.eventsOf(SLOT)).toContain('agent:implementation_failed');
    await fleet.untilAgent('slot_ml_analytics', 'runs', (agent) => agent.status === 'running');
  });

  test.each([
    ['hangs', 'for (;;); export default 1', /did not finish loading within 11s/],
    ['ends its thread', 'process.exit(0); export default 1', /its code ended its thread while it was loaded \(exit code 0\)/],
    ['eats memory', 'const all = []; for (;;) all.push(new Array(1e5).fill(1.5)); export default 1', /more than 256 MB of memory/],
  ])('that %s while it is loaded frees the slot, and its host goes on as if nothing was', async (_, source, reason) => {
    await register(source, 'broken', true);
    await register(marker('one'));
    const runner = await host();
    await activate('slot_ml_analytics', 'marker');
    await untilMark({ version: 'one' });
    await activate(SLOT, 'broken');
    const slot = await fleet.untilAgent(SLOT, 'is refused', (agent) => agent.state === 'inactive' && agent.hostId === null, 40_000);
    expect(slot.reason).toMatch(reason);
    expect(runner.status).toMatchObject({ beats: { failed: 0 }, rejoined: 0, trusted: true });
  });

  test('has a thread of its own, unless it or its slot says otherwise', async () => {
    const place = (said: string, more = ''): string => `
      import { isMainThread } from 'node:worker_threads';
      export default { type: 'place', name: 'Place', description: 'Says where it runs.', schedule: { every: '50ms' }, ${more}
        async run(ctx) { await ctx.state.set('mark', { isMainThread, pid: process.pid, said: '${said}' }); } };`;
    await register(place('apart'));
    await register(place('here', "isolation: 'none',"), 'here');
    await host();
    await activate(SLOT, 'marker');
    await untilMark({ isMainThread: false, pid: process.pid, said: 'apart' });
    await fleet.state.agents.update(agentId(SLOT), { metadata: { implementation: 'marker', isolation: 'process' } });
    await untilMark({ isMainThread: true, said: 'apart' });
    expect(((await mark()) as { pid: number }).pid).not.toBe(process.pid);
    await fleet.state.agents.update(agentId(SLOT), { metadata: { implementation: 'marker', isolation: 'none' } });
    await untilMark({ pid: process.pid, said: 'apart' });
    await fleet.state.agents.update(agentId(SLOT), { metadata: { implementation: 'here' } });
    await untilMark({ pid: process.pid, said: 'here' });
    expect((await fleet.get(SLOT)).errorCount).toBe(0);
  });

  test('does not run with a configuration that does not fit, says so, and starts once it does', async () => {
    await register(marker('one'));
    await host();
    await activate(SLOT, 'marker', { word: 5 });
    const slot = await fleet.untilAgent(SLOT, 'says so', (agent) => agent.status === 'stopped' && agent.reason !== null);
    expect(slot).toMatchObject({ state: 'active', errorCount: 0, reason: expect.stringMatching(/^config\.word: .*Mend config\.word/) });
    await fleet.state.agents.update(agentId(SLOT), { config: { word: 'right' } });
    await untilMark({ version: 'one', word: 'right' });
  });

  test('is not run where it is not what was registered', async () => {
    await register(marker('one'));
    await fleet.database.query(sql`update muster.implementations set code = code || ' '`);
    await host();
    await activate(SLOT, 'marker');
    const slot = await fleet.untilAgent(SLOT, 'is refused', (agent) => agent.state === 'inactive' && agent.hostId === null);
    expect(slot.reason).toMatch(/its code is not what was registered/);
    expect(await mark()).toBeUndefined();
  });

  test('that a disk does not take is tried again until it does, and the slot says so meanwhile', async () => {
    await register(marker('one'));
    const blocked = join(folder, 'blocked');
    await writeFile(blocked, 'a file where the folder should be');
    await fleet.host([], { codeFolder: blocked });
    await activate(SLOT, 'marker');
    await fleet.untilAgent(
      SLOT,
      'says so',
      (agent) => agent.status === 'starting' && /could not be fetched: ENOTDIR|EEXIST/.test(agent.reason ?? ''),
    );
    await rm(blocked);
    await untilMark({ version: 'one' });
    expect(await fleet.untilAgent(SLOT, 'runs', (agent) => agent.status === 'running')).toMatchObject({ reason: null, state: 'active' });
  });

  test('that has not come when its host stops is given back with the rest', async () => {
    await register(marker('one'));
    const blocked = join(folder, 'blocked');
    await writeFile(blocked, 'a file where the folder should be');
    const waiting = await fleet.host([], { codeFolder: blocked });
    await activate(SLOT, 'marker');
    await fleet.untilAgent(
      SLOT,
      'waits',
      (agent) => agent.hostId === waiting.hostId && agent.status === 'starting' && agent.reason !== null,
    );
    await waiting.stop();
    expect(await fleet.get(SLOT)).toMatchObject({ hostId: null, status: 'stopped', state: 'active' });
    await host();
    await untilMark({ version: 'one' });
  });

  test('goes where another host runs it when its own is killed', async () => {
    await register(marker('one'));
    await using launched = await launchedHost(fleet.url, folder);
    const { hostId } = launched;
    await activate(SLOT, 'marker');
    await untilMark({ version: 'one', hostId });
    const heir = await host();
    await launched.kill();
    await untilMark({ version: 'one', hostId: heir.hostId });
    expect(await fleet.get(SLOT)).toMatchObject({ hostId: heir.hostId, slotStatus: 'occupied' });
  }, 180_000);
});

describe('implementations', () => {
  test('in use are not removed, and those that are not are', async () => {
    await register(marker('one'));
    await register(marker('two'));
    await activate(SLOT, 'marker');
    await expect(fleet.state.implementations.remove('marker')).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining(SLOT),
    });
    await fleet.state.agents.setState(agentId(SLOT), 'inactive');
    expect(await fleet.state.implementations.remove('marker')).toBe(2);
    await expect(fleet.state.implementations.remove('marker')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(fleet.state.agents.setState(agentId(SLOT), 'active')).rejects.toMatchObject({
      code: 'CONFLICT',
      message: `slot ${SLOT} stays inactive: the implementation "marker" is not registered`,
    });
  });

  test('keep twenty versions besides those in use, and an older one becomes current when it is registered again', async () => {
    const manifest = { agentType: 'x', name: 'X', description: 'X', capabilities: {}, schedule: null, takesConfig: false };
    const hash = (n: number): string => String(n).padStart(64, '0');
    const add = (n: number): Promise<unknown> =>
      fleet.state.implementations.register({ name: 'many', code: `// ${n}`, hash: hash(n), manifest, registeredBy: 'test' });
    await add(0);
    await activate(SLOT, `many@${hash(0)}`);
    for (let n = 1; n <= 22; n += 1) await add(n);
    const hashes = (await fleet.state.implementations.list({ limit: 100, name: 'many' })).map((each) => each.hash);
    expect(hashes).toEqual([...Array.from({ length: 20 }, (__, n) => hash(22 - n)), hash(0)]);
    await add(5);
    expect(await fleet.state.implementations.find('many')).toMatchObject({ hash: hash(5), current: true });
  });

  test('are activated in slots only, only when they are there, and only with a configuration that fits', async () => {
    await fleet.agents('worker', ['no_slot']);
    await register(marker('one'));
    const slot = await fleet.get(SLOT);
    await expect(activateSlot(fleet.state, await fleet.get('no_slot'), 'marker')).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(activateSlot(fleet.state, slot, 'nothing')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'there is no implementation "nothing"',
    });
    await expect(activateSlot(fleet.state, slot, 'marker', { wrod: 1 })).rejects.toMatchObject({ code: 'AGENT_CONFIG_INVALID' });
    expect(await fleet.get(SLOT)).toMatchObject({ state: 'inactive', metadata: slot.metadata });
    expect(await activateSlot(fleet.state, slot, 'marker', { word: 'a' })).toMatchObject({ state: 'active', config: { word: 'a' } });
    expect(await activateSlot(fleet.state, await fleet.get(SLOT), 'marker')).toMatchObject({ config: { word: 'a' } });
  });

  test.each([
    ['throws', `throw new Error('no luck'); export default 1`, 'AGENT_INVALID', /loading it throws: no luck/],
    ['ends the process', `process.exit(3); export default 1`, 'AGENT_INVALID', /ended the process while it was loaded \(exit code 3\)/],
    ['eats memory', `const all = []; for (;;) all.push(new Array(1e5).fill(1.5));`, 'AGENT_INVALID', /more than 256 MB of memory/],
    ['exports no agent', `export default [1]`, 'AGENT_INVALID', /its default export is a list, not an agent/],
    ['exports nothing', `export const x = 1`, 'AGENT_INVALID', /its default export is missing/],
    [
      'imports what is not there',
      `import 'a-package-nobody-has'; export default 1`,
      'AGENT_INVALID',
      /Could not resolve "a-package-nobody-has"/,
    ],
    ['is no program', `export default {`, 'AGENT_INVALID', /agent\.ts:1:\d+: /],
    ['is too large', `export default ${JSON.stringify('x'.repeat(4_200_000))}`, 'TOO_LARGE', /bytes with all it imports/],
  ])('whose code %s are not registered, and nothing of them is stored', async (_, source, code, message) => {
    const attempt = async () => registerImplementation(fleet.state, await bundleText(source), { by: 'test' });
    await expect(attempt()).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(await fleet.state.implementations.list({ limit: 10 })).toEqual([]);
  });
});
