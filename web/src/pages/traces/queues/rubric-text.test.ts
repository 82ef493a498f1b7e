import { expect, it } from 'vitest';
import { readRubric, writeRubric } from './rubric-text.ts';

it('reads a key a line, with what it asks after a colon', () => {
  expect(readRubric('correct: Is it right: yes or no?\n\n  tone \n:odd')).toEqual([
    { key: 'correct', description: 'Is it right: yes or no?' },
    { key: 'tone' },
    { key: ':odd' },
  ]);
  expect(readRubric('')).toEqual([]);
});

it('writes what it reads', () => {
  expect(
    writeRubric([
      { key: 'a', description: 'two\nlines' },
      { key: 'b', description: null },
    ]),
  ).toBe('a: two lines\nb');
});
