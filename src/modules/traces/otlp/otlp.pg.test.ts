import { SpanStatusCode, trace, context } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bearer, BOOTSTRAP, testServer, type TestServer } from '../../../../test/server/support/test-server.ts';
import { sql } from '../../../db/sql.ts';
import { tracesModule } from '../index.ts';

let server: TestServer;
let base: string;
beforeAll(async () => {
  server = await testServer({ modules: [tracesModule] });
  base = await server.listen();
});
afterAll(() => server[Symbol.asyncDispose]());

interface Row extends Record<string, unknown> {
  readonly name: string;
}
const rowsOf = async (project: string): Promise<readonly Row[]> =>
  (
    await server.database.database.query<Row>(sql`select r.name, r.run_id, r.trace_id, r.parent_run_id, r.status, r.run_type, r.model,
        r.provider, r.prompt_tokens, r.completion_tokens, r.total_tokens, r.thread_id, r.user_id, r.tags,
        r.inputs, r.outputs, r.first_token_time is not null as has_first_token, r.total_cost is not null as has_cost
      from muster.trace_runs r join muster.trace_projects p using (project_no) where p.name = ${project} order by r.start_time, r.name`)
  ).rows;

const post = (payload: object, headers: Record<string, string> = bearer(BOOTSTRAP)) =>
  server.app.inject({ method: 'POST', url: '/v1/traces', headers: { 'content-type': 'application/json', ...headers }, payload });
const exported = (...spans: readonly object[]): object => ({ resourceSpans: [{ scopeSpans: [{ spans }] }] });

describe('spans of OpenTelemetry', () => {
  it('are runs with tokens, cost, thread and first token once they are acknowledged, whichever request their parent comes in', async () => {
    const provider = new NodeTracerProvider({
      spanProcessors: [
        new BatchSpanProcessor(
          new OTLPTraceExporter({ url: `${base}/v1/traces`, headers: { 'x-api-key': BOOTSTRAP, 'langsmith-project': 'via-otel' } }),
        ),
      ],
    });
    const tracer = provider.getTracer('test');
    const root = tracer.startSpan('answer', {
      attributes: { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.usage.input_tokens': 1_000 },
    });
    const chat = tracer.startSpan(
      'chat',
      {
        attributes: {
          'gen_ai.operation.name': 'chat',
          'gen_ai.provider.name': 'openai',
          'gen_ai.request.model': 'gpt-4o-mini',
          'gen_ai.conversation.id': 'thread-1',
          'user.id': 'user-1',
          'gen_ai.usage.input_tokens': 1_000,
          'gen_ai.usage.output_tokens': 100,
          'gen_ai.usage.cache_read.input_tokens': 400,
          'gen_ai.response.time_to_first_chunk': 0.1,
          'gen_ai.input.messages': '[{"role":"user","parts":[{"type":"text","content":"Why?"}]}]',
        },
      },
      trace.setSpan(context.active(), root),
    );
    chat.setStatus({ code: SpanStatusCode.ERROR, message: 'the model broke off' });
    chat.end();
    await provider.forceFlush();
    root.end();
    await provider.shutdown();
    const rows = await rowsOf('via-otel');
    const [answer, call] = [rows.find(({ name }) => name === 'answer'), rows.find(({ name }) => name === 'chat')];
    expect(answer).toMatchObject({ parent_run_id: null, prompt_tokens: null, total_tokens: null, status: 1 });
    expect(call).toMatchObject({
      parent_run_id: answer?.['run_id'],
      trace_id: answer?.['trace_id'],
      status: 2,
      model: 'gpt-4o-mini',
      provider: 'openai',
      prompt_tokens: 1_000,
      completion_tokens: 100,
      total_tokens: 1_100,
      thread_id: 'thread-1',
      user_id: 'user-1',
      has_first_token: true,
      has_cost: true,
      inputs: '{"messages":[{"role":"user","content":"Why?"}]}',
    });
  });

  it('change nothing when an exporter sends them again', async () => {
    const span = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), name: 'again', startTimeUnixNano: `${Date.now()}000000` };
    const payload = {
      resourceSpans: [
        { resource: { attributes: [{ key: 'service.name', value: { stringValue: 'twice' } }] }, scopeSpans: [{ spans: [span] }] },
      ],
    };
    expect([(await post(payload)).body, (await post(payload)).body]).toEqual(['{}', '{}']);
    expect(await rowsOf('twice')).toHaveLength(1);
  });

  it('that cannot be kept lie in quarantine, and their neighbours are kept', async () => {
    const start = `${Date.now()}000000`;
    const answer = await post(
      exported({ name: 'a log' }, { traceId: 'c'.repeat(32), spanId: 'd'.repeat(16), name: 'good', startTimeUnixNano: start }),
      { ...bearer(BOOTSTRAP), 'x-project-name': 'mixed' },
    );
    expect(answer.json()).toEqual({ partialSuccess: { rejectedSpans: '1', errorMessage: expect.stringContaining('no trace id') } });
    expect(await rowsOf('mixed')).toMatchObject([{ name: 'good' }]);
    const { rows } = await server.database.database.query(
      sql`select source, project, reason from muster.trace_quarantine where project = 'mixed'`,
    );
    expect(rows).toEqual([{ source: 'otlp', project: 'mixed', reason: 'bad_span' }]);
  });

  it.each([
    ['years ahead', 4_102_444_800_000],
    ['of 1970', 1_000],
    ['that nobody said', 0],
  ])('with a time %s are kept', async (what, ms) => {
    const name = `time ${what}`;
    const answer = await post(
      exported({
        traceId: 'e'.repeat(32),
        spanId: `${'f'.repeat(12)}${String(ms).slice(0, 4).padStart(4, '0')}`,
        name,
        startTimeUnixNano: `${ms}000000`,
      }),
      {
        ...bearer(BOOTSTRAP),
        'x-project-name': name,
      },
    );
    expect([answer.statusCode, answer.body]).toEqual([200, '{}']);
    expect(await rowsOf(name)).toHaveLength(1);
  });

  it('are taken from keys that may write, and from nobody else', async () => {
    const viewer = await server.key('viewer');
    expect((await post(exported(), {})).statusCode).toBe(401);
    expect((await post(exported(), bearer(viewer))).statusCode).toBe(403);
    expect((await post(exported(), bearer(await server.key('operator', { scopes: ['traces:write'] })))).statusCode).toBe(200);
  });
});

it('traces have ids that are random from end to end, of no version of UUID, and are read by every door like any other', async () => {
  const traceId = 'c0ffee00c0ffeec0ffeec0ffee000001';
  const nano = (ms: number): string => `${Date.now() + ms}000000`;
  const span = (spanId: string, more: object): object => ({
    traceId,
    spanId,
    startTimeUnixNano: nano(0),
    endTimeUnixNano: nano(5),
    ...more,
  });
  const attributes = [
    { key: 'session.id', value: { stringValue: 'random-thread' } },
    { key: 'gen_ai.operation.name', value: { stringValue: 'chat' } },
  ];
  const spans = [
    span('c0ffee0000000001', { name: 'root', attributes }),
    span('c0ffee0000000002', { name: 'call', attributes, parentSpanId: 'c0ffee0000000001' }),
  ];
  const sent = await post(exported(...spans), { ...bearer(BOOTSTRAP), 'langsmith-project': 'random-ids' });
  expect([sent.statusCode, sent.json()]).toEqual([200, {}]);
  const id = 'c0ffee00-c0ff-eec0-ffee-c0ffee000001';
  const rows = await rowsOf('random-ids');
  const run = String(rows.find(({ name }) => name === 'call')?.['run_id']);
  expect(rows.map((row) => row['trace_id'])).toEqual([id, id]);

  const read = async (method: 'GET' | 'PUT', path: string) => {
    const answer = await server.ask(method, `/traces${path}`);
    return [path, answer.statusCode < 300 ? 'read' : answer.body];
  };
  const paths = [
    '/runs?project=random-ids',
    `/runs?project=random-ids&trace_id=${id}`,
    `/runs?project=random-ids&filter=${encodeURIComponent(`eq(trace_id, "${id}")`)}`,
    `/runs/${run}`,
    `/feedback?run_id=${run}`,
    `/trees/${id}`,
    `/runs/${run}/share`,
    '/threads?project=random-ids',
    '/threads/random-thread?project=random-ids',
  ];
  expect(await read('PUT', `/runs/${run}/share`)).toEqual([`/runs/${run}/share`, 'read']);
  for (const path of paths) expect(await read('GET', path)).toEqual([path, 'read']);
  const langsmith = await server.app.inject({ method: 'GET', url: `/langsmith/runs/${run}`, headers: bearer(BOOTSTRAP) });
  expect(langsmith.json()).toMatchObject({ id: run, trace_id: id, name: 'call' });
});
