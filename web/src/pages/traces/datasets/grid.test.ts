import { expect, test } from 'vitest';
import type { RunSummary } from '../types.ts';
import { gridOf, rowsShown, turnOf } from './grid.ts';

let last = 0;
function trial(example: string | null, scores: Readonly<Record<string, number>>, change: Partial<RunSummary> = {}): RunSummary {
  return {
    run_id: `run ${++last}`,
    reference_example_id: example,
    status: 'success',
    feedback: Object.fromEntries(Object.entries(scores).map(([key, avg]) => [key, { n: 1, avg }])),
    ...change,
  } as RunSummary;
}

test('examples stand against experiments, whichever ran them, and what belongs to no example is left out', () => {
  const rows = gridOf([
    [trial('b', { right: 1 }), trial('a', { right: 0 }), trial(null, { right: 1 })],
    [trial('a', { right: 1 }), trial('c', {})],
  ]);
  expect(rows.map(({ exampleId, cells }) => [exampleId, ...cells.map((cell) => cell?.scores.get('right'))])).toEqual([
    ['b', 1, undefined],
    ['a', 0, 1],
    ['c', undefined, undefined],
  ]);
});

test('an example that was run several times counts with the mean of its scores', () => {
  const [row] = gridOf([[trial('a', { right: 1 }), trial('a', { right: 0 }), trial('a', { right: 0 })]]);
  expect(row?.cells[0]).toMatchObject({ runs: 3, hasFailed: false });
  expect(row?.cells[0]?.scores.get('right')).toBeCloseTo(1 / 3);
});

test('it got better or worse by all scores that both have; failing is worse than any score', () => {
  const turn = (before: RunSummary, after: RunSummary): string => {
    const [row] = gridOf([[before], [after]]);
    return turnOf(row?.cells[0], row?.cells[1]);
  };
  expect(turn(trial('a', { x: 0.5, y: 1 }), trial('a', { x: 0.6, y: 1 }))).toBe('better');
  expect(turn(trial('a', { x: 0.5, y: 1 }), trial('a', { x: 0.4, y: 1, z: 1 }))).toBe('worse');
  expect(turn(trial('a', { x: 0.5, y: 1 }), trial('a', { x: 0.6, y: 0 }))).toBe('mixed');
  expect(turn(trial('a', { x: 0.5 }), trial('a', { x: 0.5 }))).toBe('same');
  expect(turn(trial('a', { x: 0.5 }), trial('a', { y: 0.5 }))).toBe('unknown');
  expect(turn(trial('a', { x: 0 }), trial('a', { x: 1 }, { status: 'error' }))).toBe('worse');
  expect(turn(trial('a', {}, { status: 'error' }), trial('a', { x: 0 }))).toBe('better');
});

test('rows that got worse stand first, and all are narrowed to those in which any experiment changed', () => {
  const rows = gridOf([
    [trial('c', { x: 1 }), trial('b', { x: 0 }), trial('a', { x: 1 })],
    [trial('a', { x: 1 }), trial('b', { x: 0 }), trial('c', { x: 1 })],
    [trial('a', { x: 0 }), trial('b', { x: 1 }), trial('c', { x: 1 })],
  ]);
  const ids = (shown: Parameters<typeof rowsShown>[1]): readonly string[] => rowsShown(rows, shown).map(({ exampleId }) => exampleId);
  expect(ids('')).toEqual(['a', 'b', 'c']);
  expect(ids('worse')).toEqual(['a']);
  expect(ids('better')).toEqual(['b']);
  expect(ids('changed')).toEqual(['a', 'b']);
});
