import { expect, it } from 'vitest';
import { readAsked } from './asked.ts';
import { questionOf } from './question.ts';
import { bytesOf, cosine, scoresOf, unitVector, vectorOf } from './similarity.ts';

it('compares by direction alone, and survives the way through the database', () => {
  const [a, b] = [unitVector([3, 4]), unitVector([30, 40])];
  expect(cosine(a ?? new Float32Array(), b ?? new Float32Array())).toBeCloseTo(1);
  const kept = Buffer.concat([Buffer.from('x'), bytesOf(unitVector([1, -1]) ?? new Float32Array())]).subarray(1);
  expect(cosine(vectorOf(kept), unitVector([1, -1]) ?? new Float32Array())).toBeCloseTo(1);
  expect(cosine(unitVector([1]) ?? new Float32Array(), unitVector([1, 0]) ?? new Float32Array())).toBe(0);
  for (const none of [[], [0, 0], ['x'], null, [Number.NaN]]) expect(unitVector(none)).toBeUndefined();
});

it('says how many wrong answers a threshold costs, and how many right ones it finds', () => {
  const pairs = [
    { similarity: 0.99, same: true },
    { similarity: 0.95, same: true },
    { similarity: 0.96, same: false },
    { similarity: 0.5, same: false },
  ];
  expect(scoresOf(pairs, [0.9, 0.97, 1])).toEqual([
    { threshold: 0.9, precision: 2 / 3, recall: 1 },
    { threshold: 0.97, precision: 1, recall: 0.5 },
    { threshold: 1, precision: null, recall: 0 },
  ]);
});

it('compares only questions that follow the same words, with the same parameters', () => {
  const bucket = (body: object): string | undefined =>
    questionOf(readAsked('chat', Buffer.from(JSON.stringify({ model: 'm', ...body }))), {
      scope: 'p',
      target: { provider: 'a', model: 'm' },
    })?.bucket.toString('hex');
  const ask = (content: unknown, more: object = {}, system = 'be kind') => ({
    messages: [
      { role: 'system', content: system },
      { role: 'user', content },
    ],
    ...more,
  });
  expect(bucket(ask('a'))).toBe(bucket(ask('b')));
  expect(bucket(ask([{ type: 'text', text: 'b' }]))).toBe(bucket(ask('b')));
  expect(bucket(ask('a', { temperature: 1 }))).not.toBe(bucket(ask('a')));
  expect(bucket(ask('a', {}, 'be rude'))).not.toBe(bucket(ask('a')));
  for (const other of [
    { messages: [] },
    {},
    ask(''),
    ask('x'.repeat(20_000)),
    ask([{ type: 'image_url', image_url: {} }]),
    { messages: [{ role: 'assistant', content: 'x' }] },
  ])
    expect(bucket(other)).toBeUndefined();
});
