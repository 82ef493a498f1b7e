import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { livingPostmaster } from '../../src/db/embedded/postmaster.ts';
import { findDataFolder } from '../../src/db/embedded/data-folder.ts';
import { until } from '../support/until.ts';
import { DEFAULT_AGENTS_AT_WORK } from './support/default-agents.ts';
import { Program, write, type Ready } from './support/program.ts';

const muster = Program.forThisFile();
const KEY = 'a-key-of-this-test';
const UP = ['up', '--port', '0', '--no-open', '--json'];
const env = { MUSTER_BOOTSTRAP_KEY: KEY };

interface Agent {
  readonly agent_id: string;
  readonly status: string;
  readonly state: string;
  readonly epoch: number;
  readonly last_heartbeat_at: string | null;
}

async function agentsOf({ url }: Ready): Promise<readonly Agent[]> {
  const response = await fetch(`${url}/api/v1/agents?limit=100`, { headers: { authorization: `Bearer ${KEY}` } });
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
  return ((await response.json()) as { readonly items: readonly Agent[] }).items;
}

const atWork = (agents: readonly Agent[]): readonly string[] =>
  agents.filter(({ status, last_heartbeat_at: beat }) => status === 'running' && beat !== null).map(({ agent_id: id }) => id);
const postmasterOf = async (cwd: string): Promise<number | undefined> =>
  (await livingPostmaster(await findDataFolder(join(cwd, '.muster'))))?.pid;

describe('muster up on an empty folder', () => {
  it('brings the fleet up, serves it, obeys, and leaves nothing behind', async () => {
    const cwd = muster.folder();
    const up = muster.start(UP, { cwd, env });
    const ready = await up.ready();
    let working: readonly string[] = [];
    await until('all default agents are at work', async () => {
      working = atWork(await agentsOf(ready));
      return working.length === DEFAULT_AGENTS_AT_WORK;
    });
    expect(working).toEqual([
      'agent_coordinator',
      'alert_delivery',
      'alerting_system',
      'dead_man_watch',
      'diagnostic_test_agent',
      'endpoint_monitor',
      'heartbeat_health_agent',
      'langsmith_bridge',
      'performance_monitor',
      'self_healing',
      'status_recorder',
      'test_agent_1',
      'test_agent_2',
      'test_launcher_env_agent',
    ]);

    // The sign-in link opens a session once.
    const token = new URL(ready.sign_in_url).searchParams.get('token');
    const signIn = (): Promise<Response> =>
      fetch(`${ready.url}/api/v1/session`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: ready.url },
        body: JSON.stringify({ token }),
      });
    expect((await signIn()).ok).toBe(true);
    expect((await signIn()).status).toBe(401);

    // Commands in another process find it by its folder.
    const status = await muster.json<{ healthy: boolean; hosts: unknown[] }>(['status'], { cwd });
    expect(status).toMatchObject({ healthy: true });
    expect(status.hosts).toHaveLength(1);
    const before = (await muster.json<Agent>(['agents', 'show', 'test_agent_1'], { cwd })).epoch;
    const steered = await muster.json<{ items: { agent: Agent; effective: boolean }[] }>(
      ['agents', 'stop', 'test_agent_1', 'test_agent_2'],
      { cwd },
    );
    expect(steered.items.map(({ agent, effective }) => [agent.status, effective])).toEqual([
      ['stopped', true],
      ['stopped', true],
    ]);
    expect(
      (await muster.json<{ items: { agent: Agent; effective: boolean }[] }>(['agents', 'start', 'test_agent_1'], { cwd })).items[0],
    ).toMatchObject({ effective: true, agent: { status: 'running' } });
    expect(
      (await muster.json<{ items: { agent: Agent }[] }>(['agents', 'restart', 'test_agent_1'], { cwd })).items[0]?.agent.epoch,
    ).toBeGreaterThan(before);
    const ran = await muster.json<{ items: { command: { state: string } }[] }>(['agents', 'run', 'diagnostic_test_agent'], { cwd });
    expect(ran.items[0]?.command.state).toBe('done');

    const missing = await muster.run(['agents', 'show', 'tset_agent_1'], { cwd });
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain('Did you mean test_agent_1?');

    const key = await muster.json<{ key: string; key_id: string }>(['keys', 'create', 'watcher', '--role', 'viewer'], { cwd });
    const look = (): Promise<Response> => fetch(`${ready.url}/api/v1/agents`, { headers: { authorization: `Bearer ${key.key}` } });
    expect((await look()).status).toBe(200);
    await muster.json(['keys', 'revoke', key.key_id], { cwd });
    await until('the key is refused', async () => (await look()).status === 401);

    const narrow = await muster.json<{ key: string; scopes: string[] }>(
      ['keys', 'create', 'shop', '--scope', 'traces:write', '--scope', 'hosts:read'],
      { cwd },
    );
    expect(narrow.scopes).toEqual(['hosts:read', 'traces:write']);
    const may = async (path: string): Promise<number> =>
      (await fetch(`${ready.url}/api/v1/${path}`, { headers: { authorization: `Bearer ${narrow.key}` } })).status;
    expect([await may('hosts'), await may('agents')]).toEqual([200, 403]);
    const mistyped = await muster.run(['keys', 'create', 'shop', '--scope', 'trace:write'], { cwd });
    expect([mistyped.code, mistyped.stderr]).toEqual([64, expect.stringContaining('Did you mean traces:write?')]);
    const tooMuch = await muster.run(['keys', 'create', 'shop', '--scope', 'keys:manage'], { cwd });
    expect([tooMuch.code, tooMuch.stderr]).toEqual([64, expect.stringContaining('The role operator does not include keys:manage')]);

    const link = await muster.json<{ url: string }>(['sign-in'], { cwd });
    expect(new URL(link.url).origin).toBe(ready.url);

    const events = await muster.run(['events', '--no-follow', '--last', '500', '--json'], { cwd });
    const types = events.stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { type: string }).type);
    expect(types).toEqual(expect.arrayContaining(['host:joined', 'agent:claimed', 'agent:started', 'agent:stopped']));

    const doctor = await muster.json<{ healthy: boolean; findings: { where: string; severity: string }[] }>(['doctor'], { cwd });
    expect(doctor.findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(doctor.findings.map(({ where }) => where)).toEqual(
      expect.arrayContaining(['database', 'rights', 'connections', 'schema', 'partitions', 'wake-ups', 'hosts']),
    );

    const { code, stdout } = await up.stop('SIGINT');
    expect(code).toBe(0);
    expect(stdout.split('\n').filter((line) => line !== '' && !line.startsWith('{'))).toEqual([]);
    expect(await postmasterOf(cwd)).toBeUndefined();
    await expect(fetch(ready.url)).rejects.toThrow('fetch failed');
  }, 180_000);

  it('goes on where it was: after a stop, after kill -9, and its agents’ desired state with it', async () => {
    const cwd = muster.folder();
    const first = muster.start(UP, { cwd, env });
    await first.ready();
    await muster.json(['agents', 'stop', 'test_agent_1'], { cwd });
    expect((await first.stop()).code).toBe(0);

    const second = muster.start(UP, { cwd, env });
    const again = await second.ready();
    await until('all but one are at work', async () => atWork(await agentsOf(again)).length === DEFAULT_AGENTS_AT_WORK - 1);
    expect((await agentsOf(again)).find(({ agent_id: id }) => id === 'test_agent_1')).toMatchObject({
      state: 'inactive',
      status: 'stopped',
    });
    await second.stop('SIGKILL');
    expect(await postmasterOf(cwd)).toBeDefined();

    const third = muster.start(UP, { cwd, env });
    const after = await third.ready();
    await until('the new host runs all but one', async () => {
      const agents = await agentsOf(after);
      return (
        atWork(agents).length === DEFAULT_AGENTS_AT_WORK - 1 &&
        agents.filter(({ status }) => status === 'running').every(({ epoch }) => epoch > 1)
      );
    });
    expect((await third.stop()).code).toBe(0);
    expect(await postmasterOf(cwd)).toBeUndefined();
  }, 180_000);
});

describe('two at once', () => {
  it('on one data folder: 81, naming the first; on one port: 80; and the first is not disturbed', async () => {
    const cwd = muster.folder();
    const up = muster.start(UP, { cwd, env });
    const ready = await up.ready();
    const sameFolder = await muster.run(UP, { cwd });
    expect(sameFolder.code).toBe(81);
    expect(sameFolder.stderr).toContain(`Process ${up.child.pid}`);
    const { port } = new URL(ready.url);
    const samePort = await muster.run(['up', '--port', port, '--no-open', '--json']);
    expect(samePort.code).toBe(80);
    expect(samePort.stderr).toContain(`port ${port}`);
    expect((await agentsOf(ready)).length).toBeGreaterThan(0);
    expect((await up.stop()).code).toBe(0);
  }, 180_000);

  it('a taken port is told before anything is started', async () => {
    const cwd = muster.folder();
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const address = taken.address();
    const { code } = await muster.run(['up', '--port', String(typeof address === 'object' ? address?.port : 0), '--no-open'], { cwd });
    taken.close();
    expect(code).toBe(80);
    expect(existsSync(join(cwd, '.muster'))).toBe(false);
  });
});

describe('the end', () => {
  it('a signal while it starts ends it in good order', async () => {
    const cwd = muster.folder();
    const up = muster.start([...UP, '--log-level', 'debug'], { cwd, env });
    await until('PostgreSQL starts', () => up.stderr.includes('creating the database'), 20_000);
    const { code } = await up.stop('SIGTERM');
    expect(code).toBe(0);
    expect(await postmasterOf(cwd)).toBeUndefined();
  });

  it('a second signal forces it, and takes the embedded server along', async () => {
    const cwd = muster.folder();
    // An agent that does not end when it is told to holds the host up.
    write(
      cwd,
      'agents/stubborn.js',
      `import { writeFileSync } from 'node:fs';
export default { type: 'stubborn', name: 'Stubborn', description: 'Does not end.', schedule: { every: '1s' }, timeout: '1h', run: () => new Promise(() => { writeFileSync('it-runs', ''); setInterval(() => {}, 1000); }) };`,
    );
    const up = muster.start([...UP, '--agents', 'agents'], { cwd, env });
    await up.ready();
    await until('it runs', () => existsSync(join(cwd, 'it-runs')));
    up.child.kill('SIGINT');
    // In the middle of its stop: it gives the agent ten seconds.
    await delay(500);
    const { code } = await up.stop('SIGTERM');
    expect(code, up.stderr).toBe(143);
    // It was told to end, and ends without anybody waiting for it.
    await until('the server has ended too', async () => (await postmasterOf(cwd)) === undefined);
  }, 180_000);

  it('a promise that an agent forgets ends neither its host nor the other agents, and is told', async () => {
    const cwd = muster.folder();
    write(
      cwd,
      'agents/forgetful.js',
      `export default { type: 'forgetful', name: 'Forgetful', description: 'Awaits nothing.', schedule: { every: '1s' }, async run() { void Promise.reject(new Error('left lying about')); } };`,
    );
    const up = muster.start([...UP, '--agents', 'agents'], { cwd, env });
    const ready = await up.ready();
    await until('it is told', () => up.stderr.includes('left lying about'));
    expect(up.stderr).toContain('nobody awaited it');
    await until('all are at work', async () => atWork(await agentsOf(ready)).length === DEFAULT_AGENTS_AT_WORK + 1);
    expect((await up.stop()).code).toBe(0);
  }, 180_000);

  it('an embedded server that dies is started again, and the fleet goes on', async () => {
    const cwd = muster.folder();
    const up = muster.start(UP, { cwd, env });
    const ready = await up.ready();
    await until('agents are at work', async () => atWork(await agentsOf(ready)).length === DEFAULT_AGENTS_AT_WORK);
    const before = await postmasterOf(cwd);
    process.kill(before ?? 0, 'SIGKILL');
    await until('another server runs', async () => ![undefined, before].includes(await postmasterOf(cwd)), 20_000);
    const since = Date.now();
    // A run that was cut off may leave its agent degraded for a while: it is at work all the same.
    const beats = async (): Promise<readonly string[]> => {
      const agents = await agentsOf(ready).catch(() => []);
      return agents
        .filter(({ status, last_heartbeat_at: beat }) => /running|degraded/.test(status) && Date.parse(beat ?? '') > since)
        .map(({ agent_id: id }) => id);
    };
    await until('all agents beat again', async () => (await beats()).length === DEFAULT_AGENTS_AT_WORK, 20_000);
    expect((await up.stop()).code).toBe(0);
  }, 180_000);
});

describe('muster setup', () => {
  it('makes the schema and .env once, and overwrites neither', async () => {
    const cwd = muster.folder();
    const first = await muster.json<{ applied: string[]; env_file: string }>(['setup'], { cwd });
    expect(first.applied[0]).toBe('core/000001_core');
    expect(first.env_file).toBe('written');
    write(cwd, '.env', 'MUSTER_PORT=5001\n');
    const second = await muster.json<{ applied: string[]; env_file: string }>(['setup'], { cwd });
    expect(second).toMatchObject({ applied: [], env_file: 'kept' });
    expect(readFileSync(join(cwd, '.env'), 'utf8')).toBe('MUSTER_PORT=5001\n');
    expect(await postmasterOf(cwd)).toBeUndefined();
  });
});
