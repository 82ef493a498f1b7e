import { createServer, type AddressInfo } from 'node:net';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HttpServer } from '../../src/server/app.ts';
import type { Module } from '../../src/modules/module.ts';
import { until } from '../support/until.ts';
import { EventReader } from './support/event-reader.ts';
import { bearer, BOOTSTRAP, testServer, type TestServer } from './support/test-server.ts';

const release: (() => void)[] = [];
/** Requests that take as long as the test wants. */
const slow: Module = {
  name: 'slow',
  routes: (app) =>
    void app.get('/slow', { config: { permission: 'signed-in' } }, async () => {
      await new Promise<void>((resolve) => release.push(resolve));
      return { done: true };
    }),
};

describe('a server that stops', () => {
  let server: TestServer;
  let base: string;
  beforeAll(async () => {
    server = await testServer({ modules: [slow] });
    base = await server.listen();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test('takes nothing new, ends event streams, and answers what is under way', async () => {
    const reader = await EventReader.open(base, bearer(BOOTSTRAP));
    const underWay = fetch(`${base}/api/v1/slow`, { headers: bearer(BOOTSTRAP) });
    await until('the request is under way', () => release.length === 1);
    const stopped = server.stop();
    await until('the stream ends', () => reader.ended);
    await until('nothing new is taken', () =>
      fetch(`${base}/livez`).then(
        () => false,
        () => true,
      ),
    );
    release[0]?.();
    expect(await (await underWay).json()).toEqual({ done: true });
    await stopped;
  });
});

test('a request that never ends is cut off at the deadline', async () => {
  await using server = await testServer({ modules: [slow] });
  const http = new HttpServer({ app: server.app, host: '127.0.0.1', port: 0, stopDeadlineMs: 200 });
  await http.start();
  const before = release.length;
  const never = fetch(`http://127.0.0.1:${http.port}/api/v1/slow`, { headers: bearer(BOOTSTRAP) }).catch(() => 'cut off');
  await until('the request is under way', () => release.length > before);
  const started = performance.now();
  await http.stop();
  expect(await never).toBe('cut off');
  expect(performance.now() - started).toBeLessThan(15_000);
});

test('a port that is taken is told, with who has it and what to do', async () => {
  await using server = await testServer();
  const other = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  const { port } = other.address() as AddressInfo;
  try {
    const error = await new HttpServer({ app: server.app, host: '127.0.0.1', port }).start().catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 'PORT_TAKEN',
      message: expect.stringContaining(`port ${port} on 127.0.0.1 is taken`),
      remedy: expect.stringContaining('--port'),
    });
    if (process.platform === 'linux') expect((error as Error).message).toContain(`pid ${process.pid}`);
  } finally {
    await new Promise((resolve) => other.close(resolve));
  }
});

test('an address of another machine is told', async () => {
  await using server = await testServer();
  await expect(new HttpServer({ app: server.app, host: '192.0.2.1', port: 0 }).start()).rejects.toMatchObject({ code: 'ADDRESS_UNUSABLE' });
});

describe('/metrics', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await testServer();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const scrape = (options: { headers?: Record<string, string>; remoteAddress?: string } = {}) =>
    server.app.inject({ url: '/metrics', ...options });

  test('is OpenMetrics, with routes and not paths', async () => {
    await server.ask('GET', '/agents/one-of-many');
    await server.ask('GET', '!/no/such/path');
    const answer = await scrape();
    expect(answer.headers['content-type']).toMatch(/^application\/openmetrics-text; version=1\.0\.0/);
    expect(answer.body).toMatch(/# EOF\n?$/);
    for (const line of [
      /^muster_build_info\{.*version="0\.0\.0-test".*\} 1$/m,
      /^muster_database_up 1$/m,
      /^muster_agents\{state="inactive",status="stopped"\} 8$/m,
      /^muster_database_pool_connections\{pool="main",state="\w+"\} \d+$/m,
      /^muster_http_request_duration_seconds_bucket\{le="0\.\d+",method="GET",route="\/api\/v1\/agents\/:agent_id",status="404"\} \d+$/m,
      /^process_cpu_seconds_total/m,
      /^muster_wake_ups_sent_total \d+$/m,
    ]) {
      expect(answer.body).toMatch(line);
    }
    expect(answer.body).not.toMatch(/one-of-many|no\/such/);
  });

  test('is open on loopback, and to nobody else without a key', async () => {
    expect((await scrape({ remoteAddress: '127.0.0.1' })).statusCode).toBe(200);
    expect((await scrape({ remoteAddress: '::1' })).statusCode).toBe(200);
    expect((await scrape({ remoteAddress: '10.0.0.1' })).statusCode).toBe(401);
    expect((await scrape({ remoteAddress: '10.0.0.1', headers: { 'x-forwarded-for': '127.0.0.1' } })).statusCode).toBe(401);
    // A proxy on this machine makes every client look local.
    expect((await scrape({ remoteAddress: '127.0.0.1', headers: { 'x-forwarded-for': '203.0.113.7' } })).statusCode).toBe(401);
    expect((await scrape({ remoteAddress: '10.0.0.1', headers: bearer(await server.key('viewer')) })).statusCode).toBe(200);
    expect(
      (await scrape({ remoteAddress: '10.0.0.1', headers: bearer(await server.key('viewer', { scopes: ['agents:read'] })) })).statusCode,
    ).toBe(403);
  });
});

describe('the dashboard', () => {
  let folder: string;
  let server: TestServer;
  const page = '<!doctype html><title>Muster</title>';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'muster web '));
    await mkdir(join(folder, 'assets'));
    await writeFile(join(folder, 'index.html'), page);
    await writeFile(join(folder, 'favicon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
    await writeFile(join(folder, 'assets', 'main-abc123.js'), 'console.log(1)');
    await writeFile(join(folder, 'assets', 'main-abc123.js.gz'), gzipSync('console.log(1)'));
    server = await testServer({ webRoot: folder });
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  const open = (url: string, headers: Record<string, string> = { accept: 'text/html,*/*' }) => server.app.inject({ url, headers });

  test.each(['/', '/agents', '/agents/some%20agent', '/agents/my.agent', '/sign-in?token=abc'])(
    '%s is the page, asked for again each time',
    async (url) => {
      const answer = await open(url);
      expect([answer.statusCode, answer.body, answer.headers['cache-control']]).toEqual([200, page, 'no-cache']);
      expect(answer.headers['content-security-policy']).toBe(
        "default-src 'self';img-src 'self' data:;media-src 'self' data:;object-src 'none';base-uri 'none';form-action 'self';frame-ancestors 'none'",
      );
      expect(answer.headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'x-frame-options': 'DENY',
      });
    },
  );

  test('files named by their content are kept for ever, and sent compressed', async () => {
    const answer = await open('/assets/main-abc123.js', { 'accept-encoding': 'gzip' });
    expect(answer.headers).toMatchObject({ 'cache-control': 'public, max-age=31536000, immutable', 'content-encoding': 'gzip' });
    expect((await open('/favicon.svg')).headers['cache-control']).toBe('no-cache');
  });

  test.each(['/assets/gone.js', '/api/v1/nothing', '/api', '/%2e%2e/package.json', '/assets/../../package.json', '/.env', '/main.js.map'])(
    '%s is not',
    async (url) => {
      const answer = await open(url);
      expect([answer.statusCode, answer.headers['content-type']]).toEqual([404, 'application/problem+json; charset=utf-8']);
    },
  );

  test('a program that asks for a page that is none gets a problem, not the page', async () => {
    expect((await open('/agents', { accept: 'application/json' })).statusCode).toBe(404);
  });

  test('without a built dashboard the root says how to get one', async () => {
    await using bare = await testServer();
    const answer = await bare.app.inject({ url: '/', headers: { accept: 'text/html' } });
    expect([answer.statusCode, answer.json().remedy]).toEqual([404, expect.stringContaining('npm run build')]);
  });
});

test('no other origin is let in', async () => {
  await using server = await testServer();
  const answer = await server.app.inject({
    method: 'OPTIONS',
    url: '/api/v1/agents',
    headers: { origin: 'http://evil.example', 'access-control-request-method': 'GET' },
  });
  expect([answer.statusCode, answer.headers['access-control-allow-origin']]).toEqual([405, undefined]);
});
