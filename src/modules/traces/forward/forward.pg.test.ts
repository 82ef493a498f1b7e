import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BOOTSTRAP, bearer, testServer, type TestServer } from '../../../../test/server/support/test-server.ts';
import { olderTransactionsOver } from '../../../../test/support/older-transactions.ts';
import { silentLogger } from '../../../base/logger.ts';
import { sql } from '../../../db/sql.ts';
import { createOutbound } from '../../../outbound/index.ts';
import { tracesModule } from '../index.ts';
import { intakeOf } from '../intake/index.ts';
import { ForwardService } from './forward-service.ts';

const outbound = createOutbound({ allowedNetworks: ['127.0.0.0/8'], allowCommands: false });

let here: TestServer;
beforeEach(async () => {
  here = await testServer({ modules: [tracesModule] });
});
afterEach(() => here[Symbol.asyncDispose]());

const serviceOf = (server: TestServer): ForwardService =>
  new ForwardService({ state: server.state, wake: server.wake, log: silentLogger, outbound });

/** A step that sees all that was sent before it. */
async function stepOf(service: ForwardService): Promise<void> {
  await olderTransactionsOver(here.database.database);
  await service.step();
}

/** A LangSmith that does what the script says, request by request, and takes everything afterwards. */
interface Scripted extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly { readonly path: string; readonly headers: IncomingMessage['headers']; readonly body: Buffer }[];
  readonly ids: () => readonly string[];
}
type Act = (response: ServerResponse, body: Buffer) => void;
const answer =
  (status: number, headers: Record<string, string> = {}): Act =>
  (response) =>
    void response.writeHead(status, headers).end('{}');
async function scripted(script: readonly Act[] = [], always: Act = answer(202)): Promise<Scripted> {
  const left = [...script];
  const requests: { path: string; headers: IncomingMessage['headers']; body: Buffer }[] = [];
  const server: Server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      if (request.url === '/info')
        return void response.writeHead(200).end('{"version":"0.18.0","instance_flags":{"gzip_body_enabled":true}}');
      const raw = Buffer.concat(parts);
      const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
      requests.push({ path: request.url ?? '', headers: request.headers, body });
      (left.shift() ?? always)(response, body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    ids: () =>
      requests.flatMap(({ body }) =>
        [...body.toString('latin1').matchAll(/name="((?:post|patch)\.[0-9a-f-]{36})"/g)].map(([, id]) => id ?? ''),
      ),
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

const send = async (server: TestServer, body: object): Promise<void> => {
  const { statusCode } = await server.app.inject({
    method: 'POST',
    url: '/langsmith/runs/batch',
    headers: bearer(BOOTSTRAP),
    payload: body,
  });
  expect(statusCode).toBe(202);
};
const run = (id: string, more: object = {}) => {
  const start = new Date();
  const stamp = `${start.toISOString().replaceAll(/[-:.]/g, '').slice(0, -1)}000Z`;
  return {
    id,
    name: 'ask',
    run_type: 'llm',
    start_time: start.toISOString(),
    end_time: new Date(start.getTime() + 5).toISOString(),
    trace_id: id,
    dotted_order: `${stamp}${id}`,
    session_name: 'shop',
    inputs: { q: 'why' },
    outputs: { a: 'because' },
    ...more,
  };
};
const add = async (body: object): Promise<void> => {
  const added = await here.ask('POST', '/traces/forwards', { body });
  expect([added.statusCode, added.body]).toEqual([201, expect.any(String)]);
};
const show = async (name = 'out') => (await here.ask('GET', `/traces/forwards/${name}`)).json();
/** As if the back-off were over. */
const hurry = () => here.database.database.query(sql`update muster.trace_forwards set next_at = clock_timestamp()`);
const posted = (ids: readonly string[]) => ids.map((id) => `post.${id}`).toSorted();

describe('a forward to LangSmith', () => {
  it('sends runs of its project with their ids, once they ended, and feedback; afterwards there is nothing left', async () => {
    await using there = await scripted();
    const service = serviceOf(here);
    await send(here, { post: [run(randomUUID(), { session_name: 'before' })] });
    await send(here, { post: [run(randomUUID())] });
    await olderTransactionsOver(here.database.database);
    await add({
      name: 'out',
      kind: 'langsmith',
      endpoint: there.url,
      api_key: 'lsv2_secret',
      project: 'shop',
      target_project: 'theirs',
      workspace_id: 'w-1',
    });
    const ids = Array.from({ length: 120 }, () => randomUUID());
    const open = randomUUID();
    await send(here, {
      post: [
        ...ids.map((id) => run(id)),
        run(randomUUID(), { session_name: 'other' }),
        run(open, { end_time: undefined, outputs: undefined }),
      ],
    });
    await intakeOf({ state: here.state, wake: here.wake, log: silentLogger }).submit({
      source: 'langsmith',
      operations: [],
      feedback: [{ feedbackId: randomUUID(), runId: ids[0], key: 'stars', score: 5, source: 'app' }],
      mayWrite: null,
    });
    await stepOf(service);
    expect(there.ids().toSorted()).toEqual(posted(ids));
    expect(there.requests.map(({ path }) => path)).toEqual(['/runs/multipart', '/runs/multipart']);
    expect(there.requests[0]?.headers).toMatchObject({ 'x-api-key': 'lsv2_secret', 'x-tenant-id': 'w-1', 'content-encoding': 'gzip' });
    const text = Buffer.concat(there.requests.map(({ body }) => body)).toString();
    expect([text.includes('"session_name":"theirs"'), text.includes('"session_name":"shop"')]).toEqual([true, false]);
    expect(/name="feedback\.[^]*/.exec(text)?.[0]).toContain('"key":"stars","score":5');
    expect(await show()).toMatchObject({
      state: 'running',
      sent_runs: 120,
      sent_feedback: 1,
      backlog: { transactions: 0, waiting_runs: 1 },
    });
    // The run that was open ends.
    await send(here, { patch: [{ id: open, trace_id: open, end_time: new Date().toISOString(), outputs: { a: 1 } }] });
    await stepOf(service);
    expect(there.ids().at(-1)).toBe(`post.${open}`);
    expect(await show()).toMatchObject({ sent_runs: 121, backlog: { waiting_runs: 0 } });
    const before = there.requests.length;
    await stepOf(service);
    expect(there.requests.length).toBe(before);
    await service.stop();
  });

  it.each<[string, Act, object]>([
    ['429 with Retry-After', answer(429, { 'retry-after': '30' }), { last_error: expect.stringContaining('429') }],
    ['500', answer(500), { last_error: expect.stringContaining('500') }],
    [
      'a connection that breaks',
      (response) => void response.socket?.destroy(),
      { last_error: expect.stringContaining('cannot be reached') },
    ],
    ['a key it does not know', answer(401), { last_error: expect.stringContaining('401') }],
  ])('loses nothing where the other side answers %s, waits, and goes on', async (_what, act, shown) => {
    await using there = await scripted([act]);
    const service = serviceOf(here);
    await add({ name: 'out', kind: 'langsmith', endpoint: there.url, from: 'beginning' });
    const id = randomUUID();
    await send(here, { post: [run(id)] });
    await stepOf(service);
    expect(await show()).toMatchObject({ state: 'failing', failures: 1, sent_runs: 0, ...shown });
    const at = Date.parse((await show()).next_attempt_at) - Date.now();
    if (_what.startsWith('429')) expect(at).toBeGreaterThan(20_000);
    // Its turn has not come: nobody is pressed.
    if (at > 5_000) {
      await stepOf(service);
      expect(there.requests).toHaveLength(1);
    }
    await hurry();
    await stepOf(service);
    expect(there.ids()).toEqual([...(there.requests.length === 2 ? [`post.${id}`] : []), `post.${id}`]);
    expect(await show()).toMatchObject({ state: 'running', failures: 0, sent_runs: 1, last_error: null });
    await service.stop();
  });

  it('begins with all that is kept where that is wanted, though the feed has forgotten it, the oldest first', async () => {
    await using there = await scripted();
    const service = serviceOf(here);
    const ids = Array.from({ length: 1_200 }, () => randomUUID());
    const at = (index: number) => new Date(Date.now() - 3_600_000 + index * 1_000).toISOString();
    const old = ids.map((id, index) => run(id, { start_time: at(index), end_time: at(index + 1), dotted_order: undefined }));
    const open = run(randomUUID(), { start_time: at(0), end_time: undefined, dotted_order: undefined, name: 'never ended' });
    await send(here, { post: [...old.toReversed(), open, run(randomUUID(), { session_name: 'other' })] });
    await here.database.database.query(sql`delete from muster.trace_feed`);
    await add({ name: 'out', kind: 'langsmith', endpoint: there.url, project: 'shop', from: 'beginning' });
    expect(await show()).toMatchObject({ backlog: { waiting_runs: 1_201 } });
    const late = randomUUID();
    await send(here, { post: [run(late)] });
    await stepOf(service);
    expect(there.ids().toSorted()).toEqual(posted([...ids, late, open.id]));
    // A round is 500 runs, in requests of 100.
    const first = Buffer.concat(there.requests.slice(0, 5).map(({ body }) => body));
    expect([first.includes(ids[0] ?? ''), first.includes(ids[1_199] ?? '')]).toEqual([true, false]);
    // The one that has not ended may still be added to.
    expect(await show()).toMatchObject({ sent_runs: 1_202, refused: 0, backlog: { waiting_runs: 1 } });
    await service.stop();
  });

  it('finds the one run that is refused, counts it, and sends the others', async () => {
    const bad = randomUUID();
    await using there = await scripted([], (response, body) => answer(body.includes(bad) ? 422 : 202)(response, body));
    const service = serviceOf(here);
    await add({ name: 'out', kind: 'langsmith', endpoint: there.url });
    const ids = Array.from({ length: 8 }, () => randomUUID());
    await send(here, { post: [...ids, bad].map((id) => run(id)) });
    await stepOf(service);
    const taken = new Set(
      there.requests.filter(({ body }) => !body.includes(bad)).flatMap(({ body }) => ids.filter((id) => body.includes(id))),
    );
    expect([...taken].toSorted()).toEqual(ids.toSorted());
    expect(await show()).toMatchObject({ state: 'running', sent_runs: 8, refused: 1, last_refusal: expect.stringContaining(bad) });
    await service.stop();
  });

  it('sends again what it sent before it died, and leaves nothing out', async () => {
    // The answer comes, and then the process dies before it can note it: as if the database had gone at that moment.
    await using there = await scripted();
    await add({ name: 'out', kind: 'langsmith', endpoint: there.url });
    const ids = Array.from({ length: 3 }, () => randomUUID());
    await send(here, { post: ids.map((id) => run(id)) });
    const dying = serviceOf(here);
    const { database } = here.database;
    await database.query(sql`create function muster.die() returns trigger language plpgsql as 'begin raise exception ''died''; end'`);
    await database.query(
      sql`create trigger die before insert or update on muster.trace_cursors for each row execute function muster.die()`,
    );
    await stepOf(dying);
    expect(there.ids().toSorted()).toEqual(posted(ids));
    await database.query(sql`drop trigger die on muster.trace_cursors`);
    await database.query(
      sql`update muster.trace_forwards set claimed_by = ${randomUUID()}, claimed_until = clock_timestamp() - interval '1 second'`,
    );
    await hurry();
    const next = serviceOf(here);
    await stepOf(next);
    expect(there.ids().toSorted()).toEqual([...posted(ids), ...posted(ids)].toSorted());
    expect(await show()).toMatchObject({ state: 'running', sent_runs: 3, backlog: { transactions: 0 } });
    await Promise.all([dying.stop(), next.stop()]);
  });

  it('is in one hand: a second host sends nothing while the first holds it', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    await using there = await scripted([(response, body) => void held.then(() => answer(202)(response, body))]);
    await add({ name: 'out', kind: 'langsmith', endpoint: there.url });
    await send(here, { post: [run(randomUUID())] });
    const [first, second] = [serviceOf(here), serviceOf(here)];
    const slow = stepOf(first);
    await expect.poll(() => there.requests.length).toBe(1);
    await stepOf(second);
    expect(there.requests).toHaveLength(1);
    release();
    await slow;
    expect(await show()).toMatchObject({ sent_runs: 1 });
    await Promise.all([first.stop(), second.stop()]);
  });

  it('holds still while it is paused, and goes on where it stopped', async () => {
    await using there = await scripted();
    const service = serviceOf(here);
    await add({ name: 'out', kind: 'langsmith', endpoint: there.url });
    expect((await here.ask('POST', '/traces/forwards/out/pause')).json()).toMatchObject({ state: 'paused' });
    const id = randomUUID();
    await send(here, { post: [run(id)] });
    await stepOf(service);
    expect(there.requests).toEqual([]);
    await here.ask('POST', '/traces/forwards/out/resume');
    await stepOf(service);
    expect(there.ids()).toEqual([`post.${id}`]);
    await service.stop();
  });
});

describe('a forward to another Muster', () => {
  let there: TestServer;
  let base: string;
  beforeEach(async () => {
    there = await testServer({ modules: [tracesModule] });
    base = await there.listen();
    return () => there[Symbol.asyncDispose]();
  });
  const rows = async (server: TestServer, columns: string) =>
    (await server.database.database.query(sql`select ${{ text: columns, values: [] }} from muster.trace_runs order by run_id`)).rows;
  const span = (spanId: string, parentSpanId: string, name: string) => ({
    traceId: 'a'.repeat(32),
    spanId,
    parentSpanId,
    name,
    startTimeUnixNano: `${Date.now()}000000`,
    endTimeUnixNano: `${Date.now() + 5}000000`,
    attributes: [
      { key: 'gen_ai.operation.name', value: { stringValue: 'chat' } },
      { key: 'gen_ai.request.model', value: { stringValue: 'gpt-4o-mini' } },
      { key: 'gen_ai.provider.name', value: { stringValue: 'openai' } },
      { key: 'gen_ai.usage.input_tokens', value: { intValue: 10 } },
      { key: 'gen_ai.input.messages', value: { stringValue: '[{"role":"user","parts":[{"type":"text","content":"Why?"}]}]' } },
    ],
  });
  const otlp = (...spans: readonly object[]) =>
    here.app.inject({
      method: 'POST',
      url: '/v1/traces',
      headers: bearer(BOOTSTRAP),
      payload: { resourceSpans: [{ scopeSpans: [{ spans }] }] },
    });

  it('brings the same runs there, by the protocol of LangSmith: also spans whose parent came in a later request', async () => {
    const service = serviceOf(here);
    await add({ name: 'out', kind: 'langsmith', endpoint: `${base}/langsmith`, api_key: BOOTSTRAP });
    const [root, child] = [randomUUID(), randomUUID()];
    const parent = run(root, { run_type: 'chain', tags: ['x'], extra: { metadata: { thread_id: 't', n: 1 } }, error: 'it "broke"' });
    await send(here, {
      post: [
        parent,
        run(child, { trace_id: root, parent_run_id: root, dotted_order: `${parent.dotted_order}.${run(child).dotted_order}`, odd: 'kept' }),
      ],
    });
    await otlp(span('b'.repeat(16), 'c'.repeat(16), 'inner'));
    await stepOf(service);
    await otlp(span('c'.repeat(16), '', 'outer'));
    await here.database.database.query(sql`update muster.trace_forward_waiting set look_at = clock_timestamp()`);
    await stepOf(service);
    const columns = `run_id, parent_run_id, name, project_no, run_type, status, start_time, end_time, tags, thread_id, model, total_tokens,
      inputs, outputs, error, rest`;
    const withoutTrail = (all: readonly Record<string, unknown>[]) =>
      all.map(({ rest, ...row }) => {
        const { muster_trail: _, ...others } = JSON.parse((rest ?? '{}') as string) as Record<string, unknown>;
        return { ...row, rest: others };
      });
    expect(withoutTrail(await rows(there, columns))).toEqual(withoutTrail(await rows(here, columns)));
    expect(await rows(there, 'run_id')).toHaveLength(4);
    await service.stop();
  });

  it.each(['protobuf', 'json'])('brings them there as spans in %s, with their ids, messages and tokens', async (encoding) => {
    const service = serviceOf(here);
    await add({ name: 'out', kind: 'otlp', endpoint: base, api_key: BOOTSTRAP, encoding });
    const [root, child] = [randomUUID(), randomUUID()];
    const parent = run(root, {
      run_type: 'chain',
      inputs: { question: 'why' },
      outputs: { answer: 'so' },
      tags: ['x', 'y'],
      error: 'it broke',
    });
    await send(here, {
      post: [
        parent,
        run(child, {
          trace_id: root,
          parent_run_id: root,
          dotted_order: `${parent.dotted_order}.${run(child).dotted_order}`,
          inputs: { messages: [{ role: 'user', content: 'Why?' }] },
          outputs: { messages: [{ role: 'assistant', content: 'Because.' }] },
          extra: {
            metadata: {
              ls_model_name: 'gpt-4o-mini',
              ls_provider: 'openai',
              thread_id: 't',
              usage_metadata: { input_tokens: 5, output_tokens: 2, total_tokens: 7 },
            },
            invocation_params: { temperature: 0.5 },
          },
        }),
      ],
    });
    await stepOf(service);
    const columns =
      'run_id, trace_id, parent_run_id, path, name, run_type, status, start_time, end_time, tags, thread_id, model, provider, total_tokens, total_cost, inputs, outputs, error';
    expect(await rows(there, columns)).toEqual(await rows(here, columns));
    await service.stop();
  });

  it.each([
    ['langsmith', 'langsmith'],
    ['otlp', 'otlp'],
    ['langsmith', 'otlp'],
  ] as const)('that forwards back here ends where it began: %s there, %s back', async (out, back) => {
    const homeward = await here.listen();
    const endpoint = (kind: string, url: string): string => (kind === 'langsmith' ? `${url}/langsmith` : url);
    await add({ name: 'out', kind: out, endpoint: endpoint(out, base), api_key: BOOTSTRAP });
    const body = { name: 'back', kind: back, endpoint: endpoint(back, homeward), api_key: BOOTSTRAP };
    expect((await there.ask('POST', '/traces/forwards', { body })).statusCode).toBe(201);
    const services = [serviceOf(here), serviceOf(there)];
    const id = randomUUID();
    await send(here, { post: [run(id)] });
    const say = (server: TestServer, score: number) =>
      server.app.inject({
        method: 'POST',
        url: '/langsmith/feedback',
        headers: bearer(BOOTSTRAP),
        payload: { id: randomUUID(), run_id: id, key: 'stars', score },
      });
    await say(here, 1);
    const lap = async (): Promise<void> => {
      for (const service of services) await stepOf(service);
    };
    await lap();
    // What began there does come here, and does not go back either.
    await send(there, { post: [run(randomUUID(), { name: 'theirs' })] });
    await lap();
    const seen = async (server: TestServer) => ({
      runs: await rows(server, 'run_id, name'),
      feed: (await server.database.database.query(sql`select count(*)::int as n from muster.trace_feed`)).rows,
      feedback: (await server.database.database.query(sql`select feedback_id, modified_at from muster.trace_feedback order by 1`)).rows,
    });
    const before = [await seen(here), await seen(there)];
    expect(before.map(({ runs }) => runs.length)).toEqual([2, 2]);
    for (let laps = 0; laps < 3; laps += 1) await lap();
    expect([await seen(here), await seen(there)]).toEqual(before);
    for (const service of services) await service.stop();
  });
});

describe('the routes of forwards', () => {
  it('never give a key back, and ask for it again where a forward is pointed elsewhere', async () => {
    await add({ name: 'out', kind: 'langsmith', endpoint: 'https://a.example', api_key: 'lsv2_secret' });
    const shown = await here.ask('GET', '/traces/forwards');
    expect([shown.body.includes('lsv2_secret'), shown.json().items[0].has_key]).toEqual([false, true]);
    const { rows } = await here.database.database.query<{ secrets: string }>(sql`select secrets from muster.trace_forwards`);
    expect(rows[0]?.secrets).not.toContain('lsv2_secret');
    expect((await here.ask('PATCH', '/traces/forwards/out', { body: { endpoint: 'https://b.example' } })).statusCode).toBe(422);
    expect(
      (await here.ask('PATCH', '/traces/forwards/out', { body: { endpoint: 'https://b.example', api_key: 'k' } })).json(),
    ).toMatchObject({ endpoint: 'https://b.example' });
    expect((await here.ask('DELETE', '/traces/forwards/out')).statusCode).toBe(204);
    expect((await here.ask('GET', '/traces/forwards/out')).statusCode).toBe(404);
  });

  it.each([
    ['an address that is none', { endpoint: 'nowhere' }, 422],
    ['a password in the address', { endpoint: 'https://u:p@a.example' }, 422],
    ['Muster itself', { endpoint: 'http://localhost:80/langsmith' }, 422],
    ['a project nobody has', { project: 'nobody' }, 404],
    ['a header that would be two', { headers: { a: 'b\r\nc: d' } }, 422],
    ['a patience of a year', { patience: '365d' }, 422],
    ['a patience that is no time', { patience: 'soon' }, 422],
  ])('refuse %s', async (_what, more, status) => {
    const answered = await here.ask('POST', '/traces/forwards', {
      body: { name: 'out', kind: 'langsmith', endpoint: 'https://a.example', ...more },
    });
    expect([answered.statusCode, answered.body]).toEqual([status, expect.any(String)]);
  });

  it('refuse a name that is taken', async () => {
    const body = { name: 'out', kind: 'otlp', endpoint: 'https://a.example' };
    await add(body);
    expect((await here.ask('POST', '/traces/forwards', { body })).statusCode).toBe(409);
  });
});
