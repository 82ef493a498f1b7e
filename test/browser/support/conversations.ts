import type { Client } from 'langsmith';
import { RunTree } from 'langsmith/run_trees';

/** A conversation of two turns, as an application would send it. */
export async function converse(
  client: Client,
  thread: string,
  question: string,
  answer: string,
  temperature: number,
): Promise<readonly [RunTree, RunTree]> {
  const metadata = { thread_id: thread, user_id: 'ada' };
  const agent = new RunTree({
    name: 'support_agent',
    run_type: 'chain',
    inputs: { messages: [{ role: 'user', content: question }] },
    extra: { metadata },
    tags: ['beta'],
    project_name: 'support',
    client,
  });
  await agent.postRun();
  const tool = agent.createChild({ name: 'get_weather', run_type: 'tool', inputs: { city: 'Paris' } });
  await tool.postRun();
  await tool.end(undefined, 'TimeoutError: the weather did not answer\n    at get_weather (weather.py:42)');
  await tool.patchRun();
  const model = agent.createChild({
    name: 'ChatOpenAI',
    run_type: 'llm',
    inputs: {
      messages: [
        { role: 'system', content: 'You are a **travel assistant**.' },
        { role: 'user', content: question },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'get_weather', arguments: '{"city":"Paris"}' } }],
        },
        { role: 'tool', tool_call_id: 'call_1', content: '{"summary":"Rain in the afternoon"}' },
      ],
    },
    extra: { metadata: { ...metadata, ls_provider: 'openai', ls_model_name: 'gpt-4o-mini' }, invocation_params: { temperature } },
  });
  await model.postRun();
  await model.end({
    choices: [{ message: { role: 'assistant', content: answer }, finish_reason: 'stop' }],
    usage_metadata: { input_tokens: 1_000, output_tokens: 100, total_tokens: 1_100, input_token_details: { cache_read: 400 } },
  });
  await model.patchRun();
  await agent.end({ output: answer });
  await agent.patchRun();
  return [agent, model];
}

/** A root with 99 steps, each with 100 below it. Sent as old SDKs send: so many at once that the network is not what is measured. */
export async function sendLarge(client: Client, count: number): Promise<string> {
  const began = Date.now() - 60_000;
  const idOf = (index: number): string => `019a0000-0000-4000-8000-${index.toString().padStart(12, '0')}`;
  const segment = (index: number): string => `${new Date(began + index).toISOString().replaceAll(/[-:.]|Z$/g, '')}000Z${idOf(index)}`;
  const runs = Array.from({ length: count }, (_, index) => {
    const parent = index === 0 ? undefined : index < 100 ? 0 : 1 + (index % 99);
    return {
      id: idOf(index),
      trace_id: idOf(0),
      dotted_order: [parent === undefined ? [] : parent === 0 ? [0] : [0, parent], index].flat().map(segment).join('.'),
      ...(parent === undefined ? {} : { parent_run_id: idOf(parent) }),
      name: `step ${index}`,
      run_type: index % 3 === 0 ? 'tool' : 'chain',
      session_name: 'large',
      start_time: new Date(began + index).toISOString(),
      end_time: new Date(began + index + 20).toISOString(),
      inputs: { index },
      outputs: { index },
    };
  });
  for (let at = 0; at < runs.length; at += 1_000) await client.batchIngestRuns({ runCreates: runs.slice(at, at + 1_000) });
  return idOf(0);
}
