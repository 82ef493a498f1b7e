import { LangChainTracer } from '@langchain/core/tracers/tracer_langchain';
import { Annotation, END, START, StateGraph } from '@langchain/langgraph';
import { ChatOpenAI } from '@langchain/openai';
import { Client } from 'langsmith';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createOutbound } from '../../src/outbound/index.ts';
import { tracesModule } from '../../src/modules/traces/index.ts';
import { BOOTSTRAP, testServer, type TestServer } from '../server/support/test-server.ts';
import { until } from '../support/until.ts';
import { ScriptedProvider } from './support/scripted-provider.ts';

let server: TestServer;
let base: string;
let provider: ScriptedProvider;
beforeAll(async () => {
  provider = await new ScriptedProvider().open();
  server = await testServer({
    modules: [tracesModule],
    outbound: createOutbound({ allowedNetworks: ['127.0.0.0/8'], allowCommands: false }),
  });
  base = await server.listen();
  const added = await server.ask('PUT', '/gateway/providers/main', {
    body: { base_url: provider.url, api_key: 'sk-of-the-provider', kind: 'openai' },
  });
  expect([added.statusCode, added.body]).toEqual([200, expect.any(String)]);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await provider.close();
});

interface Item {
  readonly run_id: string;
  readonly parent_run_id: string | null;
  readonly trace_id: string;
  readonly name: string;
  readonly run_type: string;
  readonly status: string;
  readonly thread_id: string | null;
  readonly model: string | null;
  readonly total_tokens: number | null;
  readonly outputs_preview: string | null;
}

const list = async (query: string): Promise<readonly Item[]> =>
  (await server.ask('GET', `/traces/runs?${query}`)).json<{ items: readonly Item[] }>().items;

describe('an application of LangGraph whose model is called through the gateway', () => {
  it('is one trace of nodes and calls, in a thread, and each call is logged at the gateway as well', async () => {
    const client = new Client({ apiUrl: `${base}/langsmith`, apiKey: BOOTSTRAP });
    const tracer = new LangChainTracer({ client, projectName: 'graph' });
    const model = new ChatOpenAI({
      model: 'gpt-4o-mini',
      apiKey: BOOTSTRAP,
      configuration: { baseURL: `${base}/openai/v1`, defaultHeaders: { 'x-muster-project': 'gateway' } },
    });
    const State = Annotation.Root({ question: Annotation<string>(), answer: Annotation<string>() });
    const graph = new StateGraph(State)
      .addNode('think', async ({ question }, config) => ({ answer: (await model.invoke(`Answer: ${question}`, config)).text }))
      .addNode('check', ({ answer }) => ({ answer: `${answer}!` }))
      .addEdge(START, 'think')
      .addEdge('think', 'check')
      .addEdge('check', END)
      .compile();

    const result = await graph.invoke({ question: 'why?' }, { callbacks: [tracer], configurable: { thread_id: 'thread-7' } });
    expect(result.answer).toBe('Hello there!');
    await client.awaitPendingTraceBatches();

    let runs: readonly Item[] = [];
    await until('all runs of the graph have ended', async () => {
      runs = await list('project=graph&limit=100');
      return runs.length >= 4 && runs.every(({ status }) => status === 'success');
    });
    const root = runs.find(({ parent_run_id: parent }) => parent === null);
    expect(new Set(runs.map(({ trace_id: trace }) => trace))).toEqual(new Set([root?.trace_id]));
    expect(new Set(runs.map(({ thread_id: thread }) => thread))).toEqual(new Set(['thread-7']));
    const call = runs.find(({ run_type: type }) => type === 'llm');
    expect(call).toMatchObject({ name: 'ChatOpenAI', model: 'gpt-4o-mini', outputs_preview: 'Hello there' });
    expect(runs.find(({ run_id: id }) => id === call?.parent_run_id)?.name).toBe('think');
    expect(call?.total_tokens).toBeGreaterThan(0);

    let logged: readonly Item[] = [];
    await until('the gateway has logged the call', async () => (logged = await list('project=gateway')).length > 0);
    expect(logged[0]).toMatchObject({ run_type: 'llm', status: 'success', model: 'gpt-4o-mini', total_tokens: call?.total_tokens });
    expect(provider.requests).toHaveLength(1);
    expect(provider.last?.headers['authorization']).toBe('Bearer sk-of-the-provider');
  });
});
