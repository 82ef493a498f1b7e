import OpenAI from 'openai';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { testServer, type TestServer } from '../../../../test/server/support/test-server.ts';
import { until } from '../../../../test/support/until.ts';
import { json, refuse, ScriptedProvider, speak, type Script } from '../../../../test/traces/support/scripted-provider.ts';
import { silentLogger } from '../../../base/logger.ts';
import { sql } from '../../../db/sql.ts';
import { createOutbound } from '../../../outbound/index.ts';
import type { Module } from '../../module.ts';
import type { Submission } from '../intake/intake.ts';
import type { RunOperation } from '../run/operation.ts';
import { readTally } from '../settings/index.ts';
import { AnswerStore, type NewAnswer } from './answer-store.ts';
import { Gate } from './gate.ts';
import { addGatewayDoor, addGatewayRoutes, calibrate, Gateway } from './index.ts';
import { account, Ledger, type Entry } from './ledger.ts';
import { LimitStore } from './limit-store.ts';
import { Losses } from './losses.ts';

let server: TestServer;
let base: string;
let provider: ScriptedProvider;
let key: string;
const runs: RunOperation[] = [];
let gateway: Gateway;
const module: Module = {
  name: 'traces',
  migrations: new URL('../migrations/', import.meta.url),
  routes: (app, services) => addGatewayRoutes(app, services),
  doors(app, services) {
    gateway = new Gateway(services, {
      submit: async ({ operations }: Submission) => {
        runs.push(...operations);
        return { refused: 0 };
      },
    });
    addGatewayDoor(app, services, gateway);
  },
};

beforeAll(async () => {
  provider = await new ScriptedProvider().open();
  server = await testServer({ modules: [module], outbound: createOutbound({ allowedNetworks: ['127.0.0.0/8'], allowCommands: false }) });
  base = await server.listen();
  key = await server.key('operator', { scopes: ['gateway:write'] });
  const made = await server.ask('PUT', '/gateway/providers/main', { body: { base_url: provider.url, api_key: 'k', kind: 'openai' } });
  expect(made.statusCode).toBe(200);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await provider.close();
});
afterEach(async () => {
  provider.reset();
  await gateway.settled();
  await until('all is logged', () => gateway.runs.counts.waiting === 0);
  runs.length = 0;
  await server.ask('DELETE', '/gateway/answers');
});

const client = (headers: Record<string, string> = {}, apiKey = key): OpenAI =>
  new OpenAI({ baseURL: `${base}/openai/v1`, apiKey, defaultHeaders: headers, maxRetries: 0 });
const fixed = (content: string) => ({ model: 'gpt-4o-mini', temperature: 0, messages: [{ role: 'user' as const, content }] });
const say = async (content: string, headers: Record<string, string> = {}, apiKey = key) => {
  const { data, response } = await client(headers, apiKey).chat.completions.create(fixed(content)).withResponse();
  return { text: data.choices[0]?.message.content, cache: response.headers.get('x-muster-cache'), usage: data.usage };
};
const stream = async (
  content: string,
  options: object = {},
): Promise<{ text: string; usage: number | undefined; cache: string | null }> => {
  const { data, response } = await client()
    .chat.completions.create({ ...fixed(content), stream: true, ...options })
    .withResponse();
  let text = '';
  let usage: number | undefined;
  for await (const chunk of data) {
    text += chunk.choices[0]?.delta.content ?? '';
    usage = chunk.usage?.total_tokens ?? usage;
  }
  return { text, usage, cache: response.headers.get('x-muster-cache') };
};
const kept = async (count: number): Promise<void> =>
  until('the answer is kept', async () => {
    const row = await server.database.database.one<{ n: number }>(sql`select count(*)::int as n from muster.gateway_answers`);
    return row?.n === count;
  });
const savingsOf = async (
  project: string,
): Promise<{
  cost: string;
  saved: string;
  items: { outcome: string; requests: number; saved: string }[];
  days: { day: string; requests: number }[];
}> => (await server.ask('GET', `/gateway/savings?project=${project}`)).json();

const nameOf = (name: string): Buffer => Buffer.from(name.padEnd(16));
const answerOf = (name: string, body: Buffer, sinceMs = 0): NewAnswer => ({
  key: nameOf(name),
  project: 'p',
  keyId: null,
  face: 'chat',
  provider: 'main',
  priceProvider: null,
  model: 'm',
  isStream: false,
  contentType: 'application/json',
  body,
  ttlMs: 60_000,
  sinceMs,
});

describe('an answer that is kept', () => {
  it('is given again without the provider, whole or as a stream, and said to be', async () => {
    provider.script = speak('the same words');
    expect(await say('a')).toMatchObject({ text: 'the same words', cache: 'miss' });
    await kept(1);
    provider.script = refuse(500);
    expect(await say('a')).toMatchObject({ text: 'the same words', cache: 'exact', usage: { total_tokens: 12 } });
    expect(await stream('a')).toEqual({ text: 'the same words', usage: undefined, cache: 'exact' });
    expect(await stream('a', { stream_options: { include_usage: true } })).toEqual({ text: 'the same words', usage: 12, cache: 'exact' });
    expect(provider.requests).toHaveLength(1);
    await until('all are logged', () => runs.length === 4);
    const metadata = JSON.parse(runs[1]?.extra ?? '{}').metadata;
    expect(metadata).toMatchObject({ muster_cache: 'exact', usage_metadata: { input_tokens: 9, output_tokens: 3, total_cost: 0 } });
    expect(Number(metadata.muster_saved_usd)).toBeGreaterThan(0);
  });

  it('that was streamed is given whole, and byte for byte as a stream', async () => {
    provider.script = speak('streamed words');
    expect(await stream('b')).toMatchObject({ text: 'streamed words', cache: 'miss' });
    await kept(1);
    provider.script = refuse(500);
    expect(await say('b')).toMatchObject({ text: 'streamed words', cache: 'exact' });
    expect(await stream('b')).toMatchObject({ text: 'streamed words', cache: 'exact' });
  });

  it('is for its project alone, for its time, and not against the client’s will', async () => {
    provider.script = speak('first');
    await say('c', { 'x-muster-cache': 'ttl=1h' });
    await kept(1);
    provider.script = speak('second');
    expect(await say('c', { 'x-muster-project': 'other' })).toMatchObject({ text: 'second', cache: 'miss' });
    expect(await say('c', { 'x-muster-cache': 'no-store' })).toMatchObject({ text: 'second', cache: 'off' });
    expect(await say('c')).toMatchObject({ text: 'first', cache: 'exact' });
    // Behind the back of the server, which believes for a second what it has read. Who asked first takes what is an hour old, another half a minute.
    await server.database.database.query(sql`update muster.gateway_answers set answered_at = answered_at - interval '1 minute'`);
    await until('it is seen to be older', async () => (await say('c', { 'x-muster-cache': 'ttl=30s' })).text === 'second');
    await until('the young one is kept', async () => (await say('c')).text === 'second');
    provider.script = speak('third');
    await server.database.database.query(sql`update muster.gateway_answers set expires_at = clock_timestamp() - interval '1 second'`);
    await until('it has expired', async () => (await say('c')).text === 'third');
    provider.script = speak('fourth');
    expect(await say('c', { 'x-muster-cache': 'refresh' })).toMatchObject({ text: 'fourth', cache: 'miss' });
    await until('the new one is kept', async () => (await say('c')).text === 'fourth');
  });

  it('is never one that failed, broke off or was random', async () => {
    provider.next.push(refuse(400), (_, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end('{"half":'));
    await expect(say('d')).rejects.toThrow();
    await client()
      .chat.completions.create(fixed('d'))
      .asResponse()
      .then((answer) => answer.text());
    await client().chat.completions.create({ ...fixed('d'), temperature: 1 });
    await until('all are logged', () => runs.length === 3);
    expect(await say('d')).toMatchObject({ cache: 'miss' });
  });

  it('is the last of two that are kept at the same time, in whatever order', async () => {
    const store = new AnswerStore(server.database.database);
    const put = (text: string, sinceMs: number): Promise<void> => store.put(answerOf('both', Buffer.from(text), sinceMs));
    await put('newer', 1_000);
    await put('older', 2_000);
    expect((await store.get(nameOf('both')))?.body.toString()).toBe('newer');
    await put('newest', 0);
    expect((await store.get(nameOf('both')))?.body.toString()).toBe('newest');
  });

  it('goes when there is too much, what was used longest ago first', async () => {
    const store = new AnswerStore(server.database.database);
    for (const [place, name] of ['old', 'used', 'new'].entries()) await store.put(answerOf(name, Buffer.alloc(100 + place)));
    await store.touch(new Map([[nameOf('used').toString('base64'), 2]]));
    await store.prune(210);
    const { rows } = await server.database.database.query<{ key: Buffer; hits: number }>(sql`select key, hits from muster.gateway_answers`);
    expect(new Map(rows.map(({ hits, key: name }) => [name.toString().trim(), hits]))).toEqual(
      new Map([
        ['new', 0],
        ['used', 2],
      ]),
    );
  });
});

describe('requests that are the same at the same time', () => {
  it('are one request, also within its stream', async () => {
    provider.script = speak('slow and shared words', { pauseMs: 300 });
    const answers = await Promise.all([stream('e'), stream('e'), stream('e')]);
    expect(answers.map(({ text }) => text)).toEqual(Array.from({ length: 3 }, () => 'slow and shared words'));
    expect(answers.map(({ cache }) => cache).filter((cache) => cache === 'coalesced')).toHaveLength(2);
    expect(provider.requests).toHaveLength(1);
  });

  it('do not share a failure', async () => {
    provider.next.push(async (got, response) => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      return refuse(400)(got, response);
    });
    const [first, second] = await Promise.allSettled([say('f'), say('f')]);
    expect([first.status, second.status].toSorted()).toEqual(['fulfilled', 'rejected']);
  });
});

describe('an answer to nearly the same question', () => {
  /** Questions about Rome lie close together, and far from those about Oslo. */
  const MEANINGS: Readonly<Record<string, readonly number[]>> = {
    'capital of Italy?': [1, 0, 0.05],
    'Which city is the capital of Italy?': [1, 0.05, 0],
    'capital of Norway?': [0, 1, 0],
    'Which city is not the capital of Italy?': [1, 0.05, 0],
  };
  const script: Script = (got, response) => {
    if (!got.path.endsWith('/embeddings')) return speak('Rome')(got, response);
    const inputs = got.body['input'] as readonly string[];
    return json(response, {
      model: 'text-embedding-3-small',
      data: inputs.map((text, index) => ({ index, embedding: MEANINGS[text] ?? [0, 0, 1] })),
      usage: { prompt_tokens: 1_000, total_tokens: 1_000 },
    });
  };
  const put = (similar: string | null) =>
    server.ask('PUT', '/gateway/providers/main', {
      body: { base_url: provider.url, kind: 'openai', settings: { cache: { similar_model: similar } } },
    });

  it('is given to who opts in, from the threshold on, and what it cost to know is paid', async () => {
    expect((await put('text-embedding-3-small')).statusCode).toBe(200);
    provider.script = script;
    const project = { 'x-muster-project': 'similar', 'x-muster-cache': 'semantic' };
    expect(await say('capital of Italy?', project)).toMatchObject({ text: 'Rome', cache: 'miss' });
    await until('its meaning is kept', async () => {
      const row = await server.database.database.one<{ n: number }>(sql`select count(*)::int as n from muster.gateway_vectors`);
      return row?.n === 1;
    });
    expect(await say('Which city is the capital of Italy?', project)).toMatchObject({ text: 'Rome', cache: 'semantic' });
    expect(await say('capital of Norway?', project)).toMatchObject({ cache: 'miss' });
    expect(await say('Which city is not the capital of Italy?', project)).toMatchObject({ cache: 'miss' });
    expect(await say('Which city is the capital of Italy?', { ...project, 'x-muster-cache': 'semantic=0.9999' })).toMatchObject({
      cache: 'miss',
    });
    await until(
      'all are accounted for',
      async () => (await savingsOf('similar')).items.reduce((sum, { requests }) => sum + requests, 0) === 5,
    );
    const { items } = await savingsOf('similar');
    // 1,000 tokens at 0.02 USD a million, more than the nine tokens and one word saved would have cost: nothing is claimed.
    expect(items.find(({ outcome }) => outcome === 'semantic')).toMatchObject({ requests: 1, cost: '0.00002', saved: '0' });
  });

  it('is refused to who asks for it where nothing can tell what is similar, and not missed where the model fails', async () => {
    expect((await put('text-embedding-3-small')).statusCode).toBe(200);
    provider.script = (got, response) => (got.path.endsWith('/embeddings') ? refuse(400)(got, response) : speak('anyway')(got, response));
    expect(await say('k', { 'x-muster-cache': 'semantic' })).toMatchObject({ text: 'anyway', cache: 'miss' });
    expect((await put(null)).statusCode).toBe(200);
    await expect(say('l', { 'x-muster-cache': 'semantic' })).rejects.toMatchObject({ status: 422, param: 'x-muster-cache' });
  });

  it('has its threshold measured over pairs', async () => {
    provider.script = script;
    const pairs = [
      { a: 'capital of Italy?', b: 'Which city is the capital of Italy?', same: true },
      { a: 'capital of Italy?', b: 'capital of Norway?', same: false },
      { a: 'Which city is the capital of Italy?', b: 'Which city is not the capital of Italy?', same: false },
    ];
    const outbound = createOutbound({ allowedNetworks: ['127.0.0.0/8'], allowCommands: false });
    const services = { state: server.state, outbound, log: silentLogger };
    const measured = await calibrate(pairs.map((pair) => JSON.stringify(pair)).join('\n'), 'text-embedding-3-small', services);
    expect(measured).toMatchObject({ pairs: 3, same: 1, apart: 2, advised: 0.84 });
    expect(measured.scores[0]).toEqual({ threshold: 0.84, precision: 1, recall: 1 });
    await expect(calibrate('{"a":1}', 'x', services)).rejects.toThrow(/line 1 is no pair/);
  });
});

it('what was saved is the sum of its rows, at the price that applied', async () => {
  const project = { 'x-muster-project': 'savings' };
  provider.script = speak('one two three four', { prompt: 1_000 });
  await say('g', project);
  await kept(1);
  await say('g', project);
  await say('g', project);
  await until(
    'all are accounted for',
    async () => (await savingsOf('savings')).items.reduce((sum, { requests }) => sum + requests, 0) === 3,
  );
  // gpt-4o-mini: 0.15 USD a million tokens in, 0.60 out.
  expect(await savingsOf('savings')).toMatchObject({
    cost: '0.0001524',
    saved: '0.0003048',
    items: [
      { outcome: 'exact', requests: 2, cost: '0', saved: '0.0003048' },
      { outcome: 'provider', requests: 1, cost: '0.0001524', saved: '0' },
    ],
  });
  const { days } = await savingsOf('savings');
  // Midnight (UTC) may lie between them.
  expect(days.reduce((sum, { requests }) => sum + requests, 0)).toBe(3);
  expect(days.every(({ day }) => /^\d{4}-\d\d-\d\d$/.test(day))).toBe(true);
});

describe('what a key may', () => {
  const limit = async (keyId: string, body: object): Promise<void> => {
    expect((await server.ask('PUT', `/gateway/limits/${keyId}`, { body })).statusCode).toBe(200);
  };
  const entry = (keyId: string, cost: string, more: Partial<Entry> = {}): Entry => ({
    runId: crypto.randomUUID(),
    at: Date.now(),
    keyId,
    project: 'default',
    face: 'chat',
    provider: 'main',
    model: 'm',
    outcome: 'provider',
    status: 200,
    promptTokens: 10,
    completionTokens: 5,
    cost,
    saved: undefined,
    price: 'x',
    ...more,
  });

  it('spend is refused beyond its budget in OpenAI’s words, and told when it may again', async () => {
    const mine = await server.key('operator');
    const keyId = mine.split('_')[1] ?? '';
    await limit(keyId, { usd_per_day: 0.5 });
    expect((await say('h', {}, mine)).text).toBe('Hello there');
    await account(server.database.database, [entry(keyId, '0.6')]);
    const { items } = (await server.ask('GET', '/gateway/limits')).json<{ items: object[] }>();
    expect(items).toContainEqual(
      expect.objectContaining({ key_id: keyId, used: expect.objectContaining({ usd_this_month: expect.closeTo(0.6, 3) }) }),
    );
    const error = await say('i', {}, mine).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ status: 429, code: 'insufficient_quota', type: 'insufficient_quota' });
    expect(Number((error as { headers: Headers }).headers.get('retry-after'))).toBeGreaterThan(0);
    await limit(keyId, { usd_per_day: 0.5, is_hard: false });
    const { response } = await client({}, mine).chat.completions.create(fixed('j')).withResponse();
    expect(response.headers.get('x-muster-warning')).toContain('is spent');
    expect((await server.ask('DELETE', `/gateway/limits/${keyId}`)).statusCode).toBe(204);
    expect((await server.ask('DELETE', `/gateway/limits/${keyId}`)).statusCode).toBe(404);
    // Limits of a key that is misspelt would hold nobody.
    const misspelt = await server.ask('PUT', `/gateway/limits/${keyId}x`, { body: { usd_per_day: 0.5 } });
    expect(misspelt.json()).toMatchObject({ status: 404, detail: `there is no key ${keyId}x` });
  });

  it('is counted by all servers together', async () => {
    const { database } = server.database;
    const ledger = new Ledger({ database, answers: new AnswerStore(database), log: silentLogger });
    const gate = (): Gate => new Gate({ database, ledger, log: silentLogger });
    const [one, two] = [gate(), gate()];
    await new LimitStore(database).put(
      'shared',
      { usdPerDay: null, usdPerMonth: null, isHard: true, requestsPerMinute: 10, tokensPerMinute: null },
      'test',
    );
    const outcomes = await Promise.allSettled(Array.from({ length: 30 }, (_, n) => (n % 2 === 0 ? one : two).enter('shared')));
    const letIn = outcomes.filter(({ status }) => status === 'fulfilled').length;
    // A minute may end within the test: then the next ten are let in too.
    expect([10, 20]).toContain(letIn);
    await ledger.stop();
  });

  it('is added up once, however often a row is written', async () => {
    const { database } = server.database;
    const twice = entry('twice', '0.25');
    await account(database, [twice, entry('twice', '0.5')]);
    await account(database, [twice]);
    const { rows } = await database.query(
      sql`select requests::int, cost::text, tokens::int from muster.gateway_spend where key_id = 'twice'`,
    );
    expect(rows).toEqual([{ requests: 2, cost: '0.75', tokens: 30 }]);
  });

  it('is added up where all of it was answered from what is kept', async () => {
    const { database } = server.database;
    await account(database, [entry('hits', '0', { outcome: 'exact', saved: '0.1' })]);
    const { rows } = await database.query(
      sql`select requests::int, cost::text, tokens::int from muster.gateway_spend where key_id = 'hits'`,
    );
    expect(rows).toEqual([{ requests: 1, cost: '0', tokens: 0 }]);
  });

  it('is accounted for, all but what the database never takes', async () => {
    const { database } = server.database;
    const ledger = new Ledger({ database, answers: new AnswerStore(database), log: silentLogger });
    for (let n = 0; n < 700; n++) ledger.add(entry('poisoned', n === 5 ? 'no number' : '0.001'));
    await ledger.stop();
    expect(ledger.lost).toBe(1);
    const losses = new Losses({ database, log: silentLogger, lost: () => ({ runs: 2, requests: ledger.lost }) });
    await losses.tell();
    await losses.stop();
    const told = await readTally(database);
    expect(told).toEqual([
      { name: 'gateway_unaccounted', label: '', count: 1 },
      { name: 'gateway_unlogged', label: '', count: 2 },
    ]);
    const { rows } = await database.query(sql`select requests::int, cost::text from muster.gateway_spend where key_id = 'poisoned'`);
    expect(rows).toEqual([{ requests: 699, cost: '0.699' }]);
  });
});
