import fc from 'fast-check';
import { expect, it } from 'vitest';
import { outlineOf, withMembers } from './members.ts';

const changed = (text: string, changes: Record<string, string>): string => withMembers(text, outlineOf(text), changes);

it('sets members and leaves every other byte as it was', () => {
  const text = ' { "model" : "a\\"b" , "seed": 12345678901234567890, "x": {"model": [1, "]"]} }';
  expect(changed(text, { model: '"c"', stream_options: '{"include_usage":true}' })).toBe(
    ' {"stream_options":{"include_usage":true}, "model" : "c" , "seed": 12345678901234567890, "x": {"model": [1, "]"]} }',
  );
  expect(changed('{}', { a: '1' })).toBe('{"a":1}');
  expect(changed('{"a":1,"a":2}', { a: '3' })).toBe('{"a":1,"a":3}');
});

it('means the same as setting them on the object, whatever the object', () => {
  const object = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 6 });
  fc.assert(
    fc.property(object, fc.string(), fc.jsonValue(), fc.boolean(), (value, key, put, spaced) => {
      fc.pre(key !== '__proto__' && !Object.hasOwn(value, '__proto__'));
      const text = JSON.stringify(value, null, spaced ? 2 : 0);
      expect(JSON.parse(changed(text, { [key]: JSON.stringify(put) }))).toEqual(JSON.parse(JSON.stringify({ ...value, [key]: put })));
    }),
  );
});

it('says how deep a text goes, also where it is no JSON', () => {
  expect(outlineOf('{"a":[[1]]}').depth).toBe(3);
  expect(outlineOf('['.repeat(100_000)).depth).toBe(100_000);
  for (const text of ['', '{', '"', '{"a', '{"a":', '}}}', '{"a":1}}}{"b"', '\\"'])
    expect(() => changed(text, { model: '1' })).not.toThrow();
});
