import { describe, expect, it } from 'vitest';
import { assemble } from './assemble.ts';

const events = (...chunks: readonly unknown[]): readonly Buffer[] =>
  chunks.map((chunk) => Buffer.from(`data: ${typeof chunk === 'string' ? chunk : JSON.stringify(chunk)}\n\n`));
const delta = (delta: object, more: object = {}, index = 0) => ({
  id: 'c1',
  object: 'chat.completion.chunk',
  model: 'm',
  choices: [{ index, delta, finish_reason: null, ...more }],
  usage: null,
});

describe('a chat that was streamed', () => {
  it('becomes the answer it would have been at once', () => {
    const { answer, firstTokenIn, isComplete } = assemble(
      'chat',
      events(
        delta({ role: 'assistant', content: '' }),
        delta({ content: 'Grü' }),
        delta({ content: 'ße' }),
        delta({}, { finish_reason: 'stop' }),
        { id: 'c1', model: 'm', choices: [], usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 } },
        '[DONE]',
      ),
    );
    expect(answer).toEqual({
      id: 'c1',
      object: 'chat.completion',
      model: 'm',
      choices: [{ index: 0, message: { role: 'assistant', content: 'Grüße' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
    });
    expect([firstTokenIn, isComplete]).toEqual([1, true]);
  });

  it('puts calls of tools together, however often their name is repeated, and several choices', () => {
    const { answer } = assemble(
      'chat',
      events(
        delta({ tool_calls: [{ index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '{"x"' } }] }),
        delta({ tool_calls: [{ index: 0, id: 'a', function: { name: 'f', arguments: ':1}' } }] }),
        delta({ tool_calls: [{ index: 1, id: 'b', type: 'function', function: { name: 'g', arguments: '{}' } }] }),
        delta({ content: 'other' }, { finish_reason: 'stop' }, 1),
      ),
    );
    expect(answer['choices']).toMatchObject([
      {
        message: {
          tool_calls: [
            { id: 'a', function: { name: 'f', arguments: '{"x":1}' } },
            { id: 'b', function: { name: 'g', arguments: '{}' } },
          ],
        },
      },
      { index: 1, message: { content: 'other' } },
    ]);
  });

  it('survives garbage, indexes that lie, and names that reach for a prototype', () => {
    const { answer, isComplete } = assemble('chat', [
      ...events('{"choices":', 'nonsense', '{"choices":[{"index":1e9,"delta":{"content":"x"}},null,5]}', '{"choices":7}'),
      ...events('{"__proto__":{"a":1},"choices":[{"index":0,"delta":{"__proto__":{"b":1},"content":"y"}}]}'),
      Buffer.from('data: {"choices":[{"index":0,"delta":{"content":"z"'),
    ]);
    expect(answer['choices']).toEqual([{ index: 0, message: { role: 'assistant', content: 'y' } }]);
    expect(({} as Record<string, unknown>)['a']).toBeUndefined();
    expect(isComplete).toBe(false);
  });

  it('tells the error that the stream told', () => {
    expect(assemble('chat', events({ error: { message: 'out of memory' } })).error).toBe('out of memory');
  });
});

describe('a response that was streamed', () => {
  it('is what its last event holds', () => {
    const response = { id: 'r1', object: 'response', status: 'completed', output: [], usage: { input_tokens: 1, output_tokens: 2 } };
    const assembled = assemble(
      'responses',
      events(
        { type: 'response.created', response: { id: 'r1' } },
        { type: 'response.output_text.delta', delta: 'a' },
        { type: 'response.completed', response },
      ),
    );
    expect(assembled).toEqual({ answer: response, firstTokenIn: 1, error: undefined, isComplete: true });
  });

  it('that broke off is what was heard of it', () => {
    const { answer, isComplete } = assemble(
      'responses',
      events({ type: 'response.created', response: { id: 'r1' } }, { type: 'response.output_text.delta', delta: 'a' }),
    );
    expect([answer, isComplete]).toEqual([
      { id: 'r1', output: [{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'a' }] }] },
      false,
    ]);
  });
});

it('puts texts of the old completions together', () => {
  const { answer } = assemble(
    'completions',
    events({ choices: [{ index: 0, text: 'a' }] }, { choices: [{ index: 0, text: 'b', finish_reason: 'stop' }] }),
  );
  expect(answer['choices']).toEqual([{ index: 0, text: 'ab', finish_reason: 'stop' }]);
});
