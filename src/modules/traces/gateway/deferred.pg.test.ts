import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bearer, testServer, type TestServer } from '../../../../test/server/support/test-server.ts';
import { json, refuse, ScriptedProvider, type Script } from '../../../../test/traces/support/scripted-provider.ts';
import { silentLogger } from '../../../base/logger.ts';
import { sql } from '../../../db/sql.ts';
import { createOutbound } from '../../../outbound/index.ts';
import type { Module } from '../../module.ts';
import type { RunOperation } from '../run/operation.ts';
import { priceBookOf } from '../prices/index.ts';
import { BatchApi } from './batch-api.ts';
import { Courier } from './courier.ts';
import { DeferredStore } from './deferred-store.ts';
import { directoryOf } from './directory.ts';
import { addGatewayDoor, addGatewayRoutes, Gateway } from './index.ts';
import { account } from './ledger.ts';

let server: TestServer;
let provider: ScriptedProvider;
let courier: Courier;
let key: string;
const runs: RunOperation[] = [];
const faults: string[] = [];
const intake = {
  submit: async ({ operations }: { readonly operations: readonly RunOperation[] }) => {
    runs.push(...operations);
    return { refused: 0 };
  },
};
const module: Module = {
  name: 'traces',
  migrations: new URL('../migrations/', import.meta.url),
  routes: (app, services) => addGatewayRoutes(app, services),
  doors: (app, services) => addGatewayDoor(app, services, new Gateway(services, intake)),
};

beforeAll(async () => {
  provider = await new ScriptedProvider().open();
  const outbound = createOutbound({ allowedNetworks: ['127.0.0.0/8'], allowCommands: false });
  server = await testServer({ modules: [module], outbound });
  key = await server.key('operator');
  const made = await server.ask('PUT', '/gateway/providers/main', { body: { base_url: provider.url, api_key: 'k', kind: 'openai' } });
  expect(made.statusCode).toBe(200);
  const { state } = server;
  const directory = directoryOf(state, silentLogger);
  courier = new Courier({
    store: new DeferredStore(state.database),
    api: new BatchApi(outbound, new AbortController().signal),
    providers: () => directory.value(),
    intake,
    account: (entries) => account(state.database, entries),
    prices: priceBookOf({ state }),
    log: silentLogger,
    health: { note: (name, ended) => void (ended.ok ? undefined : faults.push(`${name} ${ended.reason}: ${ended.said}`)) },
    waitMs: 0,
  });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await provider.close();
});

const defer = (content: string, headers: Record<string, string> = {}, more: object = {}) =>
  server.app.inject({
    method: 'POST',
    url: '/openai/v1/chat/completions',
    headers: { ...bearer(key), 'content-type': 'application/json', 'x-muster-deferrable': '24h', 'x-muster-project': 'later', ...headers },
    payload: JSON.stringify({ model: 'gpt-4o-mini', messages: [{ role: 'user', content }], ...more }),
  });
const poll = async (id: string, who = key) => server.app.inject({ url: `/openai/v1/muster/deferred/${id}`, headers: bearer(who) });

/** A vendor's batch API: the batch is over when it is asked after for the second time. */
class Batches {
  files = 0;
  asked = 0;
  sent: { custom_id: string; url: string; body: { messages: { content: string }[] } }[] = [];
  readonly script: Script = (got, response) => {
    if (got.method === 'POST' && got.path === '/v1/files') {
      expect(got.text).toContain('name="purpose"\r\n\r\nbatch\r\n');
      this.sent = got.text
        .split(/\r?\n/)
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as (typeof this.sent)[number]);
      this.files += 1;
      return json(response, { id: 'file-in' });
    }
    if (got.method === 'POST' && got.path === '/v1/batches') {
      expect(got.body).toEqual({ input_file_id: 'file-in', endpoint: '/v1/chat/completions', completion_window: '24h' });
      return json(response, { id: 'batch-1', status: 'validating' });
    }
    if (got.path === '/v1/batches/batch-1') {
      this.asked += 1;
      return json(
        response,
        this.asked < 2
          ? { id: 'batch-1', status: 'in_progress' }
          : { id: 'batch-1', status: 'completed', output_file_id: 'file-out', error_file_id: null },
      );
    }
    // The last request has no answer, and somebody wrote a line that is none.
    const answers = this.sent.slice(0, -1).map(({ body, custom_id }) => ({
      custom_id,
      response: {
        status_code: 200,
        body: {
          model: 'gpt-4o-mini',
          choices: [{ index: 0, message: { role: 'assistant', content: `on ${body.messages[0]?.content}` }, finish_reason: 'stop' }],
          usage: { prompt_tokens: 1_000_000, completion_tokens: 0, total_tokens: 1_000_000 },
        },
      },
      error: null,
    }));
    return void response.writeHead(200).end([...answers.map((each) => JSON.stringify(each)), 'garbage', ''].join('\n'));
  };
}

describe('a request that may wait', () => {
  it('goes with others in a batch, and its answer comes back to its key, in the log, and at the price of batches', async () => {
    const batches = new Batches();
    provider.script = batches.script;
    const answers = await Promise.all(['a', 'b', 'c'].map((content) => defer(content)));
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([202, 202, 202]);
    const ids = answers.map((answer) => answer.json<{ id: string }>().id);
    expect(answers[0]?.json()).toMatchObject({
      object: 'muster.deferred',
      status: 'waiting',
      response: null,
      url: `/openai/v1/muster/deferred/${ids[0]}`,
    });
    expect(await courier.send()).toBe(3);
    expect(await courier.send()).toBe(0);
    expect(await courier.collect()).toBe(0);
    expect((await poll(ids[0] ?? '')).json()).toMatchObject({ status: 'in_progress' });
    expect(await courier.collect()).toBe(3);
    expect(await courier.collect()).toBe(0);
    const told = await Promise.all(batches.sent.map(async ({ custom_id }) => (await poll(custom_id)).json()));
    expect(told[0]).toMatchObject({
      status: 'done',
      error: null,
      response: { status_code: 200, body: { choices: [{ message: { content: expect.stringMatching(/^on [abc]$/) } }] } },
    });
    expect(told[2]).toMatchObject({ status: 'failed', response: null, error: { message: expect.stringContaining('holds no answer') } });
    expect(runs.map(({ runId }) => runId).toSorted()).toEqual(ids.toSorted());
    expect(runs.filter(({ error }) => error !== undefined)).toHaveLength(1);
    expect(JSON.parse(runs.find(({ error }) => error === undefined)?.extra ?? '').metadata).toMatchObject({
      muster_batch: true,
      usage_metadata: { total_cost: 0.075 },
    });
    // A million tokens of gpt-4o-mini: 0.15 USD, and half of it in a batch.
    expect((await server.ask('GET', '/gateway/savings?project=later')).json()).toMatchObject({
      cost: '0.15',
      saved: '0.15',
      items: [{ outcome: 'batch', requests: 3, unpriced: 0 }],
    });
  });

  it('is nobody else’s to see', async () => {
    const { id } = (await defer('mine')).json<{ id: string }>();
    expect((await poll(id)).statusCode).toBe(200);
    const other = await poll(id, await server.key('operator'));
    expect([other.statusCode, other.json()]).toEqual([404, { error: expect.objectContaining({ code: 'not_found' }) }]);
    expect((await poll('nonsense')).statusCode).toBe(404);
    await server.database.database.query(sql`delete from muster.gateway_deferred`);
  });

  it('is said to have failed where its provider has no batches, and goes back where it is only busy', async () => {
    provider.script = refuse(503);
    faults.length = 0;
    const { id } = (await defer('x')).json<{ id: string }>();
    expect(await courier.send()).toBe(0);
    expect((await poll(id)).json()).toMatchObject({ status: 'waiting' });
    provider.script = refuse(404, 'no such path');
    expect(await courier.send()).toBe(0);
    expect((await poll(id)).json()).toMatchObject({ status: 'failed', error: { message: expect.stringContaining('no batch API') } });
    // That it has no batches is no fault of a provider.
    expect(faults).toEqual([expect.stringMatching(/^main failed: main answered 503 to POST \/files/)]);
  });

  it('ends with its time, and is taken again where its host has gone', async () => {
    provider.script = new Batches().script;
    const { id } = (await defer('late')).json<{ id: string }>();
    await server.database.database.query(
      sql`update muster.gateway_deferred set deadline = clock_timestamp() - interval '1 second' where id = ${id}`,
    );
    await courier.send();
    expect((await poll(id)).json()).toMatchObject({ status: 'failed', error: { message: expect.stringContaining('within its time') } });
    const left = (await defer('left')).json<{ id: string }>().id;
    const store = new DeferredStore(server.database.database);
    expect((await store.take(0)).map((each) => each.id)).toEqual([left]);
    expect(await store.take(0)).toEqual([]);
    await server.database.database.query(
      sql`update muster.gateway_deferred set changed_at = clock_timestamp() - interval '11 minutes' where id = ${left}`,
    );
    expect((await store.take(0)).map((each) => each.id)).toEqual([left]);
  });

  it('cannot stream, nor wait for no time', async () => {
    expect((await defer('x', {}, { stream: true })).statusCode).toBe(422);
    expect((await defer('x', { 'x-muster-deferrable': 'soon' })).statusCode).toBe(422);
  });
});
