import fc from 'fast-check';
import { expect, it } from 'vitest';
import { dataOf, EventSplitter, isDone, isUsageOnly, objectOf } from './sse.ts';

const events = ['data: {"a":1}\n\n', 'event: x\r\ndata: b\r\n\r\n', ': ping\n\n', 'data: grüße ☺\r\r', 'data: [DONE]\n\n'];

it('finds the same events however the bytes are cut, and loses none', () => {
  const whole = Buffer.from(`${events.join('')}data: half`);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: whole.length }), { maxLength: 30 }), (cuts) => {
      const places = [0, ...cuts.toSorted((a, b) => a - b), whole.length];
      const splitter = new EventSplitter();
      const found = places.slice(1).flatMap((end, index) => splitter.push(whole.subarray(places[index], end)).map(String));
      // A CR LF that is cut between its two bytes may end an event that ends with it anyway.
      expect(Buffer.concat([Buffer.from(found.join('')), splitter.rest()]).equals(whole)).toBe(true);
      expect(found).toEqual(events);
    }),
  );
});

it('passes on what has no end, instead of keeping it', () => {
  const splitter = new EventSplitter();
  const chunk = Buffer.alloc(1_048_576, 'x');
  const found = Array.from({ length: 5 }, () => splitter.push(chunk)).flat();
  expect(found.map(({ length }) => length)).toEqual([5_242_880]);
  expect(splitter.rest()).toHaveLength(0);
});

it('reads what an event says', () => {
  expect(dataOf(Buffer.from('event: a\ndata: x\ndata:y\n\n'))).toBe('x\ny');
  expect(dataOf(Buffer.from(': ping\n\n'))).toBeUndefined();
  for (const [event, data] of [
    ['data: {"a":"ü\u2028"}\n\n', '{"a":"ü\u2028"}'],
    ['data:x', 'x'],
    ['data:', ''],
    ['data: \n\n', ''],
    ['data:  x\n\n', ' x'],
    ['data: x\r\n\r\n', 'x'],
    ['data: x\rid: 1\r\r', 'x'],
    ['data: x\nid: 1\n\n', 'x'],
    ['data: x\n\ndata: y\n\n', 'x\ny'],
  ])
    expect(dataOf(Buffer.from(event ?? ''))).toBe(data);
  expect(dataOf(Buffer.from('data\n\n'))).toBeUndefined();
  expect(dataOf(Buffer.from('database: x\n\n'))).toBeUndefined();
  expect(objectOf(Buffer.from('data: {"a":1}\n\n'))).toEqual({ a: 1 });
  expect(objectOf(Buffer.from('data: {"a":\n\n'))).toBeUndefined();
  expect(isDone(Buffer.from('data: [DONE]\r\n\r\n'))).toBe(true);
  expect(isUsageOnly(Buffer.from('data: {"choices": [ ],"usage":{"total_tokens":3}}\n\n'))).toBe(true);
  expect(isUsageOnly(Buffer.from('data: {"choices":[],"usage":null}\n\n'))).toBe(false);
  expect(isUsageOnly(Buffer.from('data: {"choices":[{"delta":{"content":"\\"choices\\":[]"}}],"usage":{"a":1}}\n\n'))).toBe(false);
});
