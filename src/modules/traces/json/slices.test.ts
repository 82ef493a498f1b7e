import { describe, expect, it } from 'vitest';
import { elementsOf, membersOf } from './slices.ts';

const slices = (text: string) => membersOf(text)?.map(({ key, start, end }) => [key, text.slice(start, end)]);

describe('the members of an object', () => {
  it('are found where they stand', () => {
    expect(slices(' { "a" : 1 , "b\\"}": "x\\\\" ,"c":{"d":[1,"]}"]}, "e":[ ],"f":null}')).toEqual([
      ['a', '1'],
      ['b"}', '"x\\\\"'],
      ['c', '{"d":[1,"]}"]}'],
      ['e', '[ ]'],
      ['f', 'null'],
    ]);
    expect([slices('{}'), slices('[1]'), slices('"x"')]).toEqual([[], undefined, undefined]);
  });

  it('are the same as JSON.parse says, for any object', () => {
    const values = [1, -2.5e10, true, null, 'te"xt\\', '', { a: { b: [] } }, [[], {}, '}'], '\u2028😀'];
    for (let n = 0; n < 200; n += 1) {
      const object = Object.fromEntries(values.map((value, index) => [`k${(index * n) % 7}"${index}`, value]));
      const text = JSON.stringify(object, null, n % 3);
      expect(Object.fromEntries((slices(text) ?? []).map(([key, slice]) => [key, JSON.parse(slice ?? '')]))).toEqual(object);
    }
  });

  it('may be deep', () => {
    const deep = '['.repeat(200_000) + ']'.repeat(200_000);
    expect(slices(`{"a":${deep},"b":2}`)?.map(([key]) => key)).toEqual(['a', 'b']);
  });
});

it('the elements of an array are found where they stand', () => {
  const text = '[ 1, "a,b" ,{"x":[2]},[] ]';
  expect(elementsOf(text)?.map(({ start, end }) => text.slice(start, end))).toEqual(['1', '"a,b"', '{"x":[2]}', '[]']);
  expect([elementsOf('[]'), elementsOf('{}')]).toEqual([[], undefined]);
});
