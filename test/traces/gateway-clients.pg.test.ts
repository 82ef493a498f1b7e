import { createOpenAI } from '@ai-sdk/openai';
import { HumanMessage, ToolMessage, type AIMessageChunk } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai';
import { embedMany, generateText, stepCountIs, streamText, tool as aiTool } from 'ai';
import OpenAI from 'openai';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { sql } from '../../src/db/sql.ts';
import { tracesModule } from '../../src/modules/traces/index.ts';
import { createOutbound } from '../../src/outbound/index.ts';
import { testServer, type TestServer } from '../server/support/test-server.ts';
import { until } from '../support/until.ts';
import { callTool, ScriptedProvider, speak } from './support/scripted-provider.ts';

let server: TestServer;
let base: string;
let key: string;
let provider: ScriptedProvider;
beforeAll(async () => {
  provider = await new ScriptedProvider().open();
  server = await testServer({
    modules: [tracesModule],
    outbound: createOutbound({ allowedNetworks: ['127.0.0.0/8'], allowCommands: false }),
  });
  base = await server.listen();
  key = await server.key('operator', { scopes: ['gateway:write'] });
  const added = await server.ask('PUT', '/gateway/providers/main', { body: { base_url: provider.url, api_key: 'k', kind: 'openai' } });
  expect([added.statusCode, added.body]).toEqual([200, expect.any(String)]);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await provider.close();
});
afterEach(() => provider.reset());

interface Run {
  readonly run_id: string;
  readonly start_time: string;
  readonly name: string;
  readonly status: string;
  readonly prompt_tokens: number | null;
  readonly completion_tokens: number | null;
  readonly total_cost: string | null;
}

/** The runs of a project as they are read back, in the order in which they began. */
async function logged(project: string, count: number): Promise<readonly (Run & { readonly outputs: unknown })[]> {
  let items: readonly Run[] = [];
  await until('all are logged', async () => {
    // Before its first run there is no such project.
    const answer = await server.ask('GET', `/traces/runs?project=${project}&limit=100`);
    items = answer.statusCode === 200 ? answer.json<{ items: readonly Run[] }>().items : [];
    return items.length === count;
  });
  const whole = await Promise.all(
    items.map(async ({ run_id: id }) => (await server.ask('GET', `/traces/runs/${id}`)).json<Run & { readonly outputs: unknown }>()),
  );
  return whole.toSorted((a, b) => (a.start_time < b.start_time ? -1 : 1));
}

const openai = (project: string): OpenAI =>
  new OpenAI({ baseURL: `${base}/openai/v1`, apiKey: key, defaultHeaders: { 'x-muster-project': project }, maxRetries: 0 });
const PARAMETERS = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false };
const WEATHER = { type: 'function', function: { name: 'weather', parameters: PARAMETERS } } as const;

describe('the client of OpenAI', () => {
  it('calls tools in a streamed chat, and the log has the call whole', async () => {
    provider.script = callTool('weather', { city: 'Oslo' }, 'It snows');
    const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'weather in Oslo?' }];
    const stream = openai('chat').chat.completions.stream({ model: 'gpt-4o-mini', messages, tools: [WEATHER] });
    const { message } = (await stream.finalChatCompletion()).choices[0] ?? {};
    const [call] = message?.tool_calls ?? [];
    expect(call).toMatchObject({ id: 'call_1', function: { name: 'weather', arguments: '{"city":"Oslo"}' } });
    if (message === undefined) return;
    messages.push(message, { role: 'tool', tool_call_id: 'call_1', content: 'snow' });
    const end = await openai('chat').chat.completions.create({ model: 'gpt-4o-mini', messages, tools: [WEATHER] });
    expect(end.choices[0]?.message.content).toBe('It snows');
    const [first, second] = await logged('chat', 2);
    expect(first).toMatchObject({ status: 'success', prompt_tokens: 30, completion_tokens: 12, total_cost: expect.any(String) });
    expect(JSON.stringify(first?.outputs)).toContain(JSON.stringify('{"city":"Oslo"}'));
    expect(second).toMatchObject({ status: 'success', prompt_tokens: 9 });
  });

  it('reads every event of a response in its order, fresh and as it is kept', async () => {
    provider.script = speak('It snows in Oslo');
    const asked = { model: 'gpt-4o-mini', input: 'weather in Oslo?', temperature: 0 };
    for (const from of ['miss', 'exact']) {
      const caches: (string | null)[] = [];
      const client = openai('events').withOptions({
        fetch: async (url, init) => {
          const answer = await fetch(url, init);
          caches.push(answer.headers.get('x-muster-cache'));
          return answer;
        },
      });
      // The client puts its answer together from the events, and fails on one that comes before what it belongs to.
      const stream = client.responses.stream(asked);
      const numbers: number[] = [];
      const types = new Set<string>();
      stream.on('event', (event) => {
        numbers.push(event.sequence_number);
        types.add(event.type);
      });
      const { output_text: text, usage } = await stream.finalResponse();
      expect([caches, text, usage?.output_tokens]).toEqual([[from], 'It snows in Oslo', 4]);
      expect(numbers).toEqual(numbers.map((_, place) => place));
      expect([...types]).toEqual([
        'response.created',
        'response.in_progress',
        'response.output_item.added',
        'response.content_part.added',
        'response.output_text.delta',
        'response.output_text.done',
        'response.content_part.done',
        'response.output_item.done',
        'response.completed',
      ]);
      await until('the answer is kept', async () => {
        const { rows } = await server.database.database.query(sql`select from muster.gateway_answers where project = 'events'`);
        return rows.length === 1;
      });
    }
    expect(provider.requests).toHaveLength(1);
  });

  it('calls tools by the Responses API, streamed and whole', async () => {
    provider.script = callTool('weather', { city: 'Oslo' }, 'It snows');
    const asked = {
      model: 'gpt-4o-mini',
      input: 'weather in Oslo?',
      tools: [{ type: 'function' as const, name: 'weather', parameters: PARAMETERS, strict: true }],
    };
    const streamed = await openai('responses').responses.stream(asked).finalResponse();
    expect(streamed.output[0]).toMatchObject({ type: 'function_call', call_id: 'call_1', arguments: '{"city":"Oslo"}' });
    const whole = await openai('responses').responses.create(asked);
    const input: OpenAI.Responses.ResponseInput = [
      { role: 'user', content: asked.input },
      { type: 'function_call', call_id: 'call_1', name: 'weather', arguments: '{"city":"Oslo"}' },
      { type: 'function_call_output', call_id: 'call_1', output: 'snow' },
    ];
    expect(whole.output[0]?.type).toBe('function_call');
    expect((await openai('responses').responses.create({ ...asked, input })).output_text).toBe('It snows');
    const runs = await logged('responses', 3);
    expect(runs.map(({ prompt_tokens: tokens }) => tokens)).toEqual([30, 30, 9]);
    for (const { outputs } of runs.slice(0, 2)) expect(JSON.stringify(outputs)).toContain('function_call');
  });
});

describe('LangChain’s client of OpenAI', () => {
  const model = (project: string): ChatOpenAI =>
    new ChatOpenAI({
      model: 'gpt-4o-mini',
      apiKey: key,
      maxRetries: 0,
      configuration: { baseURL: `${base}/openai/v1`, defaultHeaders: { 'x-muster-project': project } },
    });
  const weather = tool(({ city }) => `snow in ${city}`, { name: 'weather', schema: z.object({ city: z.string() }) });

  it('streams, and calls tools', async () => {
    provider.script = callTool('weather', { city: 'Oslo' }, 'It snows');
    const bound = model('langchain').bindTools([weather]);
    const question = new HumanMessage('weather in Oslo?');
    let asked: AIMessageChunk | undefined;
    for await (const chunk of await bound.stream([question])) asked = asked?.concat(chunk) ?? chunk;
    const [call] = asked?.tool_calls ?? [];
    expect(call).toMatchObject({ name: 'weather', args: { city: 'Oslo' }, id: 'call_1' });
    if (asked === undefined || call === undefined) return;
    expect(asked.usage_metadata).toMatchObject({ input_tokens: 30, output_tokens: 12 });
    const said = new ToolMessage({ content: await weather.invoke({ city: 'Oslo' }), tool_call_id: 'call_1' });
    let text = '';
    for await (const chunk of await bound.stream([question, asked, said])) text += chunk.text;
    expect(text).toBe('It snows');
    const runs = await logged('langchain', 2);
    expect(runs.map(({ status, completion_tokens: tokens }) => [status, tokens])).toEqual([
      ['success', 12],
      ['success', 2],
    ]);
  });

  it('embeds texts', async () => {
    provider.script = speak('', { model: 'text-embedding-3-small' });
    const embeddings = new OpenAIEmbeddings({
      model: 'text-embedding-3-small',
      apiKey: key,
      encodingFormat: 'float',
      configuration: { baseURL: `${base}/openai/v1`, defaultHeaders: { 'x-muster-project': 'embeddings' } },
    });
    expect(await embeddings.embedDocuments(['a', 'b'])).toEqual([
      [0.25, -0.5, 1],
      [0.25, -0.5, 1],
    ]);
    expect(await logged('embeddings', 1)).toMatchObject([{ status: 'success', prompt_tokens: 4 }]);
  });
});

describe('the AI SDK’s client of OpenAI', () => {
  const client = (project: string): ReturnType<typeof createOpenAI> =>
    createOpenAI({ baseURL: `${base}/openai/v1`, apiKey: key, headers: { 'x-muster-project': project } });
  const tools = {
    weather: aiTool({ inputSchema: z.object({ city: z.string() }), execute: async ({ city }) => `snow in ${city}` }),
  };
  const question = { prompt: 'weather in Oslo?', tools, stopWhen: stepCountIs(2), maxRetries: 0 };

  it.each([
    ['by chat completions', 'ai-chat', (project: string) => client(project).chat('gpt-4o-mini')],
    ['by the Responses API', 'ai-responses', (project: string) => client(project).responses('gpt-4o-mini')],
  ])('lets a tool run between two answers, whole and streamed, %s', async (_, project, model) => {
    provider.script = callTool('weather', { city: 'Oslo' }, 'It snows');
    const whole = await generateText({ model: model(project), ...question });
    expect(whole.text).toBe('It snows');
    expect(whole.steps[0]?.toolResults).toMatchObject([{ toolName: 'weather', output: 'snow in Oslo' }]);
    expect(whole.totalUsage).toMatchObject({ inputTokens: 39, outputTokens: 14 });
    const streamed = streamText({ model: model(`${project}-streamed`), ...question });
    let text = '';
    for await (const piece of streamed.textStream) text += piece;
    expect(text).toBe('It snows');
    expect(await streamed.totalUsage).toMatchObject({ inputTokens: 39, outputTokens: 14 });
    for (const where of [project, `${project}-streamed`]) {
      const runs = await logged(where, 2);
      expect(runs.map(({ status, prompt_tokens: tokens }) => [status, tokens])).toEqual([
        ['success', 30],
        ['success', 9],
      ]);
      expect(JSON.stringify(runs[0]?.outputs)).toContain(JSON.stringify('{"city":"Oslo"}'));
    }
  });

  it('embeds texts', async () => {
    provider.script = speak('', { model: 'text-embedding-3-small' });
    const model = client('ai-embeddings').embedding('text-embedding-3-small');
    const { embeddings } = await embedMany({ model, values: ['a', 'b'], maxRetries: 0 });
    expect(embeddings).toEqual([
      [0.25, -0.5, 1],
      [0.25, -0.5, 1],
    ]);
    expect(await logged('ai-embeddings', 1)).toMatchObject([{ status: 'success', prompt_tokens: 4 }]);
  });
});
