import { expect, test } from 'vitest';
import { midnights, personLanes } from './lanes.ts';
import type { Shift } from './types.ts';

const at = (hour: number): string => new Date(Date.UTC(2026, 0, 5, hour)).toISOString();
const shift = (from: number, to: number, ...people: readonly string[]): Shift => ({
  from: at(from),
  to: at(to),
  people,
  by: people.length === 0 ? null : 'weekly',
});

test('everybody has a lane in the order of their turns, cut at the ends; gaps have the last one', () => {
  const lanes = personLanes(
    [shift(-5, 2), shift(2, 4, 'kim'), shift(4, 8, 'lee', 'kim'), shift(8, 20, 'lee')],
    Date.parse(at(0)),
    Date.parse(at(10)),
  );
  expect(lanes.map(({ person, turns }) => [person, turns.map(({ from, to }) => [from, to])])).toEqual([
    [
      'kim',
      [
        [0.2, 0.4],
        [0.4, 0.8],
      ],
    ],
    [
      'lee',
      [
        [0.4, 0.8],
        [0.8, 1],
      ],
    ],
    [null, [[0, 0.2]]],
  ]);
});

test('a day begins at midnight of the clock at the wall', () => {
  const found = midnights(Date.parse(at(0)), Date.parse(at(72)));
  expect(found.length).toBeGreaterThanOrEqual(2);
  expect(found.every((each) => new Date(each).getHours() === 0)).toBe(true);
});
