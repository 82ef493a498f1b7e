import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtInModules } from '../../src/modules/built-in.ts';
import { sql } from '../../src/db/sql.ts';
import { createOutbound } from '../../src/outbound/index.ts';
import { bearer, testServer, type TestServer } from '../server/support/test-server.ts';

let server: TestServer;

beforeAll(async () => {
  const outbound = createOutbound({ allowedNetworks: ['127.0.0.0/8'], allowCommands: false }, async (host) =>
    host === 'innocent.example' ? [{ address: '10.0.0.1', family: 4 }] : [{ address: '93.184.216.34', family: 4 }],
  );
  server = await testServer({ modules: builtInModules, outbound });
});
afterAll(() => server[Symbol.asyncDispose]());

const made = async (body: Readonly<Record<string, unknown>>) => {
  const answer = await server.ask('POST', '/channels', { body });
  return { status: answer.statusCode, ...answer.json<Record<string, unknown>>() };
};

describe('POST /channels', () => {
  it('makes a channel whose secret is never shown again', async () => {
    const answer = await server.ask('POST', '/channels', {
      body: { name: 'ops', type: 'webhook', url: 'http://127.0.0.1:9/hook', secret: 'a secret of mine' },
    });
    expect(answer.statusCode).toBe(201);
    expect(answer.headers.location).toBe('/api/v1/channels/ops');
    expect(answer.json()).toMatchObject({
      name: 'ops',
      type: 'webhook',
      target: 'http://127.0.0.1:9/hook',
      settings: { url: 'http://127.0.0.1:9/hook' },
      sealed: true,
      health: { state: 'unknown' },
      waiting: 0,
    });
    for (const path of ['/channels', '/channels/ops']) expect((await server.ask('GET', path)).body).not.toContain('a secret of mine');
    expect(answer.body).not.toContain('a secret of mine');
    const stored = await server.database.database.one<{ all: string }>(
      sql`select c::text as all from muster.channels c where name = 'ops'`,
    );
    expect(stored?.all).not.toContain('a secret of mine');
  });

  it('makes a secret for a webhook that has none, and shows it once', async () => {
    const created = await made({ name: 'unsigned', type: 'webhook', url: 'https://hooks.example/x' });
    expect(created).toMatchObject({ status: 201, made: { secret: expect.any(String) } });
    expect((created as unknown as { made: { secret: string } }).made.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect((await server.ask('GET', '/channels/unsigned')).json()).not.toHaveProperty('made');
  });

  it.each([
    ['an address inside', { type: 'webhook', url: 'http://10.0.0.1/' }, 'OUTBOUND_REFUSED'],
    ['a public name that leads inside', { type: 'slack', url: 'https://innocent.example/services/x' }, 'OUTBOUND_REFUSED'],
    ['plain HTTP to a public name', { type: 'discord', url: 'http://hooks.example/x' }, 'OUTBOUND_REFUSED'],
    [
      'mail in clear to a public server',
      { type: 'smtp', host: 'mail.example', tls: 'none', from: 'a@b.c', to: ['d@e.f'] },
      'OUTBOUND_REFUSED',
    ],
    ['an address of another kind', { type: 'webhook', url: 'file:///etc/passwd' }, 'INVALID_INPUT'],
    ['a setting that is not known', { type: 'ntfy', topic: 'x', priority: 5 }, 'INVALID_INPUT'],
    ['a setting that is missing', { type: 'telegram', chat_id: 5 }, 'INVALID_INPUT'],
    ['a type that is not known', { type: 'pigeon' }, 'INVALID_INPUT'],
    [
      'a header that breaks out',
      { type: 'webhook', url: 'https://hooks.example/', headers: { 'x-a': 'b', 'x\r\ny': 'c' } },
      'INVALID_INPUT',
    ],
  ])('refuses %s', async (_, settings, code) => {
    expect(await made({ name: 'refused', ...settings })).toMatchObject({ status: 422, code });
  });

  it('refuses a second one of the same name', async () => {
    const body = { name: 'twice', type: 'ntfy', topic: 'alerts' };
    expect((await made(body)).status).toBe(201);
    expect(await made(body)).toMatchObject({ status: 409, code: 'CONFLICT' });
  });

  it('is for administrators', async () => {
    const headers = bearer(await server.key('operator'));
    const answer = await server.ask('POST', '/channels', { headers, body: { name: 'x', type: 'ntfy', topic: 'x' } });
    expect(answer.statusCode).toBe(403);
  });
});

it('a channel is changed, keeps the secrets that are not given, and is removed with what waits for it', async () => {
  await made({ name: 'mail', type: 'smtp', host: 'mail.example', username: 'u', password: 'hidden', from: 'a@b.c', to: ['d@e.f'] });
  const changed = await server.ask('PATCH', '/channels/mail', { body: { to: ['g@h.i'], username: null, enabled: false } });
  expect(changed.json()).toMatchObject({
    enabled: false,
    target: 'g@h.i',
    sealed: true,
    revision: 2,
    settings: { host: 'mail.example', port: 587 },
  });
  expect(changed.json().settings).not.toHaveProperty('username');
  expect((await server.ask('PATCH', '/channels/mail', { body: { port: 'many' } })).statusCode).toBe(422);
  expect((await server.ask('PATCH', '/channels/nobody', { body: {} })).statusCode).toBe(404);

  const tested = (await server.ask('POST', '/channels/mail/test')).json<{ notification_id: string; state: string }>();
  expect(tested).toMatchObject({ channel: 'mail', kind: 'test', state: 'pending', attempts: 0, ledger: [] });
  expect((await server.ask('GET', '/notifications?channel=mail&state=pending')).json().items).toHaveLength(1);
  expect((await server.ask('DELETE', '/channels/mail')).statusCode).toBe(204);
  expect((await server.ask('DELETE', '/channels/mail')).statusCode).toBe(404);
  const { notification_id: id } = tested;
  expect((await server.ask('GET', `/notifications/${id}`)).json()).toMatchObject({
    state: 'cancelled',
    last_error: 'the channel was removed',
  });
  expect((await server.ask('POST', `/notifications/${id}/retry`)).json()).toMatchObject({ code: 'CONFLICT' });
});

it('notifications are listed a page at a time, newest first, and one that was given up can be tried again', async () => {
  await made({ name: 'paged', type: 'ntfy', topic: 'x' });
  for (let n = 0; n < 5; n += 1) await server.ask('POST', '/channels/paged/test');
  const first = (await server.ask('GET', '/notifications?channel=paged&limit=3')).json();
  const second = (await server.ask('GET', `/notifications?channel=paged&limit=3&cursor=${first.next_cursor}`)).json();
  const ids = [...first.items, ...second.items].map(({ notification_id: id }) => id as string);
  expect([first.items.length, second.items.length, second.next_cursor, new Set(ids).size]).toEqual([3, 2, null, 5]);
  await server.database.database.query(sql`update muster.notifications set state = 'failed' where notification_id = ${ids[0]}`);
  const again = await server.ask('POST', `/notifications/${ids[0]}/retry`);
  expect([again.statusCode, again.json().state]).toEqual([202, 'pending']);
});
