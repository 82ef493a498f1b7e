import OpenAI, { type APIError, RateLimitError } from 'openai';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { bearer, BOOTSTRAP, testServer, type TestServer } from '../../../../test/server/support/test-server.ts';
import { until } from '../../../../test/support/until.ts';
import { event, json, refuse, ScriptedProvider, speak } from '../../../../test/traces/support/scripted-provider.ts';
import { createOutbound } from '../../../outbound/index.ts';
import type { Module } from '../../module.ts';
import type { Submission } from '../intake/intake.ts';
import type { RunOperation } from '../run/operation.ts';
import { addGatewayDoor, addGatewayRoutes, Gateway } from './index.ts';

let server: TestServer;
let base: string;
let provider: ScriptedProvider;
let other: ScriptedProvider;
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
  [provider, other] = await Promise.all([new ScriptedProvider().open(), new ScriptedProvider().open()]);
  server = await testServer({ modules: [module], outbound: createOutbound({ allowedNetworks: ['127.0.0.0/8'], allowCommands: false }) });
  base = await server.listen();
  key = await server.key('operator', { scopes: ['gateway:write'] });
  await put('main', { base_url: provider.url, api_key: 'sk-of-the-provider', kind: 'openai' });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await Promise.all([provider.close(), other.close()]);
});
afterEach(async () => {
  provider.reset();
  other.reset();
  await gateway.settled();
  await until('all is logged', () => gateway.runs.counts.waiting === 0);
  runs.length = 0;
});

const put = async (name: string, body: object): Promise<void> => {
  const answer = await server.ask('PUT', `/gateway/providers/${name}`, { body });
  expect([answer.statusCode, answer.body]).toEqual([200, expect.any(String)]);
};
const client = (headers: Record<string, string> = {}): OpenAI =>
  new OpenAI({ baseURL: `${base}/openai/v1`, apiKey: key, defaultHeaders: headers, maxRetries: 0 });
const chat = { model: 'gpt-4o-mini', messages: [{ role: 'user' as const, content: 'Hi' }] };
const raw = (body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${base}/openai/v1/chat/completions`, {
    method: 'POST',
    headers: { ...bearer(key), 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const logged = async (count = 1): Promise<readonly RunOperation[]> => {
  await until('it is logged', () => runs.length >= count);
  return runs;
};
const metadata = (run: RunOperation | undefined): Record<string, unknown> =>
  (JSON.parse(run?.extra ?? '{}') as { metadata: Record<string, unknown> }).metadata;

describe('a client of OpenAI', () => {
  it('is answered by the provider, with its key and not with the client’s', async () => {
    const answer = await client({ 'x-muster-project': 'shop', 'x-muster-thread': 't1', 'x-muster-tags': 'a,b' }).chat.completions.create({
      ...chat,
      seed: 5,
    });
    expect(answer.choices[0]?.message.content).toBe('Hello there');
    expect(provider.last).toMatchObject({ path: '/v1/chat/completions', body: { ...chat, seed: 5 } });
    expect(provider.last?.headers['authorization']).toBe('Bearer sk-of-the-provider');
    expect(JSON.stringify(provider.last?.headers)).not.toContain(key);
    const [run] = await logged();
    expect(run).toMatchObject({ kind: 'post', project: { name: 'shop' }, runType: 'llm', tags: ['a', 'b'], traceId: run?.runId });
    expect(JSON.parse(run?.inputs ?? '')).toEqual({ ...chat, seed: 5 });
    expect(JSON.parse(run?.outputs ?? '')).toMatchObject({
      choices: [{ message: { content: 'Hello there' } }],
      usage: { total_tokens: 11 },
    });
    expect(metadata(run)).toMatchObject({
      ls_provider: 'openai',
      ls_model_name: 'gpt-4o-mini',
      thread_id: 't1',
      muster_key: key.split('_')[1],
    });
    expect(run?.error).toBeUndefined();
  });

  it('streams, sees no usage it did not ask for, and has it logged all the same', async () => {
    provider.script = speak('one two three');
    let said = '';
    let usages = 0;
    for await (const chunk of await client().chat.completions.create({ ...chat, stream: true })) {
      said += chunk.choices[0]?.delta.content ?? '';
      if (chunk.usage) usages += 1;
    }
    expect([said, usages]).toEqual(['one two three', 0]);
    expect(provider.last?.body['stream_options']).toEqual({ include_usage: true });
    const [run] = await logged();
    expect(JSON.parse(run?.outputs ?? '')).toMatchObject({
      object: 'chat.completion',
      choices: [{ message: { role: 'assistant', content: 'one two three' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 9, completion_tokens: 3 },
    });
    expect(JSON.parse(run?.inputs ?? '')).toEqual({ ...chat, stream: true });
    const [{ name, time }] = JSON.parse(run?.events ?? '[]') as [{ name: string; time: string }];
    expect(name).toBe('new_token');
    expect(Date.parse(time) * 1_000).toBeGreaterThanOrEqual((run?.startTime ?? 0) - 1_000);
  });

  it('gets the usage it asks for, and every byte as the provider sent it', async () => {
    const answer = await raw({ ...chat, stream: true, stream_options: { include_usage: true } });
    const text = await answer.text();
    const direct = await fetch(`${provider.url}/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ ...chat, stream: true, stream_options: { include_usage: true } }),
    });
    expect(text).toBe(await direct.text());
    expect(text).toContain('"total_tokens":11');
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    expect(answer.headers.get('x-muster-run-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('uses the Responses API and embeddings, and asks which models there are', async () => {
    const response = await client().responses.create({ model: 'gpt-4o-mini', input: 'Hi' });
    expect(response.output_text).toBe('Hello there');
    let said = '';
    for await (const part of await client().responses.create({ model: 'gpt-4o-mini', input: 'Hi', stream: true }))
      if (part.type === 'response.output_text.delta') said += part.delta;
    expect(said).toBe('Hello there');
    const { data } = await client().embeddings.create({ model: 'text-embedding-3-small', input: ['a', 'b'], encoding_format: 'float' });
    expect(data.map(({ embedding }) => embedding)).toEqual([
      [0.25, -0.5, 1],
      [0.25, -0.5, 1],
    ]);
    const models = await client().models.list();
    expect(models.data.map(({ id, owned_by }) => [id, owned_by])).toEqual([['gpt-4o-mini', 'main']]);
    expect((await client().models.retrieve('gpt-4o-mini')).id).toBe('gpt-4o-mini');
    const found = await logged(3);
    expect(found.map(({ runType }) => runType)).toEqual(['llm', 'llm', 'embedding']);
    expect(JSON.parse(found[1]?.outputs ?? '')).toMatchObject({ id: 'resp_1', usage: { input_tokens: 9 } });
  });

  it('that goes away ends the request to the provider, and what was said is logged', async () => {
    provider.script = speak('word '.repeat(1_000), { pauseMs: 20 });
    const stream = await client().chat.completions.create({ ...chat, stream: true });
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content === 'word ') break;
    await until('the provider was told', () => provider.last?.gone.aborted === true);
    const [run] = await logged();
    expect(JSON.parse(run?.error ?? '')).toContain('went away');
    expect(JSON.parse(run?.outputs ?? '')).toMatchObject({ choices: [{ message: { content: expect.stringMatching(/^word /) } }] });
  });

  it('has its own trace continued', async () => {
    const id = '0199b1f0-0000-7000-8000-000000000001';
    await client({ 'langsmith-trace': `20261126T071424123456Z${id}` }).chat.completions.create(chat);
    const [run] = await logged();
    expect(run).toMatchObject({ traceId: id, parentRunId: id });
    expect(run?.dottedOrder).toMatch(new RegExp(`^20261126T071424123456Z${id}\\.\\d{8}T\\d{12}Z${run?.runId}$`));
  });
});

describe('what a provider does wrong', () => {
  it('a stream that is cut in the middle is an error to the client, and half an answer in the log', async () => {
    provider.script = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(
        event({
          id: 'c',
          object: 'chat.completion.chunk',
          model: 'm',
          choices: [{ index: 0, delta: { content: 'half' }, finish_reason: null }],
        }),
      );
      response.write('data: {"choices":[{"ind');
      setTimeout(() => response.destroy(), 20);
    };
    let said = '';
    const read = async (): Promise<void> => {
      for await (const chunk of await client().chat.completions.create({ ...chat, stream: true }))
        said += chunk.choices[0]?.delta.content ?? '';
    };
    await expect(read()).rejects.toThrow(/broke off/);
    expect(said).toBe('half');
    const [run] = await logged();
    expect(JSON.parse(run?.outputs ?? '')).toMatchObject({ choices: [{ message: { content: 'half' } }] });
    expect(run?.error).toBeDefined();
  });

  it('a stall ends with its time-out, also within a stream', async () => {
    const stalling = (settings: object) =>
      put('stalls', { base_url: provider.url, routes: [{ model: 'stalls' }], settings: { attempts: 1, ...settings } });
    await stalling({ first_byte_timeout: '100ms' });
    provider.next.push(() => undefined);
    await expect(client().chat.completions.create({ ...chat, model: 'stalls' })).rejects.toMatchObject({
      status: 504,
      code: 'outbound_timeout',
    });
    // Each by a time-out of its own: on a busy machine a first byte takes longer than a tenth of a second, too.
    await stalling({ idle_timeout: '100ms' });
    provider.next.push(
      (_, response) => void response.writeHead(200, { 'content-type': 'text/event-stream' }).write(event({ choices: [] })),
    );
    const read = async (): Promise<void> => {
      for await (const _ of await client().chat.completions.create({ ...chat, model: 'stalls', stream: true }));
    };
    await expect(read()).rejects.toThrow(/fell silent/);
    await logged(2);
  });

  it('a refusal is passed on as it is', async () => {
    provider.script = refuse(400, 'no such parameter');
    await expect(client().chat.completions.create(chat)).rejects.toMatchObject({
      status: 400,
      error: { message: 'no such parameter', type: 'scripted' },
    });
    const [run] = await logged();
    expect(JSON.parse(run?.error ?? '')).toContain('no such parameter');
  });

  it('a key that the provider refuses is the gateway’s matter: the client is not told it was its own', async () => {
    provider.script = refuse(401, 'Incorrect API key provided: sk-of-****ider');
    const error = await client()
      .chat.completions.create(chat)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ status: 502, code: 'provider_refused' });
    expect((error as APIError).message).not.toContain('sk-');
    await logged();
  });

  it('garbage is passed on and said to be garbage', async () => {
    provider.script = (_, response) => void response.writeHead(200, { 'content-type': 'text/plain' }).end('hm');
    expect(await (await raw(chat)).text()).toBe('hm');
    const [run] = await logged();
    expect(JSON.parse(run?.error ?? '')).toContain('not JSON');
  });

  it('a page where an answer should be is a failure: a stream of it would look like one that says nothing', async () => {
    provider.script = (_, response) =>
      void response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<html><h1>Sign in to the proxy</h1></html>');
    await put('main', { base_url: provider.url, api_key: 'sk-of-the-provider', kind: 'openai', settings: { attempts: 1 } });
    const error = await client()
      .chat.completions.create({ ...chat, stream: true })
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ status: 502, code: 'provider_failed', message: expect.stringMatching(/page.*Sign in to the proxy/) });
    other.script = speak('no page');
    await put('second', { base_url: other.url, kind: 'compatible', routes: [{ model: chat.model }] });
    await put('main', {
      base_url: provider.url,
      kind: 'openai',
      routes: [{ model: chat.model }],
      settings: { attempts: 1 },
      priority: 1,
    });
    expect((await client().chat.completions.create(chat)).choices[0]?.message.content).toBe('no page');
    await logged(2);
    await put('main', { base_url: provider.url, api_key: 'sk-of-the-provider', kind: 'openai' });
    await server.ask('DELETE', '/gateway/providers/second');
  });

  it('being too busy for a moment is not seen by the client', async () => {
    provider.next.push(refuse(429, 'slow down', { 'retry-after-ms': '10' }), refuse(503, 'broken', { 'retry-after-ms': '5' }));
    expect((await client().chat.completions.create(chat)).choices[0]?.message.content).toBe('Hello there');
    expect(provider.requests).toHaveLength(3);
    const [run] = await logged();
    expect(metadata(run)).toMatchObject({ muster_attempts: 3 });
  });

  it('asking to wait for long is passed on with how long', async () => {
    provider.script = refuse(429, 'slow down', { 'retry-after': '3600' });
    const error = await client()
      .chat.completions.create(chat)
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RateLimitError);
    expect((error as RateLimitError).headers?.get('retry-after')).toBe('3600');
    expect(provider.requests).toHaveLength(1);
    await logged();
  });

  it('failing for good leads to the fallback', async () => {
    await put('first', { base_url: provider.url, routes: [{ model: 'smart', fallbacks: ['second/plain'] }], settings: { attempts: 1 } });
    await put('second', { base_url: other.url, api_key: 'k2', routes: [{ model: 'plain', as: 'plain-v2' }] });
    server.wake.hint('gateway');
    provider.script = refuse(500);
    other.script = speak('from the other', { model: 'plain-v2' });
    const { data, response } = await client()
      .chat.completions.create({ ...chat, model: 'smart' })
      .withResponse();
    expect([data.choices[0]?.message.content, response.headers.get('x-muster-provider'), other.last?.body['model']]).toEqual([
      'from the other',
      'second',
      'plain-v2',
    ]);
    await logged();
  });

  it('refusing its key leads to the fallback at once, which has a key of its own', async () => {
    const fallbacks = ['second/plain-v2'];
    await put('main', { base_url: provider.url, api_key: 'sk-revoked', kind: 'openai', routes: [{ model: 'gpt-*', fallbacks }] });
    await put('second', { base_url: other.url, api_key: 'sk-in-force', kind: 'compatible', routes: [{ model: 'plain-v2' }] });
    provider.script = refuse(401, 'no such key: sk-revoked');
    other.script = speak('with another key');
    const { data, response } = await client().chat.completions.create(chat).withResponse();
    expect([data.choices[0]?.message.content, response.headers.get('x-muster-provider')]).toEqual(['with another key', 'second']);
    expect([provider.requests.length, other.last?.headers.authorization]).toEqual([1, 'Bearer sk-in-force']);
    await logged();
    const health = async () =>
      (await server.ask('GET', '/gateway/providers/main')).json<{ health: { last_failure: { said: string } | null } }>().health;
    const said = 'it answered 401: no such key: …';
    await until('whoever runs the gateway is told', async () => (await health()).last_failure?.said === said);
    const refused = { reason: 'key_refused', said, at: expect.any(String) };
    expect(await health()).toMatchObject({ state: 'failing', last_failure: refused, failing_since: expect.any(String) });
    await put('main', { base_url: provider.url, api_key: 'sk-of-the-provider', kind: 'openai', routes: [] });
    expect(await health()).toMatchObject({ state: 'untried', failures_in_a_row: 0, last_failure: refused, failing_since: null });
    await server.ask('DELETE', '/gateway/providers/second');
  });
});

describe('a provider', () => {
  it('that is pointed elsewhere needs its key said again: it was given to the first address alone', async () => {
    await put('keyed', { base_url: provider.url, api_key: 'sk-1', enabled: false });
    const elsewhere = (body: object) =>
      server.ask('PUT', '/gateway/providers/keyed', { body: { base_url: other.url, enabled: false, ...body } });
    expect((await elsewhere({})).json()).toMatchObject({ code: 'INVALID_INPUT', remedy: expect.stringContaining('api_key') });
    await put('keyed', { base_url: `${provider.url}/v2`, enabled: false });
    expect((await elsewhere({ api_key: 'sk-2' })).statusCode).toBe(200);
    expect((await server.ask('DELETE', '/gateway/providers/keyed')).statusCode).toBeLessThan(300);
  });
});

describe('a request that cannot be', () => {
  it.each<readonly [string, string, number, string, Record<string, string>]>([
    ['no JSON', '{"model":', 400, 'malformed', {}],
    ['no object', '[]', 400, 'malformed', {}],
    ['nothing', '', 400, 'malformed', {}],
    ['no model', '{}', 422, 'invalid_input', {}],
    ['too deep', `{"model":"m","x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 422, 'invalid_input', {}],
    ['metadata that is none', JSON.stringify(chat), 422, 'invalid_input', { 'x-muster-metadata': 'x' }],
  ])('%s is refused in OpenAI’s words', async (_, body, status, code, headers) => {
    const answer = await raw(body, headers);
    expect([answer.status, await answer.json()]).toEqual([
      status,
      {
        error: {
          message: expect.stringMatching(/\w/),
          type: 'invalid_request_error',
          param: expect.toSatisfy((param) => param === null || typeof param === 'string'),
          code,
        },
      },
    ]);
    expect(provider.requests).toHaveLength(0);
  });

  it('a key that is none, one that may not, and a model that nobody serves', async () => {
    const stranger = new OpenAI({ baseURL: `${base}/openai/v1`, apiKey: 'sk-nobody', maxRetries: 0 });
    await expect(stranger.chat.completions.create(chat)).rejects.toMatchObject({ status: 401, type: 'authentication_error' });
    const viewer = new OpenAI({ baseURL: `${base}/openai/v1`, apiKey: await server.key('viewer'), maxRetries: 0 });
    await expect(viewer.chat.completions.create(chat)).rejects.toMatchObject({ status: 403, type: 'permission_error' });
    await server.ask('DELETE', '/gateway/providers/main');
    await expect(client().chat.completions.create({ ...chat, model: 'nobody' })).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
    });
    await put('main', { base_url: provider.url, api_key: 'sk-of-the-provider', kind: 'openai' });
  });

  it('what OpenAI offers and the gateway does not is said in OpenAI’s words, and asked once', async () => {
    const patient = new OpenAI({ baseURL: `${base}/openai/v1`, apiKey: key });
    const error = await patient.images.generate({ model: 'gpt-image-1', prompt: 'a cat' }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ status: 501, code: 'not_offered' });
    expect(String(error)).toMatch(/does not offer POST \/images\/generations.*chat\/completions/);
    await expect(patient.responses.retrieve('resp_1')).rejects.toThrow('does not offer GET /responses/resp_1');
    const stranger = new OpenAI({ baseURL: `${base}/openai/v1`, apiKey: 'nobody', maxRetries: 0 });
    await expect(stranger.files.list()).rejects.toMatchObject({ status: 401 });
    expect(provider.requests).toHaveLength(0);
  });

  it('a request that cannot be read is told how to be sent', async () => {
    const told = async (body: unknown, headers?: Record<string, string>): Promise<unknown> => {
      const answer = await raw(body, headers);
      return [answer.status, ((await answer.json()) as { error: { message: string } }).error.message];
    };
    expect(await told(chat, { 'content-encoding': 'gzip' })).toEqual([415, 'The body comes as gzip. Send it without content-encoding.']);
    expect(await told({ ...chat, stream: 'yes' })).toEqual([422, expect.stringMatching(/^Stream is neither.*Send true for a stream/)]);
    expect(await told(chat, { 'x-muster-metadata': 'team=shop' })).toEqual([422, expect.stringContaining('such as {"team": "shop"}')]);
    const deep = `{"model":"gpt-4o-mini","d":${'['.repeat(300)}${']'.repeat(300)}}`;
    expect(await told(deep)).toEqual([422, expect.stringContaining('nested deeper than 256 levels. Send what')]);
    expect(provider.requests).toHaveLength(0);
  });

  it('a failure says which run it is logged as', async () => {
    provider.script = refuse(401);
    const error = (await client()
      .chat.completions.create(chat)
      .catch((thrown: unknown) => thrown)) as APIError;
    const [run] = await logged();
    expect([error.status, error.headers?.get('x-muster-run-id')]).toEqual([502, run?.runId]);
  });

  it('unknown members, numbers of any size and odd characters reach the provider as they are', async () => {
    const text =
      '{ "model":"gpt-4o-mini", "x_unknown": {"big":123456789012345678901234567890}, "messages":[{"role":"user","content":"\\u0000\\ud83d"}] }';
    expect((await raw(text)).status).toBe(200);
    expect(provider.last?.text).toBe(text);
  });
});

describe('providers', () => {
  it('are shown without their key, keep it when it is left out, and can be tried', async () => {
    const shown = await server.ask('GET', '/gateway/providers/main');
    expect(shown.json()).toMatchObject({ name: 'main', has_key: true, kind: 'openai', settings: { attempts: 3 } });
    expect(shown.body).not.toContain('sk-of');
    await put('main', { base_url: provider.url, kind: 'openai' });
    expect((await server.ask('POST', '/gateway/providers/main/test')).json()).toMatchObject({ reached: true, models: 1, error: null });
    expect(provider.last?.headers['authorization']).toBe('Bearer sk-of-the-provider');
    provider.script = (_, response) => json(response, {}, 401);
    expect((await server.ask('POST', '/gateway/providers/main/test')).json()).toMatchObject({
      reached: false,
      error: expect.stringContaining('401'),
    });
  });

  it.each([
    ['an address inside', { base_url: 'http://10.0.0.1/v1' }],
    ['no address', { base_url: 'openai' }],
    ['a key among the headers', { base_url: 'https://example.com/v1', headers: { authorization: 'x' } }],
    ['a star in the middle', { base_url: 'https://example.com/v1', routes: [{ model: 'a*b' }] }],
    ['a time-out that is none', { base_url: 'https://example.com/v1', settings: { idle_timeout: 'long' } }],
  ])('refuse %s', async (_, body) => {
    expect((await server.ask('PUT', '/gateway/providers/wrong', { body })).statusCode).toBe(422);
  });

  it('are the administrator’s to change', async () => {
    const asked = await server.ask('PUT', '/gateway/providers/mine', {
      body: { base_url: provider.url },
      headers: bearer(await server.key('operator')),
    });
    expect(asked.statusCode).toBe(403);
    expect((await server.ask('DELETE', '/gateway/providers/none', { headers: bearer(BOOTSTRAP) })).statusCode).toBe(404);
  });
});
