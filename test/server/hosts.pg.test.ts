import { afterAll, beforeAll, expect, test } from 'vitest';
import { newHostId, type HostId } from '../../src/base/ids.ts';
import { defineAgent } from '../../src/agent/define-agent.ts';
import { bearer, testServer, type TestServer } from './support/test-server.ts';

const probe = defineAgent({ type: 'probe', name: 'Probe', description: 'An agent for a test.', run: async () => undefined });
let server: TestServer;
beforeAll(async () => {
  server = await testServer({ types: [probe] });
});
afterAll(() => server[Symbol.asyncDispose]());

async function join(): Promise<HostId> {
  const host = newHostId();
  await server.state.hosts.join({
    hostId: host,
    hostname: 'alpha',
    pid: 1,
    processKey: null,
    version: '1',
    labels: { zone: 'a' },
    capacity: 10,
    leaseMs: 60_000,
    types: { probe: {} },
  });
  return host;
}

test('a host is shown with its load, its labels and the agents it holds', async () => {
  const host = await join();
  await server.state.agents.ensure([{ agentId: 'probe_1', name: 'Probe 1', type: 'probe' }]);
  await server.state.hosts.claim(host, ['probe'], 1);
  await server.state.hosts.beat(host, 60_000, { cpuCores: 0.5, weight: 0.75, machineCpuRatio: 0.9 }, []);
  const answer = await server.ask('GET', `/hosts/${host}`);
  expect(answer.statusCode).toBe(200);
  expect(answer.json()).toMatchObject({
    host_id: host,
    status: 'live',
    desired: 'run',
    labels: { zone: 'a' },
    agents: 1,
    load: { cpu_cores: 0.5, weight: 0.75, machine_cpu_ratio: 0.9 },
    held: [{ agent_id: 'probe_1', agent_type: 'probe', status: 'starting', epoch: 1 }],
  });
  expect((await server.ask('GET', `/hosts/${newHostId()}`)).json()).toMatchObject({ status: 404, code: 'NOT_FOUND' });
});

test('an operator drains, resumes and stops a host; a viewer does not', async () => {
  const host = await join();
  const tell = (command: string, headers?: Readonly<Record<string, string>>) =>
    server.ask('POST', `/hosts/${host}/commands`, { body: { command }, ...(headers === undefined ? {} : { headers }) });
  const operator = bearer(await server.key('operator'));
  expect((await tell('drain', bearer(await server.key('viewer')))).statusCode).toBe(403);
  const drained = await tell('drain', operator);
  expect([drained.statusCode, drained.json().desired]).toEqual([202, 'drain']);
  expect(drained.json().desired_by).toMatch(/^key:/);
  expect((await tell('resume')).json().desired).toBe('run');
  expect((await tell('stop')).json().desired).toBe('stop');
  // There is no way back from there.
  expect((await tell('resume')).json()).toMatchObject({ status: 409, code: 'CONFLICT' });
  expect((await tell('dance')).statusCode).toBe(422);
});

test('restart_agents sends each active agent of the host its command, once', async () => {
  const host = await join();
  await server.state.agents.ensure([{ agentId: 'probe_2', name: 'Probe 2', type: 'probe' }]);
  await server.state.hosts.claim(host, ['probe'], 10);
  for (let twice = 0; twice < 2; twice += 1)
    expect((await server.ask('POST', `/hosts/${host}/commands`, { body: { command: 'restart_agents' } })).statusCode).toBe(202);
  const commands = (await server.ask('GET', '/agents/probe_2/commands')).json();
  expect(commands.items.map((each: { command: string }) => each.command)).toEqual(['restart']);
});

test('where an agent may run is said when it is made, changed alone, and taken away', async () => {
  const made = await server.ask('POST', '/agents', {
    body: { agent_id: 'placed', agent_type: 'probe', metadata: { team: 'x' }, placement: { labels: { zone: 'b' } } },
  });
  expect(made.json()).toMatchObject({
    placement: { labels: { zone: 'b' } },
    metadata: { team: 'x', placement: { labels: { zone: 'b' } } },
  });
  const changed = await server.ask('PATCH', '/agents/placed', { body: { placement: { anti_affinity: 'probes' } } });
  expect(changed.json()).toMatchObject({ placement: { anti_affinity: 'probes' }, metadata: { team: 'x' } });
  const taken = await server.ask('PATCH', '/agents/placed', { body: { placement: null } });
  expect(taken.json()).toMatchObject({ placement: null, metadata: { team: 'x' } });
  expect((await server.ask('PATCH', '/agents/placed', { body: { placement: { label: {} } } })).statusCode).toBe(422);
  // By way of metadata it is the same.
  const wrong = await server.ask('PATCH', '/agents/placed', { body: { metadata: { placement: 'zone=a' } } });
  expect([wrong.statusCode, wrong.json().errors[0]]).toMatchObject([422, { pointer: '/metadata/placement' }]);
});
