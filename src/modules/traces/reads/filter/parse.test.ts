import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isMusterError } from '../../../../base/errors.ts';
import { parseFilter } from './parse.ts';

const refusal = (text: string): string => {
  try {
    parseFilter(text);
  } catch (error) {
    if (isMusterError(error, 'INVALID_INPUT')) return error.message;
    throw error;
  }
  return 'not refused';
};

describe('a filter', () => {
  it('is read as it stands in the documentation of LangSmith', () => {
    expect(parseFilter('and(or(has(tags, "experimental"), has(tags, "beta")), gt(latency, 2))')).toEqual({
      op: 'and',
      of: [
        {
          op: 'or',
          of: [
            { op: 'has', field: 'tags', value: 'experimental' },
            { op: 'has', field: 'tags', value: 'beta' },
          ],
        },
        { op: 'gt', field: 'latency', value: 2 },
      ],
    });
    for (const text of [
      'eq(run_type, "llm")',
      'and(eq(run_type, "chain"), gt(latency, 10), gt(total_tokens, 5000))',
      'and(eq(feedback_key, "user_score"), eq(feedback_score, 1))',
      'and(gt(start_time, "2023-07-15T12:34:56Z"), or(neq(error, null), and(eq(feedback_key, "Correctness"), eq(feedback_score, 0.0))))',
      'and(in(metadata_key, ["session_id","conversation_id","thread_id"]), eq(metadata_value, "a b"))',
      'search("substring")',
      "eq(name, 'it''".slice(0, -1) + ')',
      'eq(is_root, True)',
      `has(metadata, '{"env": "prod"}')`,
      'not(eq(status, "error"))',
      'eq(thread_id, "x\\"y")',
      'lte(start_time, 1700000000000)',
      ' eq ( error , None ) ',
    ])
      expect(() => parseFilter(text), text).not.toThrow();
  });

  it('reads escapes of JSON in a text', () => {
    expect(parseFilter(String.raw`eq(name, "a\"\u00e9\n\\")`)).toMatchObject({ value: 'a"é\n\\' });
  });

  it.each([
    ['', 'at character 1: a condition'],
    ['eq(nam, "x")', 'character 4: there is no field nam'],
    ['eq(name "x")', 'character 9: , must stand there'],
    ['eq(name, "x"', 'character 13: ) must stand there'],
    ['eq(name, "x', 'character 10: this text does not end'],
    ['eq(name, "x") or', 'character 15: nothing may follow'],
    ['foo(name, "x")', 'character 1: there is no foo'],
    ['eq(latency, "x")', 'character 13: latency is compared with a number'],
    ['eq(id, "x")', 'character 8: id is compared with a UUID'],
    ['eq(run_type, "chat")', 'character 14: run_type is compared with one of chain, llm'],
    ['gt(run_type, "llm")', 'character 4: run_type cannot be asked with gt'],
    ['gt(name, null)', 'character 10: name is compared with null only by eq and neq'],
    ['eq(start_time, "2026-02-30")', 'character 16: start_time is compared with a time'],
    ['in(name, "x")', 'wants a list'],
    ['eq(name, ["x"])', 'wants one value'],
    ['in(name, [])', 'something must stand there'],
    ['and()', 'something must stand there'],
    ['eq(name, x)', 'a value must stand there'],
    ['eq(name; "x")', 'character 8: ";" cannot stand there'],
    ['eq(name, "\u0000")', 'U+0000'],
    [String.raw`like(name, "a\\")`, 'a pattern that does not end in a lone backslash'],
    [String.raw`nlike(metadata_value, "\\\\\\")`, 'a pattern that does not end in a lone backslash'],
    [`has(metadata, '{"a":[1e999]}')`, 'an object that jsonb can hold'],
    [`has(metadata, '{"a":${'['.repeat(2_000)}${']'.repeat(2_000)}}')`, 'an object that jsonb can hold'],
    [String.raw`like(name, "a\u0000%")`, 'character 12: this text holds the character U+0000'],
    [String.raw`has(metadata, '{"a":"\ud83d"}')`, 'half of a surrogate pair'],
    ['exists(tags, "x")', 'character 8: exists asks of metadata alone'],
    ['exists(metadata, 5)', 'the name of a key must stand there'],
    ['search(latency, "x")', 'latency holds no words'],
    ['search(name)', ', must stand there'],
    [`${'and('.repeat(40)}eq(name,"x")${')'.repeat(40)}`, 'nested deeper than 32'],
    [`and(${Array.from({ length: 300 }, () => 'eq(name,"x")').join(',')})`, 'more than 256 conditions'],
    ['x'.repeat(20_000), 'longer than 16384'],
  ])('that breaks says where: %s', (text, message) => {
    expect(refusal(text)).toContain(message);
  });

  it('that is no filter is refused, whatever it is, and quickly', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        expect(refusal(text)).toMatch(/^(the filter breaks at character \d+: |not refused)/);
      }),
    );
  });
});
