import { expect, test } from 'vitest';
import { whyEnded, whyHere } from './term-reasons.ts';

const before = { first: false, status: 'stopped', reason: null, host: 'alpha 3e30', same: false };

test.each([
  [{ ...before, first: true, host: null }, 'first start: nobody had held it before'],
  [
    { ...before, status: 'lost', reason: 'the process of its host is gone' },
    'its host before (alpha 3e30) was lost: the process of its host is gone',
  ],
  [
    { ...before, status: 'lost', reason: 'its host stopped renewing its lease', host: null },
    'its host before was lost: its host stopped renewing its lease',
  ],
  [{ ...before, reason: 'its host stops' }, 'its host before (alpha 3e30) stopped in good order'],
  [{ ...before, reason: 'its host stopped' }, 'its host before (alpha 3e30) stopped in good order'],
  [{ ...before, reason: 'inactive' }, 'it was activated again'],
  [
    { ...before, reason: 'its host stops; its code ignores its abort signal' },
    'moved from alpha 3e30: its host stops; its code ignores its abort signal',
  ],
  [{ ...before, reason: 'its host is drained' }, 'moved from alpha 3e30: its host is drained'],
  [before, 'it was free'],
  [{ ...before, reason: 'moved by key:ops', same: true }, 'given away and taken again by the same host: moved by key:ops'],
  [
    { ...before, reason: 'rebalancing: its host runs 30 agents and its share is 20' },
    'moved from alpha 3e30: rebalancing: its host runs 30 agents and its share is 20',
  ],
])('%o: %s', (given, words) => {
  expect(whyHere(given)).toBe(words);
});

test('a term that ended says why in words', () => {
  expect(whyEnded('inactive')).toBe('it was deactivated');
  expect(whyEnded('moved by key:ops')).toBe('moved by key:ops');
  expect(whyEnded(null)).toBe('not known');
});
