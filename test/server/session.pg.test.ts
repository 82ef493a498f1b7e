import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import { createSignInLink } from '../../src/server/access/sign-in-link.ts';
import { bearer, BOOTSTRAP, testServer, type TestServer } from './support/test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server[Symbol.asyncDispose]());

const signIn = (body: object, headers: Readonly<Record<string, string>> = {}) => server.ask('POST', '/session', { body, headers });
const link = async (role: 'viewer' | 'administrator' = 'administrator') =>
  (await createSignInLink(server.access, { role, createdBy: 'test' })).token;
const cookieOf = (answer: { readonly headers: Readonly<Record<string, unknown>> }) =>
  String(answer.headers['set-cookie']).split(';', 1)[0] ?? '';
const who = (cookie: string) => server.ask('GET', '/session', { headers: { cookie } });

describe('a sign-in link', () => {
  test('opens one session, whose cookie no script and no other site can use', async () => {
    const token = await link();
    const first = await signIn({ token });
    expect([first.statusCode, first.json().role]).toEqual([201, 'administrator']);
    expect(first.headers['set-cookie']).toMatch(/^muster_session=[A-Za-z0-9_-]{43}; Max-Age=604800; Path=\/; HttpOnly; SameSite=Strict$/);
    expect((await who(cookieOf(first))).json().permissions).toContain('keys:manage');
    const second = await signIn({ token });
    expect([second.statusCode, second.json().code]).toEqual([401, 'UNAUTHENTICATED']);
  });

  test('works once, however many try at the same time', async () => {
    const token = await link();
    const statuses = (await Promise.all(Array.from({ length: 8 }, () => signIn({ token })))).map((answer) => answer.statusCode);
    expect(statuses.filter((status) => status === 201).length).toBe(1);
  });

  test('stops working after 15 minutes', async () => {
    const token = await link();
    const { rows } = await server.database.database.query<{ minutes: number }>(sql`
      select extract(epoch from expires_at - created_at)::float8 / 60 as minutes from muster.sign_in_links order by created_at desc limit 1`);
    expect(rows[0]?.minutes).toBe(15);
    await server.database.database.query(sql`update muster.sign_in_links set expires_at = now() - interval '1 second'`);
    expect((await signIn({ token })).statusCode).toBe(401);
  });

  test('is stored as a hash', async () => {
    const token = await link();
    const { rows } = await server.database.database.query<{ dump: string }>(
      sql`select l::text || encode(token_hash, 'base64') as dump from muster.sign_in_links l`,
    );
    expect(rows.some((row) => row.dump.includes(token))).toBe(false);
  });

  test('is made by an administrator through the API', async () => {
    const made = (await server.ask('POST', '/sign-in-links', { body: { role: 'viewer' } })).json();
    expect(new URL(made.url).pathname).toBe('/sign-in');
    expect((await signIn({ token: new URL(made.url).searchParams.get('token') })).json()).toMatchObject({ role: 'viewer' });
  });
});

describe('a session', () => {
  test('gets a new identity at every sign-in, and ends the one before', async () => {
    const first = cookieOf(await signIn({ token: await link() }));
    const second = cookieOf(await signIn({ token: await link() }, { cookie: first }));
    expect(second).not.toBe(first);
    await forgetTrust();
    expect((await who(first)).statusCode).toBe(401);
    expect((await who(second)).statusCode).toBe(200);
  });

  test('is not one that somebody else chose', async () => {
    const fixed = `muster_session=${'F'.repeat(43)}`;
    const answer = await signIn({ token: await link() }, { cookie: fixed });
    expect(cookieOf(answer)).not.toBe(fixed);
    expect((await who(fixed)).statusCode).toBe(401);
  });

  test('ends at sign-out', async () => {
    const cookie = cookieOf(await signIn({ token: await link() }));
    const out = await server.ask('DELETE', '/session', { headers: { cookie, 'sec-fetch-site': 'same-origin' } });
    expect([out.statusCode, String(out.headers['set-cookie'])]).toEqual([204, expect.stringContaining('muster_session=;')]);
    expect((await who(cookie)).statusCode).toBe(401);
  });

  test.each([
    ['idle for 12 hours', sql`update muster.sessions set last_seen_at = now() - interval '12 hours 1 second'`],
    ['7 days old', sql`update muster.sessions set expires_at = now()`],
  ])('ends when it is %s', async (_, age) => {
    const cookie = cookieOf(await signIn({ token: await link() }));
    await server.database.database.query(age);
    await forgetTrust();
    expect((await who(cookie)).statusCode).toBe(401);
  });

  test('opened with a key has its rights, and ends with it', async () => {
    const key = await server.key('operator', { scopes: ['agents:read'] });
    const cookie = cookieOf(await signIn({ key }));
    expect((await who(cookie)).json()).toMatchObject({ role: 'operator', permissions: ['agents:read'] });
    await server.ask('DELETE', `/keys/${key.split('_')[1]}`);
    expect((await who(cookie)).statusCode).toBe(401);
  });

  test('opened with the bootstrap key ends when a server has it no more', async () => {
    const cookie = cookieOf(await signIn({ key: BOOTSTRAP }));
    expect((await who(cookie)).json()).toMatchObject({ subject: 'bootstrap', role: 'administrator' });
    await using other = await otherServer('another-bootstrap-key');
    expect((await other.app.inject({ url: '/api/v1/session', headers: { cookie } })).statusCode).toBe(401);
  });

  test('writes only from a page of this very server', async () => {
    const cookie = cookieOf(await signIn({ token: await link() }));
    const write = async (headers: Readonly<Record<string, string>>) =>
      (
        await server.app.inject({
          method: 'PUT',
          url: '/api/v1/system-state/x',
          headers: { cookie, host: 'localhost:4680', ...headers },
          payload: { value: 1 },
        })
      ).statusCode;
    expect(await write({})).toBe(403);
    expect(await write({ 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(await write({ 'sec-fetch-site': 'same-site' })).toBe(403);
    expect(await write({ 'sec-fetch-site': 'none' })).toBe(403);
    expect(await write({ origin: 'http://evil.example' })).toBe(403);
    expect(await write({ origin: 'null' })).toBe(403);
    expect(await write({ origin: 'http://localhost:9999' })).toBe(403);
    expect(await write({ origin: 'http://localhost:4680' })).toBe(200);
    expect(await write({ 'sec-fetch-site': 'same-origin' })).toBe(200);
    expect(await write({ origin: 'http://evil.example', ...bearer(BOOTSTRAP) })).toBe(200);
  });

  test('is not opened from a page of a stranger', async () => {
    const token = await link();
    expect((await signIn({ token }, { origin: 'http://evil.example' })).statusCode).toBe(403);
    expect((await signIn({ token })).statusCode).toBe(201);
  });
});

test('a wrong token, a wrong key and a used link answer alike', async () => {
  const used = await link();
  await signIn({ token: used });
  const bodies = [];
  for (const body of [
    { token: used },
    { token: 'A'.repeat(43) },
    { token: 'x' },
    { key: 'mst_x' },
    { key: `mst_aaaaaaaaaaaa_${'A'.repeat(43)}` },
  ]) {
    const answer = await signIn(body);
    bodies.push(JSON.stringify({ ...answer.json(), request_id: '' }));
  }
  expect(new Set(bodies).size).toBe(1);
});

test('behind a proxy that ends TLS, cookies are Secure and bound to the host', async () => {
  await using secure = await testServer({ publicUrl: 'https://muster.example' });
  const { token } = await createSignInLink(secure.access, { createdBy: 'test' });
  const answer = await secure.app.inject({
    method: 'POST',
    url: '/api/v1/session',
    payload: { token },
    headers: { host: 'muster.example' },
  });
  expect(answer.headers['set-cookie']).toMatch(/^__Host-muster_session=.*; HttpOnly; Secure; SameSite=Strict$/);
  expect(answer.headers['strict-transport-security']).toContain('max-age=31536000');
});

test('a bootstrap key that is too short, or cannot be sent, is told at once', async () => {
  for (const [key, words] of [
    ['short', /12 or more/],
    ['a key with a space', /space/],
  ] as const) {
    await expect(otherServer(key)).rejects.toThrow(words);
  }
});

/** Another server on the same database. */
async function otherServer(bootstrapKey: string) {
  const { buildServer } = await import('../../src/server/app.ts');
  const { silentLogger } = await import('../../src/base/logger.ts');
  const { state, access, wake } = server;
  const app = await buildServer({
    state,
    access,
    wake,
    modules: [],
    types: [],
    log: silentLogger,
    version: '0',
    webRoot: null,
    bootstrapKey,
  });
  return { app, [Symbol.asyncDispose]: () => app.close() };
}

/** A credential is taken on trust for a second; whoever revokes one elsewhere waits for that. */
async function forgetTrust(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 1_050));
}
