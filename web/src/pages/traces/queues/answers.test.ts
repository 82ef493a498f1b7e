import { expect, it } from 'vitest';
import { chosenBy, choicesOf, feedbackOf, missingOf, openQuestion, usual } from './answers.ts';
import type { RubricItem } from './queries.ts';

const item = (key: string, meaning: Partial<NonNullable<RubricItem['meaning']>> | null, required = false): RubricItem => ({
  key,
  description: null,
  is_required: required,
  meaning: meaning === null ? null : { type: 'continuous', min: null, max: null, categories: [], ...meaning },
});
const tone = item('tone', {
  type: 'categorical',
  categories: [
    { value: 0, label: 'rude' },
    { value: 1, label: 'kind' },
  ],
});
const words = item('words', { type: 'freeform' }, true);

it('offers categories, a few whole numbers, or a judgement where nobody said what a key means', () => {
  const scores = (of: RubricItem): readonly number[] | undefined => choicesOf(of)?.map(({ score }) => score);
  expect(scores(tone)).toEqual([0, 1]);
  expect(scores(item('stars', { min: 1, max: 5 }))).toEqual([1, 2, 3, 4, 5]);
  expect(scores(item('share', { min: 0, max: 1 }))).toBeUndefined();
  expect(scores(item('percent', { min: 0, max: 100 }))).toBeUndefined();
  expect(scores(item('any', {}))).toBeUndefined();
  expect(scores(words)).toBeUndefined();
  expect(scores(usual)).toEqual([0, 0.5, 1]);
});

it('knows which question a digit answers, and what must be answered still', () => {
  const rubric = [words, tone, usual];
  expect(openQuestion(rubric, {})?.key).toBe('tone');
  expect(openQuestion(rubric, { tone: { score: 0 } })?.key).toBe('quality');
  expect(openQuestion(rubric, { tone: { score: 0 }, quality: { score: 1 } })).toBeUndefined();
  expect(missingOf(rubric, { words: { value: '' } })).toEqual(['words']);
  expect(missingOf(rubric, { words: { value: 'fine' } })).toEqual([]);
});

it('lets a digit choose the number that it is, or what stands at its place', () => {
  const stars = item('stars', { min: 0, max: 5 });
  expect(chosenBy('4', choicesOf(stars) ?? [])?.score).toBe(4);
  expect(chosenBy('9', choicesOf(stars) ?? [])).toBeUndefined();
  expect(chosenBy('2', choicesOf(tone) ?? [])?.label).toBe('kind');
  expect(chosenBy('0', choicesOf(tone) ?? [])).toBeUndefined();
});

it('gives one feedback for each answer, with the comment on the first', () => {
  expect(feedbackOf([words, tone, usual], { tone: { score: 0 }, quality: { score: 1 } }, ' why ')).toEqual([
    { key: 'tone', score: 0, value: 'rude', comment: 'why' },
    { key: 'quality', score: 1 },
  ]);
  expect(feedbackOf([usual], {}, 'only this')).toEqual([{ key: 'note', comment: 'only this' }]);
  expect(feedbackOf([usual], {}, ' ')).toEqual([]);
});
