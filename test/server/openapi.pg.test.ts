import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineAgent } from '../../src/agent/index.ts';
import { agentId, epoch, newHostId, newRunId } from '../../src/base/ids.ts';
import { sql } from '../../src/db/sql.ts';
import { builtInModules } from '../../src/modules/built-in.ts';
import { createSignInLink } from '../../src/server/access/sign-in-link.ts';
import { until } from '../support/until.ts';
import { bearer, BOOTSTRAP, testServer, type TestServer } from './support/test-server.ts';

interface Operation {
  readonly summary?: string;
  readonly 'x-permission'?: string;
  readonly security?: readonly unknown[];
  readonly responses: Readonly<
    Record<string, { readonly description?: string; readonly content?: Readonly<Record<string, { readonly schema: unknown }>> }>
  >;
}

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>>; readonly securitySchemes: Readonly<Record<string, unknown>> };
}

let server: TestServer;
let document: Document;
/** What of an answer does not fit the document; null: nothing. */
let faults: (path: string, method: string, status: number, type: string, body: unknown) => unknown;

const counter = defineAgent({
  type: 'counter',
  name: 'Counter',
  description: 'Counts',
  capabilities: { count: 'Up and down' },
  config: z.object({ every: z.string().default('10s') }),
  schedule: (config) => ({ every: config.every }),
  run: async () => undefined,
  commands: { reset: async () => ({ done: true }) },
});

beforeAll(async () => {
  server = await testServer({ types: [counter], modules: builtInModules });
  document = (await server.ask('GET', '/openapi.json')).json();
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  formats.default(ajv);
  ajv.addSchema({ ...document, $id: 'openapi.json' });
  faults = (path, method, status, type, body) => {
    const pointer = ['paths', path, method, 'responses', String(status), 'content', type, 'schema']
      .map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1'))
      .join('/');
    const validate = ajv.compile({ $ref: `openapi.json#/${pointer}` });
    return validate(body) ? null : validate.errors;
  };
  await seed();
});
afterAll(() => server[Symbol.asyncDispose]());

/** Something of everything that the API shows. */
async function seed(): Promise<void> {
  await server.state.agents.ensure([{ agentId: 'shown', name: 'Shown', type: 'counter', config: { every: '5s' } }]);
  await server.database.database.query(
    sql`insert into public.agent_heartbeats (agent_id, status, health_score) values ('shown', 'running', 99.5)`,
  );
  await server.database.database.query(sql`insert into muster.hosts (host_id, hostname, pid, version, capacity, expires_at, load)
    values (gen_random_uuid(), 'there', 1, '1', 10, now() + interval '1 hour', '{"cpuCores": 0.5}')`);
  const hostId = newHostId();
  await server.state.hosts.join({
    hostId,
    hostname: 'here',
    pid: 1,
    processKey: null,
    version: '1',
    labels: {},
    capacity: 1,
    leaseMs: 60_000,
  });
  await server.state.hosts.claim(hostId, ['counter'], 1);
  const name = { agentId: agentId('shown'), epoch: epoch(1) };
  const run = { ...name, runId: SHOWN_RUN, runNumber: 1, trigger: 'schedule', scheduledFor: Date.now(), startedAt: Date.now() } as const;
  const end = {
    endedAt: Date.now(),
    outcome: 'succeeded',
    durationMs: 2.5,
    error: null,
    result: '[1]',
    linesKept: 1,
    linesDropped: 0,
  } as const;
  const line = { ...name, seq: 1, at: Date.now(), runId: SHOWN_RUN, level: 'info', message: 'looking', fields: '{"a":1}' } as const;
  await server.state.ledger.write(hostId, { runs: [{ ...run, ...end }], lines: [line] });
  await server.state.events.append([{ type: 'test:happened', data: { a: 1 } }]);
  await server.ask('POST', '/metrics', {
    body: [{ metric_name: 'shown', agent_id: 'shown', metric_value: 1, metadata: { device: 'sda' } }],
  });
  await server.state.metrics.flush();
}

test('the document is valid OpenAPI 3.1', async () => {
  const result = await new Validator().validate(document as unknown as Record<string, unknown>);
  expect(result).toEqual({ valid: true });
  expect(document.openapi).toMatch(/^3\.1\./);
  expect(Object.keys(document.components.securitySchemes)).toEqual(['bearer', 'apiKey', 'session']);
});

test('it names every route of the API, each with a summary, its permission and its problems', () => {
  const told = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const routes = server.app.routeTable.routes
    .filter((route) => route.method !== 'HEAD')
    .map((route) => `${route.method} ${route.url.replace(/:(\w+)/g, '{$1}').replace('*', '{*}')}`);
  expect(told.toSorted()).toEqual(routes.toSorted());
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const operation of Object.values(operations)) {
      expect([path, operation.summary]).toEqual([path, expect.stringMatching(/\w/)]);
      expect([path, operation['x-permission']]).toEqual([path, expect.stringMatching(/\w/)]);
      if (path.startsWith('/api') && !path.endsWith('/openapi.json')) {
        expect(Object.keys(operation.responses['401']?.content ?? {})).toEqual(['application/problem+json']);
      }
    }
  }
});

test('every schema of ours has an example that fits it', () => {
  const ajv = new Ajv2020({ strict: false });
  formats.default(ajv);
  ajv.addSchema({ ...document, $id: 'openapi.json' });
  let examples = 0;
  for (const [name, schema] of Object.entries(document.components.schemas)) {
    for (const example of (schema as { examples?: unknown[] }).examples ?? []) {
      const validate = ajv.compile({ $ref: `openapi.json#/components/schemas/${name}` });
      expect([name, validate(example), validate.errors]).toEqual([name, true, null]);
      examples += 1;
    }
  }
  expect(examples).toBeGreaterThan(10);
});

interface Call {
  readonly path: string;
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  readonly url?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly status: number;
  readonly type?: string;
}

const API = '/api/v1';
const SHOWN_RUN = newRunId(Date.now());
const JSON_TYPE = 'application/json';

const IMPLEMENTATION = `export default { type: 'shown_code', name: 'Shown', description: 'Of a slot', schedule: { every: '5s' }, async run() {} }`;

const CALLS: readonly Call[] = [
  { path: '/agents', method: 'get', status: 200 },
  { path: '/agents', method: 'get', url: '/agents?limit=0', status: 422 },
  { path: '/agents', method: 'get', url: '/agents?cursor=x', status: 400 },
  { path: '/agents', method: 'post', body: { agent_id: 'new', agent_type: 'counter' }, status: 201 },
  { path: '/agents', method: 'post', body: { agent_id: 'new', agent_type: 'counter' }, status: 409 },
  { path: '/agents', method: 'post', body: { agent_id: 'bad', agent_type: 'counter', config: { every: 5 } }, status: 422 },
  { path: '/agents/{agent_id}', method: 'get', url: '/agents/shown', status: 200 },
  { path: '/agents/{agent_id}', method: 'get', url: '/agents/nobody', status: 404 },
  { path: '/agents/{agent_id}', method: 'patch', url: '/agents/shown', body: { config: { every: '6s' } }, status: 200 },
  {
    path: '/agents/{agent_id}/commands',
    method: 'post',
    url: '/agents/shown/commands',
    body: { command: 'reset', payload: { a: 1 } },
    status: 202,
  },
  { path: '/agents/{agent_id}/commands', method: 'post', url: '/agents/shown/commands', body: { command: 'pause' }, status: 202 },
  { path: '/agents/{agent_id}/commands', method: 'post', url: '/agents/shown/commands', body: { command: 'dance' }, status: 422 },
  { path: '/agents/{agent_id}/commands', method: 'get', url: '/agents/shown/commands', status: 200 },
  { path: '/agents/{agent_id}/heartbeats', method: 'get', url: '/agents/shown/heartbeats', status: 200 },
  { path: '/implementations', method: 'post', body: { source: IMPLEMENTATION }, status: 201 },
  { path: '/implementations', method: 'post', body: { source: 'throw new Error("no")' }, status: 422 },
  { path: '/implementations', method: 'get', status: 200 },
  { path: '/implementations/{implementation}', method: 'get', url: '/implementations/shown_code', status: 200 },
  { path: '/implementations/{implementation}', method: 'get', url: '/implementations/none', status: 404 },
  {
    path: '/agents/{agent_id}/activate',
    method: 'post',
    url: '/agents/slot_custom_agent/activate',
    body: { implementation: 'shown_code' },
    status: 200,
  },
  {
    path: '/agents/{agent_id}/activate',
    method: 'post',
    url: '/agents/shown/activate',
    body: { implementation: 'shown_code' },
    status: 409,
  },
  { path: '/implementations/{implementation}', method: 'delete', url: '/implementations/shown_code', status: 409 },
  { path: '/agents/{agent_id}/deactivate', method: 'post', url: '/agents/slot_custom_agent/deactivate', status: 200 },
  { path: '/agents/{agent_id}/runs', method: 'get', url: '/agents/shown/runs?outcome=succeeded', status: 200 },
  { path: '/agents/{agent_id}/runs', method: 'get', url: '/agents/nobody/runs', status: 404 },
  { path: '/agents/{agent_id}/runs', method: 'get', url: '/agents/shown/runs?outcome=splendid', status: 422 },
  { path: '/runs/{run_id}', method: 'get', url: `/runs/${SHOWN_RUN}`, status: 200 },
  { path: '/runs/{run_id}', method: 'get', url: '/runs/00000000-0000-4000-8000-000000000000', status: 404 },
  { path: '/agents/{agent_id}/logs', method: 'get', url: '/agents/shown/logs?level=info&search=LOOK', status: 200 },
  { path: '/logs', method: 'get', url: `/logs?run_id=${SHOWN_RUN}&from=now-1h`, status: 200 },
  { path: '/logs', method: 'get', url: '/logs?level=loud', status: 422 },
  { path: '/agents/{agent_id}/history', method: 'get', url: '/agents/shown/history', status: 200 },
  { path: '/agents/{agent_id}/history', method: 'get', url: '/agents/nobody/history', status: 404 },
  { path: '/commands', method: 'get', status: 200 },
  { path: '/heartbeats', method: 'get', status: 200 },
  { path: '/agent-types', method: 'get', status: 200 },
  { path: '/metrics/query', method: 'get', url: '/metrics/query?name=shown&label.device=sda&points=10', status: 200 },
  { path: '/metrics/query', method: 'get', url: '/metrics/query?name=nothing', status: 200 },
  { path: '/metrics/latest', method: 'get', status: 200 },
  { path: '/metrics/names', method: 'get', status: 200 },
  { path: '/metrics', method: 'post', body: [{ metric_name: 'shown', metric_value: 2 }, { metric_name: '' }], status: 202 },
  { path: '/system-state/{key}', method: 'put', url: '/system-state/shown', body: { value: { a: [1, null] } }, status: 200 },
  { path: '/system-state/{key}', method: 'get', url: '/system-state/shown', status: 200 },
  {
    path: '/system-state/{key}',
    method: 'put',
    url: '/system-state/shown',
    body: { value: 2 },
    headers: { 'if-match': '"999"' },
    status: 412,
  },
  { path: '/system-state', method: 'get', status: 200 },
  { path: '/events', method: 'get', headers: { accept: JSON_TYPE }, status: 200 },
  { path: '/hosts', method: 'get', status: 200 },
  { path: '/health', method: 'get', status: 200 },
  { path: '/version', method: 'get', status: 200 },
  { path: '/session', method: 'get', status: 200 },
  { path: '/session', method: 'get', headers: { authorization: 'Bearer wrong' }, status: 401 },
  { path: '/keys', method: 'post', body: { name: 'ci', role: 'viewer', expires_at: 'now+1d' }, status: 201 },
  { path: '/keys', method: 'get', status: 200 },
  { path: '/sign-in-links', method: 'post', body: {}, status: 201 },
];

describe('a live answer fits what the document says of', () => {
  test.each(CALLS)('$method $path: $status', async ({ path, method, url = path, body, headers, status, type }) => {
    const answer = await server.app.inject({
      method: method.toUpperCase() as 'GET',
      url: `${API}${url}`,
      headers: { ...bearer(BOOTSTRAP), ...headers },
      ...(body === undefined ? {} : { payload: body as object }),
    });
    expect([answer.statusCode, answer.body]).toEqual([status, expect.any(String)]);
    const told = type ?? (status < 400 ? JSON_TYPE : 'application/problem+json');
    expect(answer.headers['content-type']).toBe(`${told}; charset=utf-8`);
    expect(faults(`${API}${path}`, method, status, told, answer.json())).toBeNull();
  });

  test.each(['/livez', '/healthz', '/health/live', '/readyz', '/health/ready'])('get %s: 200', async (path) => {
    await until('it is ready', async () => (await server.app.inject({ url: path })).statusCode === 200);
    const answer = await server.app.inject({ url: path });
    expect(faults(path, 'get', 200, JSON_TYPE, answer.json())).toBeNull();
  });

  test('post /session: 201', async () => {
    const { token } = await createSignInLink(server.access, { createdBy: 'test' });
    const answer = await server.app.inject({ method: 'POST', url: `${API}/session`, payload: { token } });
    expect(faults(`${API}/session`, 'post', 201, JSON_TYPE, answer.json())).toBeNull();
  });
});

test('a metric comes back as points of its range, narrowed by label', async () => {
  const range = async (query: string) => (await server.ask('GET', `/metrics/query?name=shown&agent_id=shown&points=60${query}`)).json();
  const all = await range('');
  expect(all).toMatchObject({
    next_cursor: null,
    truncated: false,
    items: [{ metric_name: 'shown', agent_id: 'shown', labels: { device: 'sda' } }],
  });
  expect(all.items[0].points.length).toBeLessThanOrEqual(60);
  expect(all.items[0].points.some(([, value]: [number, number | null]) => value === 1)).toBe(true);
  expect((await range('&label.device=sdb')).items).toEqual([]);
});

test('an agent shows what its type says, and when it runs', async () => {
  const agent = (await server.ask('GET', '/agents/shown')).json();
  expect(agent).toMatchObject({
    description: 'Counts',
    capabilities: { count: 'Up and down' },
    schedule: expect.stringMatching(/^every \ds$/),
  });
});
