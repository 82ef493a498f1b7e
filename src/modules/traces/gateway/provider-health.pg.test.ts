import { afterAll, beforeAll, beforeEach, describe, expect, it, test } from 'vitest';
import { testServer, type TestServer } from '../../../../test/server/support/test-server.ts';
import { until } from '../../../../test/support/until.ts';
import { ScriptedProvider, refuse } from '../../../../test/traces/support/scripted-provider.ts';
import { silentLogger } from '../../../base/logger.ts';
import { sql } from '../../../db/sql.ts';
import { createOutbound } from '../../../outbound/index.ts';
import { tracesModule } from '../index.ts';
import type { Ended, FailureReason } from './failure.ts';
import { failingSeconds, ProviderHealth, readHealth, seen, writeSights, type HealthRecord, type Sight } from './provider-health.ts';

const bad = (reason: FailureReason, said: string = reason): Ended => ({ ok: false, reason, said });
const after = (...ends: readonly Ended[]): Sight | undefined =>
  ends.reduce<Sight | undefined>((sight, ended, place) => seen(sight, ended, (place + 1) * 1_000), undefined);

test('failures count in a row, from the first of them, until there is an answer', () => {
  expect(after(bad('failed'), bad('key_refused'))).toMatchObject({ streak: 2, since: 1_000, failedAt: 2_000, reason: 'key_refused' });
  expect(after(bad('failed'), { ok: true })).toMatchObject({ streak: 0, since: null, failedAt: 1_000, answeredAt: 2_000 });
  expect(after(bad('failed'), { ok: true }, bad('over_limit'))).toMatchObject({
    streak: 1,
    since: 3_000,
    counts: { failed: 1, over_limit: 1 },
  });
});

describe('how long a provider fails', () => {
  const record = (of: Partial<HealthRecord>): HealthRecord => ({
    ...seen(undefined, bad(of.reason ?? 'failed'), 10_000),
    name: 'main',
    enabled: true,
    ...of,
  });

  test('is from its first to its last failure: nobody asked it since', () => {
    expect(failingSeconds(record({ failedAt: 40_000 }), 9_000_000)).toEqual({ failed: 30, key_refused: 0, over_limit: 0 });
  });

  test('goes on where it refuses its key, whoever asks', () => {
    expect(failingSeconds(record({ reason: 'key_refused' }), 70_000)).toEqual({ failed: 0, key_refused: 60, over_limit: 0 });
  });

  test('is nothing where it answers, and where it is switched off', () => {
    expect(failingSeconds(record({ since: null }), 70_000)).toMatchObject({ failed: 0 });
    expect(failingSeconds(record({ enabled: false, reason: 'key_refused' }), 70_000)).toMatchObject({ key_refused: 0 });
  });
});

describe('the health of providers', () => {
  let server: TestServer;
  let provider: ScriptedProvider;
  beforeAll(async () => {
    provider = await new ScriptedProvider().open();
    server = await testServer({
      modules: [tracesModule],
      outbound: createOutbound({ allowedNetworks: ['127.0.0.0/8'], allowCommands: false }),
    });
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await provider.close();
  });
  beforeEach(async () => {
    provider.reset();
    await server.ask('DELETE', '/gateway/providers/main');
    const made = await server.ask('PUT', '/gateway/providers/main', { body: { base_url: provider.url, api_key: 'sk-1', kind: 'openai' } });
    expect(made.statusCode).toBe(200);
  });
  const database = () => server.database.database;
  const main = async () => (await readHealth(database())).get('main');
  const health = () => new ProviderHealth({ database: database(), log: silentLogger });

  it('is added up over servers, and an answer to one of them ends the row of failures of all', async () => {
    const [one, other] = [health(), health()];
    one.note('main', bad('failed', 'first'));
    await one.tell();
    const since = (await main())?.since;
    other.note('main', bad('key_refused', 'second'));
    other.note('main', bad('key_refused', 'third'));
    await other.tell();
    expect(await main()).toMatchObject({ streak: 3, since, reason: 'key_refused', said: 'third', counts: { failed: 1, key_refused: 2 } });
    one.note('main', { ok: true });
    one.note('main', bad('over_limit'));
    await one.tell();
    expect(await main()).toMatchObject({ streak: 1, reason: 'over_limit', counts: { failed: 1, key_refused: 2, over_limit: 1 } });
    expect((await main())?.since).toBeGreaterThanOrEqual(since ?? Infinity);
    await Promise.all([one.stop(), other.stop()]);
  });

  it('begins anew with a new key, whatever a server has still to tell of the old one', async () => {
    const told = (said: string, at: number) => writeSights(database(), new Map([['main', seen(undefined, bad('key_refused', said), at)]]));
    await server.ask('PUT', '/gateway/providers/main', { body: { base_url: provider.url, api_key: 'sk-2', kind: 'openai' } });
    await told('the old key', Date.now() - 60_000);
    expect(await main()).toMatchObject({ streak: 0, since: null, said: 'the old key', counts: { key_refused: 1 } });
    await told('the new key', Date.now());
    expect(await main()).toMatchObject({ streak: 1, said: 'the new key' });
  });

  it('is not kept of a provider that is gone', async () => {
    const gone = health();
    gone.note('main', bad('failed'));
    await gone.tell();
    await server.ask('DELETE', '/gateway/providers/main');
    gone.note('main', bad('failed'));
    await gone.stop();
    expect((await database().query(sql`select from muster.gateway_provider_health`)).count).toBe(0);
  });

  it('holds what a provider says, even a character that no text of PostgreSQL may have', async () => {
    await writeSights(database(), new Map([['main', seen(undefined, bad('failed', 'nul \u0000 byte'), 1)]]));
    expect(await main()).toMatchObject({ said: 'nul  byte' });
  });

  it('is told by a test of the provider, too', async () => {
    const state = async () => {
      const { health: shown } = (await server.ask('GET', '/gateway/providers/main')).json<{ health: { state: string } }>();
      return shown;
    };
    expect(await state()).toMatchObject({ state: 'untried', last_failure: null });
    provider.script = refuse(403);
    await server.ask('POST', '/gateway/providers/main/test');
    expect(await state()).toMatchObject({ state: 'failing', failures_in_a_row: 1, last_failure: { reason: 'key_refused' } });
    provider.reset();
    await server.ask('POST', '/gateway/providers/main/test');
    expect(await state()).toMatchObject({ state: 'answering', failures_in_a_row: 0, failures: { key_refused: 1 } });
  });

  it('knows of an answer that broke off after its client had the first of it', async () => {
    provider.script = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: {"choices":[]}\n\n');
      setImmediate(() => response.destroy());
    };
    const base = await server.listen();
    const key = await server.key('operator', { scopes: ['gateway:write'] });
    const answer = await fetch(`${base}/openai/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm', messages: [], stream: true }),
    });
    await answer.text();
    await until('it is told', async () => (await main())?.reason === 'failed');
    expect(await main()).toMatchObject({
      streak: 1,
      counts: { failed: 1 },
      said: expect.stringContaining('the provider broke off within its answer'),
    });
  });
});
