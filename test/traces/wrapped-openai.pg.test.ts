import { Client } from 'langsmith';
import { Client as OldestClient } from 'langsmith-0.3';
import { wrapOpenAI as oldest } from 'langsmith-0.3/wrappers';
import { Client as OlderClient } from 'langsmith-0.6';
import { wrapOpenAI as older } from 'langsmith-0.6/wrappers';
import { wrapOpenAI as current } from 'langsmith/wrappers';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tracesModule } from '../../src/modules/traces/index.ts';
import { BOOTSTRAP, testServer, type TestServer } from '../server/support/test-server.ts';
import { refuse, ScriptedProvider, speak } from './support/scripted-provider.ts';

let server: TestServer;
let provider: ScriptedProvider;
let apiUrl: string;
beforeAll(async () => {
  provider = await new ScriptedProvider().open();
  server = await testServer({ modules: [tracesModule] });
  apiUrl = `${await server.listen()}/langsmith`;
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await provider.close();
});

type Wrap = typeof current;

describe.each([
  ['current', current, Client],
  ['0.6', older as unknown as Wrap, OlderClient as unknown as typeof Client],
  ['0.3', oldest as unknown as Wrap, OldestClient as unknown as typeof Client],
])('an OpenAI client wrapped by the LangSmith SDK, %s', (version, wrap, LangSmith) => {
  it('has its calls kept with their model, tokens and price, whole, streamed or failed', async () => {
    provider.reset();
    const client = new LangSmith({ apiUrl, apiKey: BOOTSTRAP });
    const project = `wrapped-${version}`;
    const openai = wrap(new OpenAI({ apiKey: 'sk-of-nobody', baseURL: provider.url, maxRetries: 0 }), {
      client,
      project_name: project,
      tracingEnabled: true,
      metadata: { thread_id: 'talk' },
    });
    const asked = { model: 'gpt-4o-mini', messages: [{ role: 'user' as const, content: 'Where is my order?' }] };
    provider.next.push(
      speak('In the post', { prompt: 100 }),
      speak('On its way to you', { prompt: 100, pauseMs: 5 }),
      refuse(400, 'no such model'),
    );
    await openai.chat.completions.create(asked);
    const heard = [];
    const stream = await openai.chat.completions.create({ ...asked, stream: true, stream_options: { include_usage: true } });
    for await (const chunk of stream) heard.push(chunk.choices[0]?.delta.content ?? '');
    expect(heard.join('')).toBe('On its way to you');
    await expect(openai.chat.completions.create(asked)).rejects.toThrow('no such model');
    await client.awaitPendingTraceBatches();

    const runs = [];
    for await (const run of client.listRuns({ projectName: project, order: 'asc' })) runs.push(run);
    expect(runs).toMatchObject([
      { run_type: 'llm', status: 'success', prompt_tokens: 100, completion_tokens: 3, total_tokens: 103 },
      { run_type: 'llm', status: 'success', prompt_tokens: 100, completion_tokens: 5, first_token_time: expect.any(String) },
      { run_type: 'llm', status: 'error', error: expect.stringContaining('no such model') },
    ]);
    expect(runs[0]?.inputs).toMatchObject({ messages: asked.messages });
    expect(JSON.stringify([runs[0]?.outputs, runs[1]?.outputs])).toMatch(/In the post.*On its way to you/);
    // 100 tokens in at 0.15 USD a million, 3 and 5 out at 0.60.
    const listed = await server.ask('GET', `/traces/runs?project=${project}&model=gpt-4o-mini`);
    expect(listed.json<{ items: readonly object[] }>().items).toMatchObject([
      { thread_id: 'talk', status: 'error', total_cost: null },
      { thread_id: 'talk', total_cost: '0.000018' },
      { thread_id: 'talk', total_cost: '0.0000168' },
    ]);
  });
});
