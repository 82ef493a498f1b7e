import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withoutMembers } from './members.ts';

const PREFIXES = ['LANGSMITH_', 'LANGCHAIN_'];

/** What a parser would keep. */
const without = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(without)
    : typeof value === 'object' && value !== null
      ? Object.fromEntries(
          Object.entries(value)
            .filter(([key]) => !PREFIXES.some((prefix) => key.startsWith(prefix)))
            .map(([key, inner]) => [key, without(inner)]),
        )
      : value;

/** As Python's json writes it. */
const spaced = (value: unknown): string => JSON.stringify(value, null, 1).replaceAll(/\n */g, ' ');

describe('dropping members by the beginning of their names', () => {
  it.each([
    ['{"a": 1, "LANGSMITH_X": "y", "LANGSMITH_Z": "w"}', '{"a": 1}'],
    ['{"LANGSMITH_X": "y", "LANGSMITH_Z": "w", "a": 1}', '{  "a": 1}'],
    ['{"LANGSMITH_X": "y"}', '{}'],
    ['{"a":[{"LANGCHAIN_B":{"c":[1,"}"]}},2]}', '{"a":[{},2]}'],
  ])('%s', (text, expected) => {
    expect(withoutMembers(text, PREFIXES).text).toBe(expected);
  });

  it('leaves the value without them, however it is written', () => {
    const key = fc.oneof(fc.constantFrom('LANGSMITH_A', 'LANGSMITH_B', 'LANGCHAIN_C', 'a', 'b', 'é"\\'), fc.string({ maxLength: 4 }));
    const { value: tree } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.constantFrom('"LANGSMITH_A": 1,', ', ')),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(key, tie('value'), { maxKeys: 6 }),
      ),
    }));
    fc.assert(
      fc.property(
        tree,
        fc.constantFrom(JSON.stringify, spaced, (value: unknown) => JSON.stringify(value, null, 2)),
        (value, write) => {
          const text = write(value);
          expect(JSON.parse(withoutMembers(text, PREFIXES).text)).toEqual(without(JSON.parse(text)));
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
