import { expect, test } from 'vitest';
import { faultsOf, type Write } from './history.ts';

const write = (n: number, change: Partial<Write> = {}): Write => ({
  agentId: 'a',
  hostId: 'h1',
  epoch: 1,
  seq: n,
  n,
  epochThen: change.epoch ?? 1,
  at: n,
  ...change,
});

test('an orderly history has no faults, whatever order it is read in', () => {
  const writes = [write(1), write(2), write(3, { epoch: 2, hostId: 'h2', seq: 1 }), write(1, { agentId: 'b' })];
  expect(faultsOf(writes, [{ agentId: 'a', epoch: 1, seq: 2 }])).toEqual([]);
  expect(faultsOf(writes.toReversed())).toEqual([]);
});

test.each([
  ['a stale write', [write(1), write(2, { epoch: 2, hostId: 'h2', seq: 1 }), write(3, { epochThen: 2 })], /epoch 1 after epoch 2/],
  ['a write that was stale when it came', [write(1, { epochThen: 2 })], /while the agent was at epoch 2/],
  ['two hosts under one epoch', [write(1), write(2, { hostId: 'h2' })], /written by two hosts/],
  ['a write done twice', [write(1), write(2, { seq: 1 })], /its 1th after its 1th/],
  ['a gap', [write(1), write(3)], /follows write 1/],
] as const)('%s is found', (_, writes, says) => {
  expect(faultsOf(writes).join('\n')).toMatch(says);
});

test('a write that was confirmed and is gone is found', () => {
  expect(faultsOf([write(1)], [{ agentId: 'a', epoch: 1, seq: 2 }])).toEqual(['a: write 2 at epoch 1 was confirmed and is missing']);
});
