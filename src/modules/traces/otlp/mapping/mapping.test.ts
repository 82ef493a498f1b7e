import { describe, expect, it } from 'vitest';
import { runUuid, traceUuid } from '../ids.ts';
import type { Attributes, Span, SpanEvent, Value } from '../span.ts';
import { runsOf } from '../submission.ts';

interface Json {
  readonly [name: string]: Json | undefined;
}

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const START = 1_795_677_264_000_000;

function span(attributes: Record<string, Value>, more: Partial<Span> = {}): Span {
  return {
    traceId: TRACE,
    spanId: 'b7ad6b7169203331',
    parentSpanId: '',
    traceState: '',
    name: 'span',
    kind: 1,
    start: START,
    end: START + 2_000_000,
    attributes: new Map(Object.entries(attributes)),
    events: [],
    links: [],
    status: { code: 0, message: '' },
    dropped: 0,
    ...more,
  };
}

const event = (name: string, attributes: Record<string, Value>, after = 500_000): SpanEvent => ({
  name,
  time: START + after,
  attributes: new Map(Object.entries(attributes)),
});

function runs(spans: readonly Span[], project?: string, resource: Attributes = new Map()) {
  return runsOf([{ resource, scope: { name: '', version: '' }, spans }], project);
}

/** One span's run, its JSON read. */
function run(attributes: Record<string, Value>, more: Partial<Span> = {}, project?: string) {
  const [operation] = runs([span(attributes, more)], project).operations;
  if (operation === undefined) throw new Error('no run');
  const read = (text: string | undefined): Json => (text === undefined ? undefined : JSON.parse(text)) as Json;
  const extra = read(operation.extra);
  return {
    ...operation,
    inputs: read(operation.inputs),
    outputs: read(operation.outputs),
    error: read(operation.error),
    events: read(operation.events),
    extra,
    metadata: extra['metadata'] as Json,
    params: extra['invocation_params'] as Json,
  };
}

describe('the current GenAI conventions', () => {
  it('make a run of a chat whose messages are structured', () => {
    const chat = run({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'aws.bedrock',
      'gen_ai.request.model': 'claude-sonnet-4-5',
      'gen_ai.response.model': 'claude-sonnet-4-5-20260101',
      'gen_ai.response.id': 'r-1',
      'gen_ai.response.finish_reasons': ['tool_calls'],
      'gen_ai.conversation.id': 'c-1',
      'user.id': 'u-1',
      'gen_ai.request.max_tokens': 100,
      'gen_ai.request.choice.count': 2,
      'gen_ai.request.stop_sequences': ['END'],
      'gen_ai.output.type': 'text',
      'gen_ai.response.time_to_first_chunk': 0.25,
      'gen_ai.tool.definitions': '[{"type":"function","name":"weather"}]',
      'gen_ai.system_instructions': [{ type: 'text', content: 'Be brief.' }],
      'gen_ai.input.messages': [
        { role: 'user', parts: [{ type: 'text', content: 'Weather in Bern?' }] },
        { role: 'tool', parts: [{ type: 'tool_call_response', id: 'c0', response: { sky: 'clear' } }] },
      ],
      'gen_ai.output.messages': JSON.stringify([
        {
          role: 'assistant',
          parts: [
            { type: 'reasoning', content: 'hmm' },
            { type: 'text', content: 'Let me look.' },
            { type: 'tool_call', id: 'c1', name: 'weather', arguments: { city: 'Bern' } },
          ],
          finish_reason: 'tool_call',
        },
      ]),
      'gen_ai.usage.input_tokens': '20',
      'gen_ai.usage.output_tokens': 10,
      'gen_ai.usage.cache_read.input_tokens': 5,
      'gen_ai.usage.cache_creation.input_tokens': 2,
      'gen_ai.usage.reasoning.output_tokens': 4,
      'gen_ai.usage.audio.input_tokens': 1,
      'server.address': 'api.example.com',
    });
    expect(chat).toMatchObject({
      runType: 'llm',
      inputs: {
        messages: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: 'Weather in Bern?' },
          { role: 'tool', tool_call_id: 'c0', content: '{"sky":"clear"}' },
        ],
      },
      outputs: {
        messages: [
          {
            role: 'assistant',
            finish_reason: 'tool_call',
            content: [
              { type: 'reasoning', text: 'hmm' },
              { type: 'text', text: 'Let me look.' },
            ],
            tool_calls: [{ id: 'c1', type: 'function', function: { name: 'weather', arguments: '{"city":"Bern"}' } }],
          },
        ],
      },
      metadata: {
        ls_provider: 'aws',
        ls_model_name: 'claude-sonnet-4-5',
        response_model: 'claude-sonnet-4-5-20260101',
        thread_id: 'c-1',
        user_id: 'u-1',
        finish_reason: 'tool_calls',
        response_id: 'r-1',
        'server.address': 'api.example.com',
        usage_metadata: {
          input_tokens: 20,
          output_tokens: 10,
          total_tokens: 30,
          input_token_details: { cache_read: 5, cache_creation: 2, audio: 1 },
          output_token_details: { reasoning: 4 },
        },
      },
      params: { max_tokens: 100, n: 2, stop: ['END'], output_type: 'text', tools: [{ type: 'function', name: 'weather' }] },
      events: [{ name: 'new_token', time: '2026-11-26T07:14:24.250000Z' }],
    });
  });

  it.each([
    ['chat', 'llm'],
    ['generate_content', 'llm'],
    ['text_completion', 'llm'],
    ['embeddings', 'embedding'],
    ['retrieval', 'retriever'],
    ['search_memory', 'retriever'],
    ['execute_tool', 'tool'],
    ['invoke_agent', 'chain'],
    ['update_memory', 'chain'],
    ['something_new', 'chain'],
  ])('take the operation %s for the type %s', (operation, type) => {
    expect(run({ 'gen_ai.operation.name': operation }).runType).toBe(type);
  });

  it('count no tokens of an agent, which repeats those of its calls, and lose no figure of it', () => {
    const agent = run({ 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'planner', 'gen_ai.usage.input_tokens': 20 });
    expect([agent.name, agent.metadata['usage_metadata'], agent.metadata['gen_ai.usage.input_tokens']]).toEqual(['planner', undefined, 20]);
  });

  it('add what came from the cache where the input was counted without it', () => {
    const { metadata } = run({
      'gen_ai.operation.name': 'chat',
      'gen_ai.usage.input_tokens': 10,
      'gen_ai.usage.output_tokens': 5,
      'gen_ai.usage.total_tokens': 15,
      'gen_ai.usage.cache_read.input_tokens': 100,
    });
    expect(metadata['usage_metadata']).toEqual({
      input_tokens: 110,
      output_tokens: 5,
      total_tokens: 115,
      input_token_details: { cache_read: 100 },
    });
  });

  it('make a run of a tool, and of a retrieval', () => {
    expect(
      run({
        'gen_ai.operation.name': 'execute_tool',
        'gen_ai.tool.name': 'weather',
        'gen_ai.tool.call.arguments': '{"city":"Bern"}',
        'gen_ai.tool.call.result': 'clear',
      }),
    ).toMatchObject({ runType: 'tool', name: 'weather', inputs: { city: 'Bern' }, outputs: { output: 'clear' } });
    expect(
      run({
        'gen_ai.operation.name': 'retrieval',
        'gen_ai.retrieval.query.text': 'why',
        'gen_ai.retrieval.documents': [{ id: 'd1', score: 0.9, content: 'because' }],
      }),
    ).toMatchObject({
      runType: 'retriever',
      inputs: { input: 'why' },
      outputs: { documents: [{ page_content: 'because', metadata: { id: 'd1', score: 0.9 } }] },
    });
  });

  it('read content and evaluations that come as events', () => {
    const { operations, feedback } = runs([
      span(
        { 'gen_ai.operation.name': 'chat' },
        {
          events: [
            event('gen_ai.client.inference.operation.details', {
              'gen_ai.input.messages': '[{"role":"user","parts":[{"type":"text","content":"hi"}]}]',
              'gen_ai.output.messages': '[{"role":"assistant","parts":[{"type":"text","content":"hello"}]}]',
            }),
            event('gen_ai.evaluation.result', {
              'gen_ai.evaluation.name': 'relevance',
              'gen_ai.evaluation.score.value': 0.8,
              'gen_ai.evaluation.score.label': 'good',
              'gen_ai.evaluation.explanation': 'on the point',
            }),
          ],
        },
      ),
    ]);
    expect([operations[0]?.inputs, operations[0]?.outputs, operations[0]?.events]).toEqual([
      '{"messages":[{"role":"user","content":"hi"}]}',
      '{"messages":[{"role":"assistant","content":"hello"}]}',
      undefined,
    ]);
    expect(feedback).toMatchObject([
      { runId: operations[0]?.runId, key: 'relevance', score: 0.8, value: '"good"', comment: 'on the point', source: 'model' },
    ]);
  });
});

describe('conventions of before', () => {
  it('are read: flattened messages, the old names of tokens and of the provider', () => {
    expect(
      run({
        'gen_ai.system': 'openai',
        'llm.request.type': 'chat',
        'gen_ai.request.model': 'gpt-4o',
        'gen_ai.prompt.0.role': 'system',
        'gen_ai.prompt.0.content': 'Be brief.',
        'gen_ai.prompt.1.role': 'user',
        'gen_ai.prompt.1.content':
          '[{"type":"text","text":"What is it?"},{"type":"image_url","image_url":{"url":"https://x.example/a.png"}}]',
        'gen_ai.completion.0.role': 'assistant',
        'gen_ai.completion.0.finish_reason': 'tool_calls',
        'gen_ai.completion.0.tool_calls.0.id': 'c1',
        'gen_ai.completion.0.tool_calls.0.name': 'weather',
        'gen_ai.completion.0.tool_calls.0.arguments': '{"city":"Bern"}',
        'gen_ai.usage.prompt_tokens': 9,
        'gen_ai.usage.completion_tokens': 3,
        'llm.usage.total_tokens': 12,
        'gen_ai.usage.cache_read_input_tokens': 4,
        'llm.is_streaming': true,
        'llm.request.functions.0.name': 'weather',
        'llm.request.functions.0.parameters': '{"type":"object"}',
        'traceloop.association.properties.session_id': 's-1',
        'traceloop.association.properties.user_id': 'u-1',
        'traceloop.association.properties.plan': 'gold',
      }),
    ).toMatchObject({
      runType: 'llm',
      inputs: {
        messages: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: [{ type: 'text', text: 'What is it?' }, { type: 'image_url' }] },
        ],
      },
      outputs: {
        messages: [{ role: 'assistant', finish_reason: 'tool_calls', tool_calls: [{ id: 'c1', function: { name: 'weather' } }] }],
      },
      metadata: {
        ls_provider: 'openai',
        thread_id: 's-1',
        user_id: 'u-1',
        plan: 'gold',
        usage_metadata: { input_tokens: 9, output_tokens: 3, total_tokens: 12, input_token_details: { cache_read: 4 } },
      },
      params: { stream: true, tools: [{ name: 'weather' }] },
    });
  });

  it('are read: an event a message', () => {
    const chat = run(
      { 'gen_ai.operation.name': 'chat' },
      {
        events: [
          event('gen_ai.system.message', { 'gen_ai.system': 'openai', content: 'Be brief.' }),
          event('gen_ai.user.message', { content: 'hi' }),
          event('gen_ai.choice', { index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'hello' } }),
        ],
      },
    );
    expect([chat.inputs, chat.outputs]).toEqual([
      {
        messages: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: 'hi' },
        ],
      },
      { messages: [{ role: 'assistant', content: 'hello', index: 0, finish_reason: 'stop' }] },
    ]);
  });

  it('are read: workflows and tools of OpenLLMetry', () => {
    expect(
      run({
        'traceloop.span.kind': 'workflow',
        'traceloop.entity.name': 'answer',
        'traceloop.entity.input': '{"inputs":{"q":1}}',
        'traceloop.entity.output': '"done"',
      }),
    ).toMatchObject({ runType: 'chain', name: 'answer', inputs: { inputs: { q: 1 } }, outputs: { output: 'done' } });
    expect(run({ 'traceloop.span.kind': 'tool', 'traceloop.entity.name': 'search' })).toMatchObject({ runType: 'tool', name: 'search' });
  });
});

describe('OpenInference', () => {
  it('makes a run of a chat, its messages and tools put together again', () => {
    expect(
      run({
        'openinference.span.kind': 'LLM',
        'llm.system': 'openai',
        'llm.model_name': 'gpt-4o',
        'llm.invocation_parameters': '{"temperature":0.1,"max_tokens":5}',
        'input.value': '{"messages":[]}',
        'input.mime_type': 'application/json',
        'llm.input_messages.0.message.role': 'user',
        'llm.input_messages.0.message.contents.0.message_content.type': 'text',
        'llm.input_messages.0.message.contents.0.message_content.text': 'Look',
        'llm.input_messages.0.message.contents.1.message_content.type': 'image',
        'llm.input_messages.0.message.contents.1.message_content.image.image.url': 'https://x.example/a.png',
        'llm.input_messages.10.message.role': 'user',
        'llm.input_messages.10.message.content': 'last',
        'llm.input_messages.2.message.role': 'tool',
        'llm.input_messages.2.message.content': 'clear',
        'llm.input_messages.2.message.tool_call_id': 'c1',
        'llm.output_messages.0.message.role': 'assistant',
        'llm.output_messages.0.message.tool_calls.0.tool_call.id': 'c2',
        'llm.output_messages.0.message.tool_calls.0.tool_call.function.name': 'weather',
        'llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments': '{}',
        'llm.tools.0.tool.json_schema': '{"type":"function","function":{"name":"weather"}}',
        'llm.token_count.prompt': 10,
        'llm.token_count.completion': 4,
        'llm.token_count.total': 14,
        'llm.token_count.prompt_details.cache_read': 3,
        'llm.token_count.completion_details.reasoning': 2,
        'llm.cost.total': 0.004,
        'session.id': 's-1',
        'user.id': 'u-1',
        'tag.tags': ['x', 'y'],
        metadata: '{"team":"red"}',
        'llm.finish_reason': 'tool_calls',
      }),
    ).toMatchObject({
      runType: 'llm',
      tags: ['x', 'y'],
      inputs: {
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'Look' },
              { type: 'image_url', image_url: { url: 'https://x.example/a.png' } },
            ],
          },
          { role: 'tool', content: 'clear', tool_call_id: 'c1' },
          { role: 'user', content: 'last' },
        ],
      },
      outputs: { messages: [{ role: 'assistant', tool_calls: [{ id: 'c2', function: { name: 'weather', arguments: '{}' } }] }] },
      metadata: {
        ls_provider: 'openai',
        ls_model_name: 'gpt-4o',
        thread_id: 's-1',
        user_id: 'u-1',
        team: 'red',
        usage_metadata: {
          input_tokens: 10,
          output_tokens: 4,
          total_tokens: 14,
          total_cost: 0.004,
          input_token_details: { cache_read: 3 },
          output_token_details: { reasoning: 2 },
        },
      },
      params: { temperature: 0.1, max_tokens: 5, tools: [{ type: 'function' }] },
    });
  });

  it.each([
    ['LLM', 'llm'],
    ['EMBEDDING', 'embedding'],
    ['RETRIEVER', 'retriever'],
    ['RERANKER', 'retriever'],
    ['TOOL', 'tool'],
    ['PROMPT', 'prompt'],
    ['AGENT', 'chain'],
    ['GUARDRAIL', 'chain'],
  ])('takes the kind %s for the type %s', (kind, type) => {
    expect(run({ 'openinference.span.kind': kind }).runType).toBe(type);
  });

  it('gives documents, evaluations and annotations', () => {
    const { operations, feedback } = runs([
      span({
        'openinference.span.kind': 'RETRIEVER',
        'input.value': 'why',
        'retrieval.documents.0.document.id': 'd1',
        'retrieval.documents.0.document.content': 'because',
        'retrieval.documents.0.document.score': 0.5,
        'retrieval.documents.0.document.metadata': '{"page":3}',
        'evaluations.0.evaluation.name': 'relevance',
        'evaluations.0.evaluation.score': 0.9,
        'evaluations.0.evaluation.label': 'relevant',
        'trace.annotations.0.annotation.name': 'thumbs',
        'trace.annotations.0.annotation.score': 1,
      }),
    ]);
    expect(JSON.parse(operations[0]?.outputs ?? '')).toEqual({
      documents: [{ type: 'Document', page_content: 'because', metadata: { page: 3, id: 'd1', score: 0.5 } }],
    });
    expect(feedback).toMatchObject([
      { key: 'relevance', score: 0.9, value: '"relevant"', runId: operations[0]?.runId },
      { key: 'thumbs', score: 1, traceId: traceUuid(TRACE) },
    ]);
    expect(feedback[1]).not.toHaveProperty('runId');
  });
});

describe("LangSmith's attributes", () => {
  const ID = '11111111-1111-4111-8111-111111111111';
  const PARENT = '22222222-2222-4222-8222-222222222222';
  const OF_TRACE = '33333333-3333-4333-8333-333333333333';

  it('win: ids, order, project, type, tags, usage', () => {
    const dottedOrder = `20261126T071424000000Z${OF_TRACE}.20261126T071424000001Z${ID}`;
    expect(
      run(
        {
          'langsmith.span.id': ID,
          'langsmith.span.parent_id': PARENT,
          'langsmith.trace.id': OF_TRACE,
          'langsmith.span.dotted_order': dottedOrder,
          'langsmith.trace.name': 'mine',
          'langsmith.span.kind': 'llm',
          'gen_ai.operation.name': 'invoke_agent',
          'langsmith.trace.session_name': 'by-attribute',
          'langsmith.span.tags': 'a, b',
          'langsmith.metadata.customer': 'acme',
          'langsmith.metadata.numbers': '12',
          'langsmith.usage_metadata': '{"input_tokens":1,"output_tokens":2,"total_tokens":3,"total_cost":0.5}',
          'gen_ai.usage.input_tokens': 100,
          'langsmith.attachments': JSON.stringify([{ name: 'a.txt', mime_type: 'text/plain', content: 'aGk=' }]),
        },
        {},
        'by-header',
      ),
    ).toMatchObject({
      runId: ID,
      parentRunId: PARENT,
      traceId: OF_TRACE,
      dottedOrder,
      name: 'mine',
      runType: 'llm',
      project: { name: 'by-attribute' },
      tags: ['a', 'b'],
      metadata: {
        customer: 'acme',
        numbers: '12',
        usage_metadata: { input_tokens: 1, output_tokens: 2, total_tokens: 3, total_cost: 0.5 },
      },
      attachments: [{ name: 'a.txt', mimeType: 'text/plain', body: Buffer.from('hi') }],
    });
  });

  it('name a parent for spans of the same export that know it only as a span', () => {
    const parent = span({ 'langsmith.span.id': ID }, { spanId: '00000000000000aa' });
    const child = span({}, { spanId: '00000000000000bb', parentSpanId: '00000000000000aa' });
    expect(runs([child, parent]).operations[0]?.parentRunId).toBe(ID);
  });
});

describe('any span', () => {
  it('finds its parent by a rule, in whichever request that comes', () => {
    const parent = runs([span({}, { spanId: '00000000000000aa' })]).operations[0];
    const child = runs([span({}, { spanId: '00000000000000bb', parentSpanId: '00000000000000aa' })]).operations[0];
    expect(child?.parentRunId).toBe(parent?.runId);
    expect(child?.traceId).toBe(traceUuid(TRACE));
    expect(parent?.runId).toBe(runUuid(TRACE, '00000000000000aa'));
    // The same span's id in another trace is another run.
    expect(runUuid('1af7651916cd43dd8448eb211c80319c', '00000000000000aa')).not.toBe(parent?.runId);
  });

  it('goes to the project that the request, the resource, or else the name of its service says', () => {
    const resource: Attributes = new Map(Object.entries({ 'service.name': 'shop', 'host.name': 'h1', team: 'red' }));
    const [byHeader] = runs([span({})], 'by-header', resource).operations;
    const [byService] = runs([span({})], undefined, resource).operations;
    const [byResource] = runs([span({})], undefined, new Map([...resource, ['openinference.project.name', 'phoenix']])).operations;
    const [unknown] = runs([span({})], undefined, new Map([['service.name', 'unknown_service:node']])).operations;
    expect([byHeader, byService, byResource, unknown].map((each) => each?.project)).toEqual([
      { name: 'by-header' },
      { name: 'shop' },
      { name: 'phoenix' },
      { name: 'default' },
    ]);
    expect(JSON.parse(byService?.extra ?? '')).toMatchObject({
      metadata: { 'service.name': 'shop', team: 'red' },
      runtime: { 'host.name': 'h1' },
    });
  });

  it('keeps what nobody mapped, its links and its events', () => {
    const kept = run(
      { 'custom.thing': { a: [1, 'x', null] }, 'ai.settings.maxRetries': 2 },
      {
        links: [{ traceId: TRACE, spanId: '00000000000000aa', attributes: new Map([['why', 'retry']]) }],
        events: [event('cache miss', { key: 'k' })],
        traceState: 'a=b',
      },
    );
    expect(kept).toMatchObject({
      metadata: { 'custom.thing': { a: [1, 'x', null] } },
      params: { maxRetries: 2 },
      events: [{ name: 'cache miss', time: '2026-11-26T07:14:24.500000Z', kwargs: { key: 'k' } }],
      extra: { otel: { trace_state: 'a=b', links: [{ trace_id: TRACE, span_id: '00000000000000aa', attributes: { why: 'retry' } }] } },
    });
  });

  it.each([
    ['a status', { status: { code: 2, message: 'timed out' } }, {}, 'timed out'],
    ['a status that says nothing', { status: { code: 2, message: '' } }, {}, 'failed without saying why'],
    ['error.type', {}, { 'error.type': '429' }, '429'],
    [
      'an exception',
      { events: [event('exception', { 'exception.type': 'E', 'exception.message': 'm', 'exception.stacktrace': 'at x' })] },
      {},
      'E: m\n\nat x',
    ],
  ])('has failed by %s', (_by, more, attributes, error) => {
    expect(run(attributes, more).error).toBe(error);
  });

  it('has not failed where its status says that an exception was dealt with', () => {
    const fine = run({}, { status: { code: 1, message: '' }, events: [event('exception', { 'exception.message': 'm' })] });
    expect([fine.error, fine.events]).toEqual([undefined, [expect.objectContaining({ name: 'exception' })]]);
  });

  it('keeps names that are dangerous elsewhere, and text that is nearly JSON or far too deep, as text', () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    const odd = run({
      __proto__x: 1,
      'input.value': deep,
      'output.value': '{"a":',
      'gen_ai.prompt.__proto__.x': 'y',
      'langsmith.metadata.__proto__': '{"polluted":true}',
      constructor: 'c',
    });
    expect([odd.inputs, odd.outputs]).toEqual([{ input: deep }, { output: '{"a":' }]);
    expect(Object.hasOwn(odd.metadata, '__proto__')).toBe(true);
    expect('polluted' in Object.prototype).toBe(false);
  });
});
