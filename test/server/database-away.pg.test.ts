import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PostgresAdapter } from '../../src/db/adapter.ts';
import { startProxy, throughProxy, type Proxy } from '../support/proxy.ts';
import { testDatabase, type TestDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';
import { createAccess } from '../../src/state/access.ts';
import { createSharedState } from '../../src/state/create-shared-state.ts';
import { EventReader } from './support/event-reader.ts';
import { bearer, BOOTSTRAP, testServer, type TestServer } from './support/test-server.ts';

/** A server whose database can be taken away. */
let original: TestDatabase;
let proxy: Proxy;
let adapter: PostgresAdapter;
let server: TestServer;
let base: string;

beforeAll(async () => {
  original = await testDatabase();
  const { hostname, port } = new URL(original.url);
  proxy = await startProxy({ host: hostname, port: Number(port) });
  adapter = new PostgresAdapter({
    url: throughProxy(original.url, proxy),
    poolMax: 5,
    poolMin: 0,
    connectTimeoutMs: 1_500,
    queryTimeoutMs: 2_500,
    statementTimeoutMs: 2_000,
  });
  server = await testServer({ state: createSharedState(adapter), access: createAccess(adapter) });
  base = await server.listen();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await adapter.stop();
  await proxy[Symbol.asyncDispose]();
  await original[Symbol.asyncDispose]();
});

const get = (path: string, headers: Readonly<Record<string, string>> = bearer(BOOTSTRAP)) => fetch(`${base}${path}`, { headers });

describe('while the database does not answer', () => {
  test('requests get 503 with Retry-After, probes tell, sign-in does not say "wrong", and everything comes back', async () => {
    const key = await server.key('viewer');
    expect((await get('/api/v1/agents')).status).toBe(200);
    expect((await get('/readyz')).status).toBe(200);
    proxy.blackHole();
    await until('it is not ready', async () => (await get('/readyz')).status === 503);
    const reason = (await (await get('/readyz')).json()) as { checks: { database: string } };
    expect(reason.checks.database).toMatch(/^DATABASE_/);
    expect(JSON.stringify(reason)).not.toMatch(/127\.0\.0\.1|password|postgres:/);
    expect((await get('/livez')).status).toBe(200);

    for (const path of [
      '/api/v1/agents',
      '/api/v1/agents/x',
      '/api/v1/system-state',
      '/api/v1/metrics/latest',
      '/api/v1/health',
      '/api/v1/events',
    ]) {
      const answer = await get(path);
      const problem = (await answer.json()) as { code: string };
      expect([path, answer.status, problem.code]).toEqual([path, 503, expect.stringMatching(/^DATABASE_/)]);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    // A key that cannot be looked up is neither right nor wrong.
    expect((await get('/api/v1/agents', bearer(key))).status).toBe(503);
    expect(
      (
        await fetch(`${base}/api/v1/session`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ key }),
        })
      ).status,
    ).toBe(503);
    // What the process itself knows is still told.
    expect((await get('/api/v1/version')).status).toBe(200);
    expect(await (await get('/metrics')).text()).toContain('muster_database_up 0');

    proxy.heal();
    await until('it is ready again', async () => (await get('/readyz')).status === 200);
    expect((await get('/api/v1/agents')).status).toBe(200);
    expect((await get('/api/v1/agents', bearer(key))).status).toBe(200);
  }, 180_000);

  test('an event stream stays open, and goes on without loss', async () => {
    await using reader = await EventReader.open(base, bearer(BOOTSTRAP));
    await until('it has a place', () => reader.lastId !== '');
    proxy.cut();
    proxy.blackHole();
    await createSharedState(original.database).events.append([{ type: 'test:happened', data: { while: 'away' } }]);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect([reader.ended, reader.messages.length]).toEqual([false, 0]);
    proxy.cut();
    proxy.heal();
    await until('the event arrives', () => reader.messages.length === 1);
    expect(reader.messages[0]?.data.data).toEqual({ while: 'away' });
  }, 180_000);
});
