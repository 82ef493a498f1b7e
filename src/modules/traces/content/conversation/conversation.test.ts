import { AIMessage, HumanMessage, SystemMessage, ToolMessage } from '@langchain/core/messages';
import { describe, expect, it } from 'vitest';
import { conversationOf, type Conversation } from './index.ts';

const read = (inputs: unknown, outputs: unknown = null, extra: unknown = {}): Conversation =>
  conversationOf({ inputs: JSON.stringify(inputs), outputs: JSON.stringify(outputs), extra: JSON.stringify(extra) });
const text = (said: string) => ({ type: 'text', text: said });

describe('the conversation of a run', () => {
  it('is read from chat completions, with tools, refusals, images and why the model ended', () => {
    const talk = read(
      {
        messages: [
          { role: 'developer', content: 'Be brief.' },
          {
            role: 'user',
            content: [
              { type: 'text', text: 'What is this?' },
              { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
            ],
          },
          {
            role: 'assistant',
            content: null,
            tool_calls: [{ id: 'c1', type: 'function', function: { name: 'look', arguments: '{"at":' } }],
          },
          { role: 'tool', tool_call_id: 'c1', content: 'a cat' },
        ],
        response_format: { type: 'json_schema', json_schema: { name: 'a', schema: { type: 'object' } } },
      },
      { choices: [{ message: { role: 'assistant', content: 'A cat', refusal: 'No more' }, finish_reason: 'length' }] },
    );
    expect(talk).toEqual({
      input: [
        { role: 'system', parts: [text('Be brief.')] },
        { role: 'user', parts: [text('What is this?'), { type: 'media', kind: 'image', mimeType: 'image/png' }] },
        { role: 'assistant', parts: [{ type: 'tool_call', id: 'c1', name: 'look', arguments: '{"at":' }] },
        { role: 'tool', parts: [{ type: 'tool_result', id: 'c1', text: 'a cat' }] },
      ],
      output: [{ role: 'assistant', parts: [text('A cat'), { type: 'refusal', text: 'No more' }] }],
      asked: { format: 'json_schema', schema: { type: 'object' } },
      finish: 'length',
    });
  });

  it('is read from what LangChain writes of its messages, each call of a tool once', () => {
    const answer = new AIMessage({
      content: 'Let me see',
      tool_calls: [{ id: 'c1', name: 'search', args: { q: 'x' } }],
      additional_kwargs: { tool_calls: [{ id: 'c1', type: 'function', function: { name: 'search', arguments: '{"q":"x"}' } }] },
      response_metadata: { finish_reason: 'tool_calls' },
    });
    const talk = read(
      { messages: [[new SystemMessage('Be kind'), new HumanMessage('Find x'), new ToolMessage({ content: 'found', tool_call_id: 'c0' })]] },
      { generations: [[{ text: 'Let me see', message: answer }]], llmOutput: {} },
      { invocation_params: { response_format: { type: 'json_object' } } },
    );
    expect(talk).toEqual({
      input: [
        { role: 'system', parts: [text('Be kind')] },
        { role: 'user', parts: [text('Find x')] },
        { role: 'tool', parts: [{ type: 'tool_result', id: 'c0', text: 'found' }] },
      ],
      output: [{ role: 'assistant', parts: [text('Let me see'), { type: 'tool_call', id: 'c1', name: 'search', arguments: '{"q":"x"}' }] }],
      asked: { format: 'json' },
      finish: 'tool_calls',
    });
    expect(read({ prompts: ['Say hi'] }, { generations: [[{ text: 'hi', generationInfo: { finish_reason: 'stop' } }]] })).toMatchObject({
      input: [{ role: 'user', parts: [text('Say hi')] }],
      output: [{ role: 'assistant', parts: [text('hi')] }],
      finish: 'stop',
    });
    expect(
      read({ messages: [{ type: 'human', content: 'Hi' }, ['ai', 'Hello'], { type: 'human', data: { content: 'Bye' } }] }).input,
    ).toEqual([
      { role: 'user', parts: [text('Hi')] },
      { role: 'assistant', parts: [text('Hello')] },
      { role: 'user', parts: [text('Bye')] },
    ]);
  });

  it('is read from the Responses API', () => {
    const talk = read(
      {
        instructions: 'Be brief',
        input: [{ role: 'user', content: [{ type: 'input_text', text: 'Weather?' }] }],
        text: { format: { type: 'json_object' } },
      },
      {
        object: 'response',
        status: 'incomplete',
        incomplete_details: { reason: 'max_output_tokens' },
        output: [
          { type: 'reasoning', summary: [{ type: 'summary_text', text: 'thinking' }] },
          { type: 'function_call', call_id: 'f1', name: 'weather', arguments: '{}', status: 'completed' },
          { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Sunny' }] },
        ],
      },
    );
    expect(talk.input).toEqual([
      { role: 'system', parts: [text('Be brief')] },
      { role: 'user', parts: [text('Weather?')] },
    ]);
    expect(talk.output.flatMap(({ parts }) => parts)).toEqual([
      { type: 'reasoning', text: 'thinking' },
      { type: 'tool_call', id: 'f1', name: 'weather', arguments: '{}' },
      text('Sunny'),
    ]);
    expect([talk.asked, talk.finish]).toEqual([{ format: 'json' }, 'length']);
  });

  it('is read from Anthropic, Gemini, the AI SDK and OpenTelemetry', () => {
    expect(
      read(
        { system: [{ type: 'text', text: 'Sys' }], messages: [{ role: 'user', content: 'Hi' }] },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'hm' },
            { type: 'tool_use', id: 't', name: 'f', input: { a: 1 } },
          ],
          stop_reason: 'max_tokens',
        },
      ),
    ).toMatchObject({
      input: [{ role: 'system', parts: [text('Sys')] }, { role: 'user' }],
      output: [
        {
          role: 'assistant',
          parts: [
            { type: 'reasoning', text: 'hm' },
            { type: 'tool_call', id: 't', name: 'f', arguments: '{"a":1}' },
          ],
        },
      ],
      finish: 'length',
    });
    expect(
      read(
        {
          systemInstruction: { parts: [{ text: 'Sys' }] },
          contents: [{ role: 'user', parts: [{ text: 'Hi' }] }],
          config: { responseMimeType: 'application/json' },
        },
        {
          candidates: [
            {
              content: { role: 'model', parts: [{ text: 'Hello' }, { functionCall: { name: 'f', args: {} } }] },
              finishReason: 'MAX_TOKENS',
            },
          ],
        },
      ),
    ).toMatchObject({
      input: [
        { role: 'system', parts: [text('Sys')] },
        { role: 'user', parts: [text('Hi')] },
      ],
      output: [{ role: 'assistant', parts: [text('Hello'), { type: 'tool_call', name: 'f', arguments: '{}' }] }],
      asked: { format: 'json' },
      finish: 'length',
    });
    expect(
      read(
        { prompt: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }] },
        { text: 'Hello', toolCalls: [{ toolCallId: 'x', toolName: 'f', input: { a: 1 } }], finishReason: 'tool-calls' },
      ),
    ).toMatchObject({
      input: [{ role: 'user', parts: [text('Hi')] }],
      output: [{ role: 'assistant', parts: [text('Hello'), { type: 'tool_call', id: 'x', name: 'f', arguments: '{"a":1}' }] }],
      finish: 'tool_calls',
    });
    expect(
      read(
        { messages: [{ role: 'user', parts: [{ type: 'text', content: 'Hi' }] }] },
        {
          messages: [
            {
              role: 'assistant',
              parts: [
                { type: 'text', content: 'Hello' },
                { type: 'tool_call', id: 'a', name: 'f', arguments: {} },
              ],
              finish_reason: 'stop',
            },
          ],
        },
      ),
    ).toMatchObject({ output: [{ role: 'assistant', parts: [text('Hello'), { type: 'tool_call', name: 'f' }] }], finish: 'stop' });
  });

  it('is read from plain fields, one floor down, and from what is only JSON', () => {
    expect(read({ question: 'Why?', context: 'Because' }, { answer: 'So' })).toMatchObject({
      input: [{ role: 'user', parts: [text('Why?')] }],
      output: [{ role: 'assistant', parts: [text('So')] }],
    });
    expect(read('Why?', 'So').output).toEqual([{ role: 'assistant', parts: [text('So')] }]);
    expect(read({ a: 1 }, { outputs: { messages: [{ role: 'assistant', content: 'So' }] } })).toMatchObject({
      input: [{ role: 'user', parts: [{ type: 'json', value: { a: 1 } }] }],
      output: [{ role: 'assistant', parts: [text('So')] }],
    });
    expect(read({}, { output: '' }).output).toEqual([]);
    expect(read({}, { choices: [{ message: { role: 'assistant', content: '' } }] }).output).toEqual([{ role: 'assistant', parts: [] }]);
  });

  it('survives whatever is sent', () => {
    expect(conversationOf({ inputs: '{', outputs: undefined, extra: null })).toEqual({ input: [], output: [], asked: null, finish: null });
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    const wrapped = `{"messages":${deep},"content":${deep},"tool_calls":[{"args":${deep}}],"role":"assistant"}`;
    expect(() => conversationOf({ inputs: deep, outputs: wrapped, extra: `{"metadata":${deep}}` })).not.toThrow();
    for (const odd of [
      1,
      [null],
      { messages: [{ role: 7 }] },
      { messages: { __proto__: 1 } },
      { choices: [null, 4, 'x'] },
      { generations: 'x' },
      { output: [[]] },
    ])
      expect(() => read(odd, odd, odd)).not.toThrow();
  });
});
