import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { jsonBreak } from './json-break.ts';
import { readJson } from './json-body.ts';

const read = (text: string) => readJson(Buffer.from(text), { judgesItems: false });

describe('a JSON body', () => {
  test('is read as JSON.parse reads it', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 8 }), (text) => {
        fc.pre(!/\\u0000|\\ud[89a-f]|__proto__|"constructor"|\d{16}/i.test(text));
        expect(read(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  test('keeps large numbers that are not integers, or are whole only by their exponent', () => {
    expect(read('[1234567890.1234567, 1e300, -0.00000000000000001, 9007199254740991]')).toEqual([
      1234567890.1234567, 1e300, -1e-17, 9007199254740991,
    ]);
  });

  test('keeps digits in texts, escaped quotes and nested brackets in texts', () => {
    expect(read(String.raw`{"a\"[[":"99999999999999999999 {{{{"}`)).toEqual({ 'a"[[': '99999999999999999999 {{{{' });
  });

  test('keeps constructor as a plain key', () => {
    expect(read('{"constructor":"Smith & Sons"}')).toEqual({ constructor: 'Smith & Sons' });
  });

  test('keeps whole surrogate pairs in escapes', () => {
    expect(read(String.raw`{"a":"\ud83e\udd86"}`)).toEqual({ a: '🦆' });
  });

  test('never grows a prototype', () => {
    for (const text of ['{"__proto__":{"admin":true}}', String.raw`{"\u005f\u005fproto__":{"admin":true}}`, '[[{"a":{"__proto__":1}}]]']) {
      expect(() => read(text)).toThrow(/forbidden key __proto__/);
    }
  });

  test('is read up to 64 levels', () => {
    const nested = (levels: number): string => `${'[{"a":'.repeat(levels / 2)}1${'}]'.repeat(levels / 2)}`;
    expect(() => read(nested(64))).not.toThrow();
    expect(() => read(nested(66))).toThrow(/64 levels/);
  });
});

describe('where JSON breaks', () => {
  test.each([
    ['', 0],
    ['{', 1],
    ['[1,]', 3],
    ['[1 2]', 3],
    ['{"a" 1}', 5],
    ['{a:1}', 1],
    ['nul', 0],
    ['01', 1],
    ['1.', 1],
    ['"abc', 4],
    ['"a\nb"', 2],
    [String.raw`"\x"`, 1],
    ['{"a":1}}', 7],
    ['[true,false,nil]', 12],
  ])('%j breaks at %d', (text, at) => {
    expect(() => JSON.parse(text)).toThrow(SyntaxError);
    expect(jsonBreak(text)).toBe(at);
  });

  test('a text cut short breaks at its end or before, and what is before it could go on', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), fc.nat(), (text, cut) => {
        const short = text.slice(0, cut % text.length);
        fc.pre(!parses(short));
        expect(jsonBreak(short)).toBeLessThanOrEqual(short.length);
      }),
    );
  });

  test('a whole text does not break', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (text) => {
        expect(jsonBreak(text)).toBe(text.length);
      }),
    );
  });
});

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
