import { describe, expect, it } from 'vitest';
import {
  FIELD_WORD_LENGTH,
  fieldWord,
  fieldWordsOf,
  isFieldWord,
  metadataEntryWord,
  metadataKeyWord,
  UNREAD_METADATA,
} from './field-words.ts';
import { isRare } from './field-search.ts';

const nothing = {
  name: null,
  runType: 'llm',
  model: null,
  provider: null,
  threadId: null,
  userId: null,
  prompt: null,
  tags: null,
  metadata: null,
} as const;

describe('words of fields', () => {
  it('are of one length, before every word of a text, and of their own for every field and value', () => {
    const words = ['name', 'user_id'].flatMap((field) =>
      Array.from({ length: 50_000 }, (_, n) => fieldWord(field as 'name', `value ${n}`)),
    );
    expect(new Set(words).size).toBe(words.length);
    for (const word of words) {
      expect(word).toHaveLength(FIELD_WORD_LENGTH);
      expect(isFieldWord(word) && word < '0').toBe(true);
    }
    for (const word of ['0', 'a', '_', 'ж', '日本']) expect(isFieldWord(word)).toBe(false);
  });

  it('of metadata are one for what a filter takes for equal', () => {
    for (const same of ['1', '1.0', '1e0', '10e-1', 1, 1.0]) expect(metadataEntryWord('n', same)).toBe(metadataEntryWord('n', 1));
    expect(metadataEntryWord('n', true)).toBe(metadataEntryWord('n', 'true'));
    for (const other of ['01x', ' 1', '2', 'One']) expect(metadataEntryWord('n', other)).not.toBe(metadataEntryWord('n', 1));
    expect(metadataEntryWord('a', 'b\nc')).not.toBe(metadataEntryWord('a\nb', 'c'));
  });

  it('are those of what a run has', () => {
    const words = fieldWordsOf({ ...nothing, userId: 'ann', tags: ['a', 'b'], metadata: { tier: 'gold', deep: { x: 1 }, none: null } });
    expect(words).toEqual(
      new Set([
        fieldWord('run_type', 'llm'),
        fieldWord('user_id', 'ann'),
        fieldWord('tags', 'a'),
        fieldWord('tags', 'b'),
        metadataKeyWord('tier'),
        metadataEntryWord('tier', 'gold'),
        metadataKeyWord('deep'),
        metadataKeyWord('none'),
      ]),
    );
    expect(fieldWordsOf({ ...nothing, metadata: undefined })).toContain(UNREAD_METADATA);
    expect(fieldWordsOf({ ...nothing, metadata: Object.fromEntries(Array.from({ length: 2_000 }, (_, n) => [n, n])) }).size).toBe(2);
  });
});

describe('a value', () => {
  it.each([
    ['nobody has', undefined, 50, true],
    ['few have', { matching: 400, runs: 500 }, 50, true],
    ['a hundredth has', { matching: 1_430, runs: 143_000 }, 50, true],
    ['a tenth has', { matching: 14_300, runs: 143_000 }, 50, false],
    ['a twentieth has, of which many are wanted', { matching: 4_000, runs: 80_000 }, 1_000, true],
  ])('is looked up where that costs less than to read on: %s', (_, count, limit, rare) => {
    expect(isRare(count, limit)).toBe(rare);
  });
});
