import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeCursor, encodeCursor, pageOf } from './cursor.ts';

describe('a cursor', () => {
  test('comes back as it was given', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (place) => {
        fc.pre(!place.includes('\u0000'));
        expect(decodeCursor('agents', encodeCursor('agents', place))).toBe(place);
      }),
    );
  });

  test('of another list, edited, or never ours, is refused', () => {
    const cursor = encodeCursor('agents', 'a');
    for (const bad of [
      encodeCursor('keys', 'a'),
      encodeCursor('agent', 's\na'),
      `${cursor}A`,
      `${cursor}=`,
      ' ',
      'x',
      '%',
      encodeCursor('agents', ''),
      encodeCursor('agents', '\u0000'),
    ]) {
      expect(() => decodeCursor('agents', bad), bad).toThrow(expect.objectContaining({ code: 'BAD_CURSOR' }));
    }
    fc.assert(
      fc.property(fc.string(), (junk) => {
        expect(() => decodeCursor('agents', junk)).toThrow('does not belong');
      }),
    );
  });
});

test('a page that holds everything has no next one', () => {
  expect(pageOf('l', ['a', 'b'], 2, String)).toEqual({ items: ['a', 'b'], nextCursor: null });
  expect(pageOf('l', ['a', 'b', 'c'], 2, String)).toEqual({ items: ['a', 'b'], nextCursor: encodeCursor('l', 'b') });
  expect(pageOf('l', [], 2, String)).toEqual({ items: [], nextCursor: null });
});
