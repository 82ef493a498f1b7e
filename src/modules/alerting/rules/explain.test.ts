import { expect, test } from 'vitest';
import { ruleDocument } from './document.ts';
import { explain } from './explain.ts';
import { compileRule } from './rule.ts';
import { OK_STATE } from './state.ts';

const NOW = 1_700_000_000_000;
const said = (more: Readonly<Record<string, unknown>>, value: number, unit: string, state: 'ok' | 'firing' = 'ok'): string =>
  explain(
    compileRule(ruleDocument.parse({ name: 'r', metric_name: 'load', threshold: 1, ...more })),
    { ...OK_STATE, state, value, threshold: 1, since: NOW - 5_000 },
    unit,
    NOW,
  );

test('what fires is told with its value, its threshold and for how long, as people say them', () => {
  expect(said({}, 1.25, 'ratio', 'firing')).toBe('load is 125%, > 100%, bad for 5s');
  expect(said({}, 2, 'count', 'firing')).toBe('load is 2, > 1, bad for 5s');
});

test.each([
  [{ clear_threshold: 0.5 }, 0.2, 'load is 0.2, <= 0.5'],
  // Never as bad as that it would have to clear: pending, say, and well again.
  [{ clear_threshold: 0.5 }, 0.7, 'load is 0.7, <= 1'],
  [{}, 1, 'load is 1, <= 1'],
  [{ operator: '<', clear_threshold: 2 }, 3, 'load is 3, >= 2'],
  [{ operator: '>=' }, 0, 'load is 0, < 1'],
  [{ operator: '==' }, 4, 'load is 4, != 1'],
])('what is well again is told with what it is well by: %j at %d', (more, value, line) => expect(said(more, value, '')).toBe(line));
