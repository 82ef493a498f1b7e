import { expect, it } from 'vitest';
import { changedRubric, keysOf, readRubric } from './rubric.ts';

const config = (key: string, meaning: object) => ({
  key,
  configId: 'x',
  config: JSON.stringify(meaning),
  isLowerBetter: null,
  isEnforced: false,
  modifiedAt: new Date(0),
});

it('says of each key what it means, as far as anybody said so', () => {
  const rubric = JSON.stringify([
    { feedback_key: 'tone', description: 'How it sounds', is_required: true, x: 1 },
    { feedback_key: 'other', description: 7 },
  ]);
  expect(keysOf(rubric)).toEqual(['tone', 'other']);
  expect(readRubric(rubric, [config('tone', { type: 'categorical', categories: [{ value: 0, label: 'rude' }, { value: 1 }] })])).toEqual([
    {
      key: 'tone',
      description: 'How it sounds',
      isRequired: true,
      meaning: {
        type: 'categorical',
        min: null,
        max: null,
        categories: [
          { value: 0, label: 'rude' },
          { value: 1, label: '1' },
        ],
      },
    },
    { key: 'other', description: null, isRequired: false, meaning: null },
  ]);
  expect(readRubric(rubric, [config('tone', { type: 'new kind' })])[0]?.meaning).toBeNull();
});

it('keeps what clients said of a key that is still asked for', () => {
  const before = JSON.stringify([{ feedback_key: 'tone', value_descriptions: { a: 'b' }, is_required: true }, { feedback_key: 'gone' }]);
  expect(JSON.parse(changedRubric(before, [{ key: 'new' }, { key: 'tone', description: 'How it sounds' }]))).toEqual([
    { feedback_key: 'new' },
    { feedback_key: 'tone', value_descriptions: { a: 'b' }, is_required: true, description: 'How it sounds' },
  ]);
});
