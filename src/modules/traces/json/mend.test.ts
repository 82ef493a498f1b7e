import { describe, expect, it } from 'vitest';
import { cpuMs } from '../../../../test/support/cpu-time.ts';
import { isTooDeep } from './depth.ts';
import { readLenient } from './mend.ts';

describe('JSON from programs in a hurry', () => {
  it('is read as it came where it is JSON', () => {
    const text = '{"a": 12345678901234567890, "b":"NaN \\u0000 \\ud83d"}';
    expect(readLenient(text)?.text).toBe(text);
  });

  it.each([
    ['{"a":NaN,"b":[Infinity,-Infinity],"c":"NaN -Infinity"}', { a: null, b: [null, null], c: 'NaN -Infinity' }],
    // What Python's SDK makes of "\\ud83d" in a message: it cuts the surrogate, and leaves the backslash.
    [String.raw`"ValueError('boom \u00e9 \ x')\n"`, "ValueError('boom \u00e9 \\ x')\n"],
    [String.raw`{"a\q":"\u12 \\ \" \x"}`, { 'a\\q': '\\u12 \\ " \\x' }],
    ['["two\nlines","a\u0000b"]', ['two\nlines', 'a\u0000b']],
  ])('%s is mended', (text, value) => {
    const read = readLenient(text);
    expect(read?.value).toEqual(value);
    expect(JSON.parse(read?.text ?? '')).toEqual(value);
  });

  it.each(['', '{"a":', '{"a":1}x', '{a:1}', 'NaNs', '"open', '[NaN,]', '\ufeff{}'])('%s is not', (text) => {
    expect(readLenient(text)).toBeUndefined();
  });

  it('takes time in proportion to its length', () => {
    const text = `{"a":"${'\\x\n'.repeat(1_000_000)}","b":[${'NaN,'.repeat(300_000)}1]}`;
    const before = cpuMs();
    expect(readLenient(text)).toBeDefined();
    expect(cpuMs() - before).toBeLessThan(5_000);
  });
});

it('tells how deep JSON is nested, whatever its texts hold', () => {
  expect(isTooDeep('["[[[[[[",{"a":"\\"[["}]', 2)).toBe(false);
  expect(isTooDeep('[[[]]]', 2)).toBe(true);
  expect(isTooDeep(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)).toBe(true);
});
