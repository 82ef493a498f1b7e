import { expect, test } from 'vitest';
import { judgeHistory, type Effect } from './history.ts';

const effect = (epoch: number, seq: number, at: number, host = `host ${epoch}`): Effect => ({ agent: 'a', host, epoch, seq, at });
const acquisitions = [
  { agent: 'a', host: 'host 1', epoch: 1, at: 0 },
  { agent: 'a', host: 'host 2', epoch: 2, at: 100 },
];
const fine = [effect(1, 1, 10), effect(1, 2, 20), effect(2, 1, 110)];

test('one holder after the other is fine, in whatever order the effects are listed', () => {
  const verdict = judgeHistory({ effects: fine.toReversed(), acquisitions, acknowledged: [{ agent: 'a', epoch: 1, seq: 2 }] });
  expect(verdict).toEqual({ stale: [], overlapping: [], impostors: [], missing: [] });
});

test('a write of a former holder after the take-over is stale, also before the next holder has written', () => {
  const late = effect(1, 3, 105);
  expect(judgeHistory({ effects: [...fine, late], acquisitions, acknowledged: [] })).toMatchObject({ stale: [late], overlapping: [] });
});

test('a write of a former holder between those of the next overlaps', () => {
  const late = effect(1, 3, 120);
  expect(judgeHistory({ effects: [...fine, late], acquisitions, acknowledged: [] })).toMatchObject({ stale: [late], overlapping: [late] });
});

test('an epoch belongs to one host', () => {
  const other = effect(2, 2, 130, 'host 1');
  expect(judgeHistory({ effects: [...fine, other], acquisitions, acknowledged: [] }).impostors).toEqual([other]);
});

test('a write that was acknowledged must be there, and all before it', () => {
  const gap = [effect(1, 1, 10), effect(1, 3, 30)];
  const acknowledged = [{ agent: 'a', epoch: 1, seq: 3 }];
  expect(judgeHistory({ effects: gap, acquisitions, acknowledged }).missing).toEqual(acknowledged);
  expect(judgeHistory({ effects: [...gap, effect(1, 2, 20)], acquisitions, acknowledged }).missing).toEqual([]);
});
