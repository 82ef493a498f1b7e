import { expect, test } from 'vitest';
import { Timeline } from './timeline.ts';

test('a rule as a whole says what is gravest among its targets, and says each change once', () => {
  const timeline = new Timeline([
    [
      { at: 0, state: 'ok' },
      { at: 10, state: 'firing' },
      { at: 30, state: 'ok' },
    ],
    [
      { at: 0, state: 'no_data' },
      { at: 20, state: 'pending' },
      { at: 40, state: 'ok' },
    ],
  ]);
  expect(timeline.times).toEqual([0, 10, 30, 40]);
  expect([-1, 0, 9, 10, 29, 30, 39, 40, 1_000].map((at) => timeline.at(at))).toEqual([
    'no_data',
    'ok',
    'ok',
    'firing',
    'firing',
    'pending',
    'pending',
    'ok',
    'ok',
  ]);
  expect(new Timeline([]).at(5)).toBe('no_data');
});
