import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SpanStatusCode, trace, context, type Tracer } from '@opentelemetry/api';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtoExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider, type SpanExporter } from '@opentelemetry/sdk-trace-node';
import { generateText, stepCountIs, streamText, tool } from 'ai';
import { MockLanguageModelV3, simulateReadableStream } from 'ai/test';
import { z } from 'zod';
import type { RunOperation } from '../run/operation.ts';
import { recordingDoor, type RecordingDoor } from './testing.ts';

interface Json {
  readonly [name: string]: Json | undefined;
}

// Without one, a span that is begun within another does not know it.
beforeAll(() => {
  new NodeTracerProvider().register();
  trace.disable();
  return () => context.disable();
});

let door: RecordingDoor;
beforeEach(async () => {
  door = await recordingDoor();
  return () => door[Symbol.asyncDispose]();
});

async function record(exporter: SpanExporter, work: (tracer: Tracer) => Promise<void> | void): Promise<void> {
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'shop', 'deployment.environment': 'test' }),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  try {
    await work(provider.getTracer('manual', '1.0'));
  } finally {
    await provider.shutdown();
  }
}

const parsed = (text: string | undefined): Json => JSON.parse(text ?? 'null') as Json;
const named = (name: string): RunOperation => {
  const found = door.runs().find((run) => run.name === name);
  if (found === undefined)
    throw new Error(
      `no run ${name} among ${door
        .runs()
        .map((run) => run.name)
        .join(', ')}`,
    );
  return found;
};

describe('the exporters of OpenTelemetry', () => {
  const senders: readonly [string, (url: string) => SpanExporter][] = [
    ['JSON', (url) => new JsonExporter({ url })],
    ['protobuf', (url) => new ProtoExporter({ url })],
    ['JSON with gzip', (url) => new JsonExporter({ url, compression: 'gzip' as never })],
    ['protobuf with gzip', (url) => new ProtoExporter({ url, compression: 'gzip' as never })],
  ];
  it.each(senders)('send spans as %s, and each becomes a run that knows its parent, its times and its error', async (_name, make) => {
    const before = Date.now() * 1_000 - 1_000;
    await record(make(`${door.url}/v1/traces`), (tracer) => {
      const root = tracer.startSpan('answer', { attributes: { 'user.id': 'u-1', flag: true, big: 12, ratio: 0.5, list: ['a', 'b'] } });
      const chat = tracer.startSpan(
        'chat gpt-4o',
        {
          attributes: {
            'gen_ai.operation.name': 'chat',
            'gen_ai.provider.name': 'openai',
            'gen_ai.request.model': 'gpt-4o',
            'gen_ai.request.temperature': 0.2,
            'gen_ai.usage.input_tokens': 10,
            'gen_ai.usage.output_tokens': 5,
            'gen_ai.usage.cache_read.input_tokens': 4,
          },
        },
        trace.setSpan(context.active(), root),
      );
      chat.recordException(new TypeError('no such model'));
      chat.setStatus({ code: SpanStatusCode.ERROR, message: 'it broke' });
      chat.end();
      root.end();
    });
    const root = named('answer');
    const chat = named('chat gpt-4o');
    expect(root).toMatchObject({ kind: 'post', runType: 'chain', project: { name: 'shop' }, parentRunId: undefined });
    expect(chat).toMatchObject({ runType: 'llm', parentRunId: root.runId, traceId: root.traceId });
    expect(root.startTime).toBeGreaterThan(before);
    expect(root.endTime).toBeGreaterThanOrEqual(root.startTime ?? 0);
    expect(parsed(chat.error)).toMatch(/^TypeError: no such model\n +at /);
    expect(parsed(root.extra)).toMatchObject({
      metadata: { user_id: 'u-1', flag: true, big: 12, ratio: 0.5, list: ['a', 'b'], 'deployment.environment': 'test' },
      otel: { scope: { name: 'manual', version: '1.0' } },
    });
    expect(parsed(chat.extra)).toMatchObject({
      metadata: {
        ls_provider: 'openai',
        ls_model_name: 'gpt-4o',
        usage_metadata: { input_tokens: 10, output_tokens: 5, total_tokens: 15, input_token_details: { cache_read: 4 } },
      },
      invocation_params: { temperature: 0.2 },
    });
  });
});

const usage = {
  inputTokens: { total: 12, noCache: 7, cacheRead: 5, cacheWrite: 0 },
  outputTokens: { total: 6, text: 4, reasoning: 2 },
};

describe('the AI SDK', () => {
  it('sends a chat that calls a tool: tokens count in its calls of the model and not again in their parent', async () => {
    let turn = 0;
    const model = new MockLanguageModelV3({
      provider: 'openai.chat',
      modelId: 'gpt-4o',
      doGenerate: async () => {
        turn += 1;
        return turn === 1
          ? {
              content: [{ type: 'tool-call', toolCallId: 'c1', toolName: 'weather', input: '{"city":"Bern"}' }],
              finishReason: { unified: 'tool-calls', raw: 'tool_calls' },
              usage,
              warnings: [],
            }
          : { content: [{ type: 'text', text: 'Sunny.' }], finishReason: { unified: 'stop', raw: 'stop' }, usage, warnings: [] };
      },
    });
    await record(new ProtoExporter({ url: `${door.url}/v1/traces` }), async (tracer) => {
      await generateText({
        model,
        system: 'Be brief.',
        prompt: 'Weather in Bern?',
        stopWhen: stepCountIs(3),
        tools: { weather: tool({ inputSchema: z.object({ city: z.string() }), execute: async ({ city }) => ({ city, sky: 'clear' }) }) },
        experimental_telemetry: {
          isEnabled: true,
          tracer,
          functionId: 'forecast',
          metadata: { userId: 'u-7', sessionId: 's-9', tags: ['beta'], ls_project_name: 'weather' },
        },
      });
    });
    const root = named('forecast');
    const calls = door.runs().filter((run) => run.runType === 'llm');
    const toolRun = named('weather');
    expect(door.runs().every(({ project }) => JSON.stringify(project) === '{"name":"weather"}')).toBe(true);
    expect(calls).toHaveLength(2);
    expect(new Set(calls.map((run) => run.parentRunId))).toEqual(new Set([root.runId]));
    expect(root.runType).toBe('chain');
    expect(parsed(root.extra)['metadata']).toMatchObject({ user_id: 'u-7', thread_id: 's-9' });
    expect(parsed(root.extra)['metadata']).not.toHaveProperty('usage_metadata');
    expect(root.tags).toEqual(['beta']);
    const [first, second] = calls.toSorted((a, b) => (a.startTime ?? 0) - (b.startTime ?? 0));
    expect(parsed(first?.extra)['metadata']).toMatchObject({
      ls_provider: 'openai',
      ls_model_name: 'gpt-4o',
      usage_metadata: {
        input_tokens: 12,
        output_tokens: 6,
        total_tokens: 18,
        input_token_details: { cache_read: 5 },
        output_token_details: { reasoning: 2 },
      },
    });
    expect(parsed(first?.extra)['invocation_params']?.['tools']).toMatchObject([{ name: 'weather' }]);
    expect(parsed(first?.outputs)['messages']).toMatchObject([
      { role: 'assistant', tool_calls: [{ id: 'c1', function: { name: 'weather', arguments: '{"city":"Bern"}' } }] },
    ]);
    expect(parsed(second?.inputs)['messages']).toMatchObject([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Weather in Bern?' },
      { role: 'assistant', tool_calls: [{ id: 'c1' }] },
      { role: 'tool', tool_call_id: 'c1', content: '{"city":"Bern","sky":"clear"}' },
    ]);
    expect(parsed(second?.outputs)['messages']).toMatchObject([{ role: 'assistant', content: 'Sunny.' }]);
    expect(toolRun.runType).toBe('tool');
    expect([parsed(toolRun.inputs), parsed(toolRun.outputs)]).toEqual([{ city: 'Bern' }, { city: 'Bern', sky: 'clear' }]);
  });

  it('sends a stream: when its first token came is known', async () => {
    const model = new MockLanguageModelV3({
      doStream: async () => ({
        stream: simulateReadableStream({
          chunks: [
            { type: 'stream-start', warnings: [] },
            { type: 'text-start', id: '1' },
            { type: 'text-delta', id: '1', delta: 'Hel' },
            { type: 'text-delta', id: '1', delta: 'lo' },
            { type: 'text-end', id: '1' },
            { type: 'finish', finishReason: { unified: 'stop', raw: 'stop' }, usage },
          ] as never[],
        }),
      }),
    });
    await record(new JsonExporter({ url: `${door.url}/otel/v1/traces` }), async (tracer) => {
      const stream = streamText({ model, prompt: 'Say hello', experimental_telemetry: { isEnabled: true, tracer } });
      for await (const _ of stream.textStream);
    });
    const call = door.runs().find((run) => run.runType === 'llm');
    expect(parsed(call?.outputs)['messages']).toMatchObject([{ role: 'assistant', content: 'Hello' }]);
    const [token] = parsed(call?.events) as unknown as { name: string; time: string }[];
    expect(token?.name).toBe('new_token');
    expect(Date.parse(token?.time ?? '') * 1_000).toBeGreaterThanOrEqual((call?.startTime ?? Infinity) - 1_000);
    expect(Date.parse(token?.time ?? '') * 1_000).toBeLessThanOrEqual(call?.endTime ?? 0);
  });
});

describe('the SDK of LangSmith in its OpenTelemetry mode', () => {
  const environment = {
    LANGSMITH_TRACING: 'true',
    LANGSMITH_TRACING_MODE: 'otel',
    LANGSMITH_API_KEY: 'lsv2_test_key',
    LANGSMITH_PROJECT: 'from-otel',
  };
  beforeAll(() => Object.assign(process.env, environment));
  afterAll(() => {
    for (const name of [...Object.keys(environment), 'LANGSMITH_ENDPOINT']) delete process.env[name];
  });

  it('sends nested runs: parents are found, inputs and outputs are what the functions took and gave', async () => {
    process.env['LANGSMITH_ENDPOINT'] = `${door.url}/langsmith`;
    const { initializeOTEL } = await import('langsmith/experimental/otel/setup');
    const { traceable, getCurrentRunTree } = await import('langsmith/traceable');
    const { DEFAULT_LANGSMITH_SPAN_PROCESSOR: processor } = initializeOTEL({ skipGlobalContextManagerSetup: true });
    let told = '';
    const model = traceable(async ({ question }: { question: string }) => ({ answer: question.length }), {
      name: 'model',
      run_type: 'llm',
      metadata: { ls_model_name: 'gpt-4o', ls_provider: 'openai' },
    });
    const root = traceable(
      async (input: { question: string }) => {
        told = getCurrentRunTree().id;
        return await model(input);
      },
      { name: 'root', tags: ['a', 'b'], metadata: { thread_id: 't-1', nested: { deep: true } } },
    );
    await root({ question: 'why?' });
    const { Client } = await import('langsmith');
    await processor.forceFlush();
    await new Client().awaitPendingTraceBatches();
    await processor.forceFlush();
    await expect.poll(() => door.runs().length).toBe(2);
    const [rootRun, modelRun] = [named('root'), named('model')];
    expect(rootRun).toMatchObject({
      runId: told,
      parentRunId: undefined,
      project: { name: 'from-otel' },
      tags: ['a', 'b'],
      runType: 'chain',
    });
    expect(modelRun).toMatchObject({ parentRunId: told, traceId: rootRun.traceId, runType: 'llm' });
    expect([parsed(rootRun.inputs), parsed(rootRun.outputs)]).toEqual([{ question: 'why?' }, { answer: 4 }]);
    expect(parsed(rootRun.extra)['metadata']).toMatchObject({ thread_id: 't-1', nested: { deep: true } });
    expect(parsed(modelRun.extra)['metadata']).toMatchObject({ ls_model_name: 'gpt-4o', ls_provider: 'openai' });
    await processor.shutdown();
  });
});
