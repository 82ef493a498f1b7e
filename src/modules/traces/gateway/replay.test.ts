import { expect, it } from 'vitest';
import type { Asked } from './asked.ts';
import { assemble } from './assemble.ts';
import { hear } from './conversation.ts';
import { replay } from './replay.ts';
import type { Tape } from './tape.ts';

const answer = {
  id: 'c1',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [
    {
      index: 0,
      message: {
        role: 'assistant',
        content: 'Grüße',
        tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }],
      },
      logprobs: null,
      finish_reason: 'tool_calls',
    },
  ],
  usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
};
const textOf = (tape: Tape | undefined): string => Buffer.concat(tape?.pieces.map(({ bytes }) => bytes) ?? []).toString();

it('gives back what was kept, byte for byte, in the form it came in', () => {
  const stream = 'data: {"choices":[]}\n\ndata: [DONE]\n\n';
  expect(textOf(replay({ face: 'chat', streams: true }, { isStream: true, body: Buffer.from(stream) })?.tape)).toBe(stream);
  expect(textOf(replay({ face: 'chat', streams: false }, { isStream: false, body: Buffer.from(' {"a":1} ') })?.tape)).toBe(' {"a":1} ');
});

it('streams what came whole, and gives whole what was streamed', () => {
  const streamed = replay({ face: 'chat', streams: true }, { isStream: false, body: Buffer.from(JSON.stringify(answer)) });
  expect(streamed?.tape.pieces.map(({ isUsage }) => isUsage)).toEqual([false, false, true, false]);
  expect(assemble('chat', streamed?.tape.pieces.map(({ bytes }) => bytes) ?? []).answer).toEqual(answer);
  const body = Buffer.from(textOf(streamed?.tape));
  expect(JSON.parse(textOf(replay({ face: 'chat', streams: false }, { isStream: true, body })?.tape))).toEqual(answer);
});

it('makes no other form of what has none', () => {
  expect(replay({ face: 'responses', streams: true }, { isStream: false, body: Buffer.from('{}') })).toBeUndefined();
  expect(replay({ face: 'chat', streams: true }, { isStream: false, body: Buffer.from('{}') })).toBeUndefined();
  expect(replay({ face: 'chat', streams: false }, { isStream: true, body: Buffer.from('data: {"choices":[]}\n\n') })).toBeUndefined();
});

it('cuts and reads a kept stream once, and tells the time of each playing', () => {
  const body = Buffer.from(
    'data: {"choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}]}\n\ndata: {"choices":[],"usage":{"total_tokens":3}}\n\ndata: [DONE]\n\n',
  );
  const asked = { face: 'chat', streams: true } as Asked;
  const [one, two] = [replay(asked, { isStream: true, body }), replay(asked, { isStream: true, body })];
  expect(two?.tape.recording).toBe(one?.tape.recording);
  expect(replay({ face: 'chat', streams: false }, { isStream: true, body })?.tape.recording).not.toBe(one?.tape.recording);
  const [heard, again] = [one, two].map((played) => played && hear(asked, { ...played, status: 200 }));
  expect(heard).toMatchObject({
    text: expect.stringContaining('"content":"hi"'),
    error: undefined,
    answer: { usage: { total_tokens: 3 } },
  });
  expect(again?.answer).toBe(heard?.answer);
  expect([heard?.firstTokenAt, again?.firstTokenAt]).toEqual([one?.tape.pieces[0]?.at, two?.tape.pieces[0]?.at]);
});
