import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { silentLogger } from '../../src/base/logger.ts';
import { sql } from '../../src/db/sql.ts';
import { builtInModules } from '../../src/modules/built-in.ts';
import type { Module } from '../../src/modules/module.ts';
import { buildServer } from '../../src/server/app.ts';
import { allows, isPermission } from '../../src/http/permissions.ts';
import { SCOPES } from '../../src/server/access/scopes.ts';
import type { Role } from '../../src/state/access.ts';
import { bearer, testServer, type TestServer } from './support/test-server.ts';

/** A user's own module: its routes are under the same rule. */
const module: Module = {
  name: 'guest',
  routes(app) {
    app.get(
      '/guests',
      { config: { permission: 'guests:read' }, schema: { response: { 200: z.object({ guests: z.number() }) } } },
      async () => ({ guests: 3 }),
    );
    app.post('/guests', { config: { permission: 'guests:write' } }, async () => ({ guests: 4 }));
  },
};

let server: TestServer;
const credentials: Record<string, Readonly<Record<string, string>>> = {};
const ROLES: readonly Role[] = ['viewer', 'operator', 'administrator'];
const REFUSED = [
  'nothing',
  'a garbled key',
  'an unknown key',
  'a wrong secret',
  'an expired key',
  'a revoked key',
  'a wrong cookie',
  'a scheme that is not ours',
];

beforeAll(async () => {
  server = await testServer({ modules: [...builtInModules, module] });
  for (const role of ROLES) credentials[role] = bearer(await server.key(role));
  credentials['metrics only'] = bearer(await server.key('operator', { scopes: ['metrics:read'] }));
  const viewer = await server.key('viewer');
  const [, id = ''] = viewer.split('_');
  credentials['nothing'] = {};
  credentials['a garbled key'] = bearer('mst_nonsense');
  credentials['an unknown key'] = bearer(`mst_aaaaaaaaaaaa_${'A'.repeat(43)}`);
  credentials['a wrong secret'] = bearer(`mst_${id}_${'A'.repeat(43)}`);
  credentials['an expired key'] = bearer(await server.key('administrator', { expiresAt: Date.now() - 1_000 }));
  const revoked = await server.key('administrator');
  await server.access.revokeKey(revoked.split('_')[1] ?? '');
  credentials['a revoked key'] = bearer(revoked);
  credentials['a wrong cookie'] = { cookie: `muster_session=${'A'.repeat(43)}` };
  credentials['a scheme that is not ours'] = { authorization: 'Basic YTpi' };
});
afterAll(() => server[Symbol.asyncDispose]());

let address = 0;
/** From an address of its own each time, so that wrong credentials are not refused for being many. */
async function ask(method: string, url: string, who: string, remoteAddress = `10.0.${(address >> 8) & 255}.${address++ & 255}`) {
  const headers = { accept: 'application/json', ...credentials[who] };
  return server.app.inject({
    method,
    url: url.replace(/:(\w+)/g, 'nobody').replace('*', 'nothing'),
    headers,
    remoteAddress,
  });
}

test('every route states who may enter, and only the doors without a key are open', () => {
  const open = server.app.routeTable.routes.filter((route) => route.permission === 'public').map((route) => `${route.method} ${route.url}`);
  expect(open.filter((route) => !route.startsWith('HEAD')).toSorted()).toEqual([
    'GET /acknowledge/:token',
    'GET /acknowledge/style.css',
    'GET /health/live',
    'GET /health/ready',
    'GET /healthz',
    'GET /langsmith/example-attachments/:token',
    'GET /langsmith/feedback/tokens/:token',
    'GET /langsmith/info',
    'GET /langsmith/public/:token/:runs',
    'GET /langsmith/public/:token/datasets',
    'GET /langsmith/public/:token/examples',
    'GET /langsmith/public/:token/examples/count',
    'GET /langsmith/public/:token/run',
    'GET /langsmith/public/:token/run/:run_id',
    'GET /langsmith/public/download',
    'GET /langsmith/v2/public/:token/run/:run_id',
    'GET /livez',
    'GET /public/:token/d',
    'GET /public/:token/r',
    'GET /public/style.css',
    'GET /push/:token',
    'GET /push/:token/:signal',
    'GET /readyz',
    'GET /status',
    'GET /status/badge.svg',
    'GET /status/feed.atom',
    'GET /status/status.json',
    'GET /status/style.css',
    'POST /acknowledge/:token',
    'POST /api/v1/session',
    'POST /langsmith/feedback/tokens/:token',
    'POST /langsmith/public/:token/runs/query',
    'POST /langsmith/v2/public/:token/runs/query',
    'POST /push/:token',
    'POST /push/:token/:signal',
  ]);
});

test('a route that states no permission keeps the server from starting', async () => {
  const careless: Module = { name: 'careless', routes: (app) => void app.get('/open', async () => 'everything') };
  const { state, access, wake } = server;
  await expect(
    buildServer({ state, access, wake, modules: [careless], types: [], log: silentLogger, version: '0', webRoot: null }),
  ).rejects.toThrow(/state no permission.*GET \/api\/v1\/open/);
});

describe('every route', () => {
  test.each(REFUSED)('refuses %s with 401 and the same words', async (who) => {
    const answers = new Set<string>();
    for (const { method, url, permission } of server.app.routeTable.routes) {
      if (permission === 'public') continue;
      const answer = await ask(method, url, who);
      expect([method, url, answer.statusCode]).toEqual([method, url, 401]);
      expect(answer.headers['www-authenticate']).toBe('Bearer realm="muster"');
      // Clients of OpenAI read errors in its shape.
      if (url.startsWith('/openai/'))
        expect(method === 'HEAD' || answer.json().error.type).toBe(method === 'HEAD' || 'authentication_error');
      else if (method !== 'HEAD') answers.add(JSON.stringify({ ...answer.json(), request_id: '' }));
    }
    const expected = await ask('GET', '/api/v1/agents', 'nothing');
    expect([...answers]).toEqual([JSON.stringify({ ...expected.json(), request_id: '' })]);
  });

  test.each([...ROLES, 'metrics only'])('lets %s in where the permission is theirs, and nowhere else', async (who) => {
    const holder = who === 'metrics only' ? { role: 'operator' as const, scopes: ['metrics:read'] } : { role: who as Role, scopes: null };
    for (const { method, url, permission } of server.app.routeTable.routes) {
      const { statusCode } = await ask(method, url, who);
      const may = permission === 'public' || permission === 'signed-in' || (isPermission(permission) && allows(holder, permission));
      // Past the door it may be any answer about the request itself; a request without a body is seldom a good one.
      if (may) expect([method, url, [401, 403, 500].includes(statusCode) ? statusCode : 'in']).toEqual([method, url, 'in']);
      else expect([method, url, statusCode]).toEqual([method, url, 403]);
    }
  });
});

test('the command line knows what scopes there are', () => {
  expect([...SCOPES]).toEqual(server.app.routeTable.permissions.filter((permission) => !permission.startsWith('guests:')));
});

test('what a role includes is its verb', () => {
  const of = (role: Role) => server.app.routeTable.permissions.filter((permission) => allows({ role, scopes: null }, permission));
  expect(of('viewer')).toEqual([
    'agents:read',
    'alerts:read',
    'channels:read',
    'commands:read',
    'escalations:read',
    'events:read',
    'gateway:read',
    'guests:read',
    'hosts:read',
    'implementations:read',
    'incidents:read',
    'maintenance-windows:read',
    'metrics:read',
    'monitors:read',
    'notifications:read',
    'on-call:read',
    'recovery:read',
    'rules:read',
    'silences:read',
    'system-state:read',
    'traces:read',
  ]);
  expect(of('operator').filter((permission) => !of('viewer').includes(permission))).toEqual([
    'agents:write',
    'alerts:write',
    'channels:write',
    'commands:write',
    'escalations:write',
    'gateway:write',
    'guests:write',
    'hosts:write',
    'incidents:write',
    'maintenance-windows:write',
    'metrics:write',
    'monitors:write',
    'notifications:write',
    'on-call:write',
    'recovery:write',
    'rules:write',
    'silences:write',
    'system-state:write',
    'traces:write',
  ]);
  expect(of('administrator').filter((permission) => !of('operator').includes(permission))).toEqual([
    'agents:manage',
    'channels:manage',
    'gateway:manage',
    'implementations:manage',
    'keys:manage',
    'recovery:manage',
    'sign-in-links:manage',
    'traces:manage',
  ]);
});

test('an operator changes the state of an agent, but not its configuration', async () => {
  await server.state.agents.ensure([{ agentId: 'mine', name: 'Mine', type: 'load' }]);
  const patch = (body: object) => server.ask('PATCH', '/agents/mine', { body, headers: credentials['operator'] ?? {} });
  expect((await patch({ state: 'paused' })).statusCode).toBe(200);
  expect((await patch({ config: { a: 1 } })).statusCode).toBe(403);
  expect((await patch({ state: 'active', agent_name: 'Theirs' })).statusCode).toBe(403);
  expect((await server.ask('GET', '/agents/mine')).json()).toMatchObject({ state: 'paused', agent_name: 'Mine' });
});

describe('keys', () => {
  const make = (body: object, headers = bearer('a-bootstrap-key-of-the-tests')) => server.ask('POST', '/keys', { body, headers });

  test('are shown once and stored as a hash', async () => {
    const made = (await make({ name: 'ci', role: 'operator' })).json();
    expect(made.key).toMatch(/^mst_[0-9a-z]{12}_[A-Za-z0-9_-]{43}$/);
    const secret = made.key.slice('mst_000000000000_'.length);
    const { rows } = await server.database.database.query<{ dump: string }>(
      sql`select k::text || encode(k.secret_hash, 'escape') as dump from muster.api_keys k`,
    );
    expect(rows.some((row) => row.dump.includes(secret))).toBe(false);
    expect((await server.ask('GET', '/keys')).body).not.toContain(secret);
    expect((await server.ask('GET', '/session', { headers: bearer(made.key) })).json()).toMatchObject({
      subject: `key:${made.key_id}`,
      role: 'operator',
    });
  });

  test('stop working as soon as they are revoked', async () => {
    const made = (await make({ name: 'short', role: 'viewer' })).json();
    expect((await server.ask('GET', '/agents', { headers: { 'x-api-key': made.key } })).statusCode).toBe(200);
    // As Node gives headers that came twice: clients that are made of two halves send their key so.
    expect((await server.ask('GET', '/agents', { headers: { 'x-api-key': `${made.key}, ${made.key}` } })).statusCode).toBe(200);
    expect((await server.ask('GET', '/agents', { headers: { 'x-api-key': `${made.key}, mst_other` } })).statusCode).toBe(401);
    expect((await server.ask('DELETE', `/keys/${made.key_id}`)).statusCode).toBe(204);
    expect((await server.ask('GET', '/agents', { headers: { 'x-api-key': made.key } })).statusCode).toBe(401);
    expect((await server.ask('DELETE', `/keys/${made.key_id}`)).statusCode).toBe(404);
  });

  test('stop working within a second when they are revoked by another server', async () => {
    const made = (await make({ name: 'elsewhere', role: 'viewer' })).json();
    await server.ask('GET', '/agents', { headers: bearer(made.key) });
    await server.access.revokeKey(made.key_id);
    const { until } = await import('../support/until.ts');
    await until(
      'the key is refused',
      async () => (await server.ask('GET', '/agents', { headers: bearer(made.key) })).statusCode === 401,
      3_000,
    );
  });

  test('note when they were last used', async () => {
    const made = (await make({ name: 'used', role: 'viewer' })).json();
    await server.ask('GET', '/agents', { headers: bearer(made.key) });
    const { until } = await import('../support/until.ts');
    await until('its use is noted', async () => {
      const { items } = (await server.ask('GET', '/keys?limit=1000')).json<{
        items: { key_id: string; last_used_at: string | null }[];
      }>();
      return items.find((key) => key.key_id === made.key_id)?.last_used_at !== null;
    });
  });

  test('cannot give more, or for longer, than their maker has', async () => {
    const scoped = bearer(
      (await make({ name: 'maker', role: 'administrator', scopes: ['keys:manage', 'metrics:read'], expires_at: 'now+1h' })).json().key,
    );
    const tries: readonly (readonly [object, number])[] = [
      [{ name: 'x', role: 'administrator' }, 403],
      [{ name: 'x', role: 'viewer', expires_at: 'now+30m' }, 403],
      [{ name: 'x', role: 'viewer', scopes: ['agents:read'], expires_at: 'now+30m' }, 403],
      [{ name: 'x', role: 'viewer', scopes: ['metrics:read'], expires_at: 'now+2h' }, 403],
      [{ name: 'x', role: 'viewer', scopes: ['metrics:read'] }, 403],
      [{ name: 'x', role: 'viewer', scopes: ['metrics:read'], expires_at: 'now+30m' }, 201],
      [{ name: 'x', role: 'viewer', scopes: ['everything'] }, 422],
      [{ name: 'x', role: 'viewer', expires_at: 'now-1h' }, 403],
      [{ name: 'x', role: 'root' }, 422],
    ];
    for (const [body, status] of tries) expect([body, (await make(body, scoped)).statusCode]).toEqual([body, status]);
    expect((await server.ask('POST', '/sign-in-links', { body: {}, headers: scoped })).statusCode).toBe(403);
  });

  test('confined to projects can only make others that are confined to them', async () => {
    const made = (await make({ name: 'of one', role: 'administrator', projects: ['shop', 'shop'] })).json();
    expect(made.projects).toEqual(['shop']);
    const confined = bearer(made.key);
    const tries: readonly (readonly [object, number])[] = [
      [{ name: 'x', role: 'viewer' }, 403],
      [{ name: 'x', role: 'viewer', projects: ['shop', 'other'] }, 403],
      [{ name: 'x', role: 'viewer', projects: ['shop'] }, 201],
    ];
    for (const [body, status] of tries) expect([body, (await make(body, confined)).statusCode]).toEqual([body, status]);
    expect((await server.ask('POST', '/sign-in-links', { body: {}, headers: confined })).statusCode).toBe(403);
  });
});

test('guesses from one address are refused after twenty, while those who had the right key go on', async () => {
  const key = await server.key('viewer');
  const here = '192.0.2.7';
  const get = (headers: Readonly<Record<string, string>>, remoteAddress = here) =>
    server.app.inject({ url: '/api/v1/agents', headers, remoteAddress });
  expect((await get(bearer(key))).statusCode).toBe(200);
  const statuses = [];
  for (let i = 0; i < 25; i++) statuses.push((await get(bearer(`mst_aaaaaaaaaaaa_${String(i).padStart(43, 'A')}`))).statusCode);
  expect(statuses.filter((status) => status === 401).length).toBe(20);
  const refused = await get(bearer(`mst_aaaaaaaaaaaa_${'B'.repeat(43)}`));
  expect([refused.statusCode, refused.json().code, Number(refused.headers['retry-after']) > 0]).toEqual([429, 'RATE_LIMITED', true]);
  expect((await get(bearer(key))).statusCode).toBe(200);
  expect((await get(bearer(await server.key('viewer')), '192.0.2.8')).statusCode).toBe(200);
});

test('a page left open with an ended session does not lock its own address out', async () => {
  const here = '192.0.2.9';
  const stale = { cookie: `muster_session=${'S'.repeat(43)}` };
  for (let i = 0; i < 100; i++) {
    expect((await server.app.inject({ url: '/api/v1/agents', headers: stale, remoteAddress: here })).statusCode).toBe(401);
  }
  const fresh = await server.app.inject({ url: '/api/v1/agents', headers: bearer(await server.key('viewer')), remoteAddress: here });
  expect(fresh.statusCode).toBe(200);
});
